"""Load the radiographs of the study by Makris et al. (2020)."""

from pathlib import Path

import numpy as np

from cxrclf.datasets._cohen_names import get_publication, read_cohen_patients
from cxrclf.datasets._count_texts import describe_shared, format_counts
from cxrclf.datasets._find_images import find_images
from cxrclf.datasets._image_bunch import import_pandas, make_image_bunch
from cxrclf.datasets._kermany_names import get_patient
from cxrclf.datasets._layout import find_root
from cxrclf.datasets._left_out import format_path, merge_left_out
from cxrclf.datasets._part_folders import (
    check_part_images,
    has_part_folders,
    list_part_folders,
)

_PARTS = ("train", "test")
_CLASSES = ("covid", "normal", "pneumonia")


def load_makris(folder, *, metadata=None, as_frame=False):
    r"""List the radiographs of the study by Makris et al. (2020).

    The data set has 112 training and 30 test images in each of three classes [1]_.
    Images with COVID-19 come from the collection by Cohen et al., the others from the
    radiographs of children by Kermany et al. The repository is
    ``AntonisMakris/COVID19-XRay-Dataset``::

        train/covid/lancet-case2a.jpg
        train/normal/IM-0115-0001.jpeg
        train/pneumonia/person1_bacteria_2.jpeg
        test/covid/extubation-1.jpg

    Files are listed but not opened. A folder with the three class folders but without
    parts is also read. Upper and lower case of the names of folders are the same.

    Parameters
    ----------
    folder : path-like
        Folder with ``train`` and ``test``, or a folder up to two levels above it. To
        list one part, pass its folder.
    metadata : path-like, default=None
        File ``metadata.csv`` of ``ieee8023/covid-chestxray-dataset``, which has the
        patients of the images with COVID-19. Without it, the publication is used, as
        far as the file name contains it.
    as_frame : bool, default=False
        Whether to return pandas DataFrames and Series. Needs pandas.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of shape (n, 1) of object, or DataFrame
            Paths of the images as str, sorted by part, class and path. A DataFrame has
            the column `path`.
        target : ndarray of shape (n,) of str, or Series
            Class of each image: "covid", "normal" or "pneumonia".
        target_names : list of str
            Classes in sorted order.
        split : ndarray of shape (n,) of str, or None
            Part of the published split of each image: "train" or "test". None if the
            folder has no parts.
        groups : ndarray of shape (n,) of str
            Patient of each image: "cohen/13" with `metadata`, "cohen/nejmoa2001191"
            for the publication, "kermany/person1_bacteria" or "kermany/IM-0115".
        source : ndarray of shape (n,) of str
            Data set of each image: "cohen" or "kermany".
        frame : DataFrame or None
            DataFrame with the columns `path`, `target`, `split` (if there are parts),
            `group` and `source`. None unless `as_frame` is true.
        DESCR : str
            Description of the data, with the number of files that are not listed. It
            names patients in both parts.
        left_out : dict of str to list of str
            Paths of the files and folders that are not listed, by reason. See the
            notes of `load_image_folder`.

    Raises
    ------
    FileNotFoundError
        If the folder or `metadata` does not exist, or if a link in the folder points to
        a missing image or folder.
    NotADirectoryError
        If `folder` is a file.
    PermissionError
        If a folder cannot be listed. The message names all such folders.
    ValueError
        If the folder is not the folder of the data set, if a part or a class is
        missing, if there are other classes, or if `metadata` has other columns.
    MissingDependencyError
        If `as_frame` is true and pandas is not installed.

    See Also
    --------
    load_darkcovidnet : List a set with many of the same images.
    load_covid_chestxray, load_kermany : List the sets that the images come from.
    cxrclf.audit.leakage_report : Find test images that depend on training images.

    Notes
    -----
    Problems of the data set:

    - Patients with COVID-19 are in both parts. The patient is known for 19 test images
      with COVID-19, and 9 of them are of patients in the training part. By the file
      names, 13 test images share a publication with training images. So scores on the
      test part are too good. Join the parts and split by `groups`.
    - The source gives the class away. The rule "not a gray file" for COVID-19 has an
      accuracy of 96 %, because the files of Kermany et al. are gray. A random forest on
      images of 8 × 8 pixels has 92 %. The best network of the study has 96 % [1]_.
    - Normal images and pneumonia show children of one to five years, images with
      COVID-19 mostly adults.
    - All images with pneumonia show bacterial pneumonia, and a child may have several
      images. The 112 training images with pneumonia are of 58 children.

    References
    ----------
    .. [1] Makris, A., Kontopoulos, I., & Tserpes, K. (2020). COVID-19 detection from
       chest X-ray images using deep learning and convolutional neural networks. 11th
       Hellenic Conference on Artificial Intelligence (SETN), 60-66.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from cxrclf.datasets import load_makris
    >>> names = ["train/covid/lancet-case2a.jpg", "train/normal/IM-0115-0001.jpeg",
    ...          "train/pneumonia/person1_bacteria_2.jpeg",
    ...          "test/covid/lancet-case2b.jpg", "test/normal/IM-0140-0001.jpeg",
    ...          "test/pneumonia/person83_bacteria_410.jpeg"]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in names:
    ...         path = Path(folder, name)
    ...         path.parent.mkdir(parents=True, exist_ok=True)
    ...         path.touch()
    ...     data = load_makris(folder)
    >>> data.groups[data.target == "covid"].tolist()
    ['cohen/lancet-case2', 'cohen/lancet-case2']
    >>> data.split[data.target == "covid"].tolist()
    ['train', 'test']
    """
    pandas = import_pandas(as_frame, "load_makris")
    patients = {} if metadata is None else read_cohen_patients(Path(metadata))
    root = find_root(
        folder,
        _is_root,
        "the folder that holds train and test, each with covid, normal and pneumonia",
    )
    folders, left_out = list_part_folders(root, _PARTS, set(_PARTS), _CLASSES)
    found = find_images({str(path): path for path in folders.values()})
    files = {key: found.paths[str(path)] for key, path in folders.items()}
    check_part_images(root, folders, files)
    rows = [(path, *key) for key, listed in files.items() for path in listed]
    parts = [part for _, part, _ in rows]
    fields = {
        "target": np.array([name for _, _, name in rows]),
        "split": None if parts[0] is None else np.array(parts),
        "groups": np.array(
            [_get_group(path, name, patients) for path, _, name in rows]
        ),
    }
    fields["source"] = np.array([g.split("/")[0] for g in fields["groups"].tolist()])
    return make_image_bunch(
        [path for path, _, _ in rows],
        fields,
        _describe(root, fields, metadata),
        merge_left_out(left_out, found.left_out),
        pandas,
    )


def _is_root(folder):
    return has_part_folders(folder, _PARTS, _CLASSES)


def _get_group(path, name, patients):
    """Return the patient of an image after its source, or the file name."""
    if name == "covid":
        file = Path(path).name.strip().casefold()
        return f"cohen/{patients.get(file) or get_publication(path)}"
    return f"kermany/{get_patient(path, name) or Path(path).stem}"


def _describe(root, fields, metadata):
    """Return the first sentences of `DESCR`."""
    target, split, groups = (fields[name] for name in ("target", "split", "groups"))
    text = (
        f"{len(target)} radiographs of the study by Makris et al. in "
        f"{format_path(root)}. Images per class: {format_counts(target)}."
    )
    if split is not None:
        text += f" Images per part: {format_counts(split)}."
        text += describe_shared(split, groups)
    if metadata is None:
        text += (
            " The patients with COVID-19 are publications by the file names. Pass "
            "metadata.csv of the collection as metadata to know more patients."
        )
    return text
