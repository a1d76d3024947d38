"""Load the small radiographs of MedMNIST."""

import zipfile
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

from cxrclf._utils.files import open_regular
from cxrclf.datasets._layout import format_names
from cxrclf.datasets._left_out import format_path

_PARTS = ("train", "val", "test")
_FINDINGS = [
    *("atelectasis", "cardiomegaly", "effusion", "infiltration", "mass", "nodule"),
    *("pneumonia", "pneumothorax", "consolidation", "edema", "emphysema", "fibrosis"),
    *("pleural_thickening", "hernia"),
]
_CURE = "Download the file again from the page of MedMNIST."


def load_medmnist(path, *, split=None):
    """Load PneumoniaMNIST or ChestMNIST, which are small gray radiographs.

    The files have images of 28 × 28, 64 × 64, 128 × 128 or 224 × 224 pixels [1]_::

        pneumoniamnist.npz          5,856 images of children, from Kermany et al.
        pneumoniamnist_224.npz
        chestmnist_64.npz           112,120 images of adults and children, from the NIH

    Nothing is downloaded. The names of the files must begin as above.

    Parameters
    ----------
    path : path-like
        File of PneumoniaMNIST or ChestMNIST.
    split : {"train", "val", "test"} or sequence of str, default=None
        Parts to load. By default all parts, in this order. All parts of
        ``chestmnist_224.npz`` have 5.6 GB.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        images : ndarray of shape (n, height, width) of uint8
            Images, to be used as X of estimators.
        target : ndarray of shape (n,) of str
            Class of each image. PneumoniaMNIST: "normal" or "pneumonia". ChestMNIST:
            all findings of the image, such as "effusion|mass", or "no finding".
        target_names : list of str
            Classes in sorted order.
        split : ndarray of shape (n,) of str
            Part of the published split of each image: "train", "val" or "test".
        findings : ndarray of shape (n, 14) of bool, or None
            Whether each image has each finding of ChestMNIST. None for PneumoniaMNIST.
        finding_names : list of str, or None
            Names of the columns of `findings`.
        groups : None
            The patients are not known.
        DESCR : str
            Description of the data.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If the file has another name or other content, or if `split` is not valid.

    See Also
    --------
    load_kermany : List the images of PneumoniaMNIST at their full size, with patients.
    load_nih_chest_xray : List the images of ChestMNIST at full size, with patients.

    Notes
    -----
    Problems of the data sets:

    - The patients are not known, so images cannot be split by patient. The parts
      "train" and "val" of PneumoniaMNIST are random parts of the training images of
      Kermany et al., and a patient may be in both. The scores of "val" are optimistic.
      The part "test" has other patients.
    - The images of PneumoniaMNIST show children of one to five years.
    - The labels of ChestMNIST were extracted from reports by a program. Its parts have
      78,468, 11,219 and 22,433 images. They are not the published lists of the NIH,
      which have 25,596 images in the test part.
    - 28 × 28 pixels are too small to see many findings. Use these files to test
      software and methods. Other sizes of one data set have the same images in the same
      order.

    A ResNet-18 reaches an AUC of 0.944 and an accuracy of 0.854 on the test part of
    PneumoniaMNIST with 28 × 28 pixels, and 0.956 and 0.864 with 224 × 224 [1]_.

    License: CC BY 4.0.

    References
    ----------
    .. [1] Yang, J. et al. (2023). MedMNIST v2 - A large-scale lightweight benchmark for
       2D and 3D biomedical image classification. Scientific Data 10, 41.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from cxrclf.datasets import load_medmnist
    >>> arrays = {}
    >>> for part, n in [("train", 3), ("val", 1), ("test", 2)]:
    ...     arrays[f"{part}_images"] = np.zeros((n, 28, 28), dtype=np.uint8)
    ...     arrays[f"{part}_labels"] = np.ones((n, 1), dtype=np.uint8)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(Path(folder, "pneumoniamnist.npz"), **arrays)
    ...     data = load_medmnist(Path(folder, "pneumoniamnist.npz"), split="test")
    >>> data.images.shape, data.target.tolist()
    ((2, 28, 28), ['pneumonia', 'pneumonia'])
    """
    path = Path(path)
    parts = _check_split(split)
    n_labels = _check_name(path)
    if not path.exists():
        raise FileNotFoundError(
            f"The file {str(path)!r} does not exist. Pass the path of a MedMNIST file."
        )
    try:
        with open_regular(path) as opened, _open_npz(opened) as file:
            images, labels, sizes = _read_parts(path, file, parts, n_labels)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ValueError(
            f"{str(path)!r} cannot be read as an npz file: {error}. {_CURE}"
        ) from error
    bunch = Bunch(images=images, findings=None, finding_names=None, groups=None)
    if n_labels > 1:
        bunch.update(findings=labels, finding_names=list(_FINDINGS))
        target = [_join(row) for row in labels]
    else:
        target = np.where(labels[:, 0], "pneumonia", "normal").tolist()
    counts = Counter(target)
    shown = ", ".join(f"{name!r} {n}" for name, n in counts.most_common(5))
    bunch.update(
        target=np.array(target),
        target_names=sorted(counts),
        split=np.repeat(parts, sizes),
        DESCR=(
            f"{len(images)} images of {images.shape[1]} × {images.shape[2]} pixels in "
            f"{format_path(path)}. Images per part: "
            + ", ".join(f"{p!r} {n}" for p, n in zip(parts, sizes, strict=True))
            + f". Most frequent classes: {shown}. The patients are not known."
        ),
    )
    return bunch


def _open_npz(file):
    """Open a binary file as npz, and raise BadZipFile if it is none."""
    if not zipfile.is_zipfile(file):
        raise zipfile.BadZipFile("it is no zip archive")
    file.seek(0)
    return np.load(file, allow_pickle=False)


def _check_split(split):
    """Return the parts to load as a list, in the published order."""
    parts = [split] if isinstance(split, str) else list(split or _PARTS)
    if not set(parts) <= set(_PARTS):
        raise ValueError(
            f"split must be 'train', 'val', 'test' or a list of them; got {split!r}."
        )
    return [part for part in _PARTS if part in parts]


def _check_name(path):
    """Return the number of labels per image of the data set in a file."""
    name = path.name.lower()
    if name.startswith("pneumoniamnist"):
        return 1
    if name.startswith("chestmnist"):
        return len(_FINDINGS)
    raise ValueError(
        f"The name of {str(path)!r} must begin with 'pneumoniamnist' or 'chestmnist', "
        "as published. Other sets of MedMNIST have no chest radiographs."
    )


def _read_parts(path, file, parts, n_labels):
    """Return the images and the labels of the parts, and their numbers of images."""
    names = [f"{part}_{kind}" for part in _PARTS for kind in ("images", "labels")]
    lost = [name for name in names if name not in file]
    if lost:
        raise ValueError(
            f"{str(path)!r} has no array {format_names(lost, 6)}. Its arrays are: "
            f"{format_names(sorted(file), 10)}. {_CURE}"
        )
    labels = [np.atleast_1d(file[f"{part}_labels"]) for part in parts]
    sizes = [len(values) for values in labels]
    images = None
    for number, part in enumerate(parts):
        pixels = file[f"{part}_images"]
        _check_part(path, part, pixels, labels[number], n_labels)
        if images is None:
            images = np.empty((sum(sizes), *pixels.shape[1:]), dtype=np.uint8)
        if pixels.shape[1:] != images.shape[1:]:
            raise ValueError(
                f"The parts of {str(path)!r} have images of several sizes. {_CURE}"
            )
        start = sum(sizes[:number])
        images[start : start + sizes[number]] = pixels
    return images, np.concatenate(labels).astype(bool), sizes


def _check_part(path, part, pixels, labels, n_labels):
    """Check the arrays of one part."""
    if pixels.dtype != np.uint8 or pixels.ndim != 3:
        raise ValueError(
            f"{part}_images of {str(path)!r} must be gray images of shape (n, height, "
            f"width) of uint8; got shape {pixels.shape} of {pixels.dtype}. {_CURE}"
        )
    if labels.shape != (len(pixels), n_labels) or not np.isin(labels, (0, 1)).all():
        raise ValueError(
            f"{part}_labels of {str(path)!r} must be 0 and 1 of shape "
            f"{(len(pixels), n_labels)}; got shape {labels.shape} with values such as "
            f"{np.unique(labels)[:5].tolist()}. {_CURE}"
        )


def _join(row):
    """Return the findings of one image as text."""
    names = [name for name, found in zip(_FINDINGS, row, strict=True) if found]
    return "|".join(names) or "no finding"
