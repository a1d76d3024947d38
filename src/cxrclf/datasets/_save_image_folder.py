"""Writing folders with one sub-folder of images for each class."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from cxrclf._utils.files import replaced_whole
from cxrclf.datasets._layout import is_data, some


def save_image_folder(images, target, folder, *, groups=None, image_format="png"):
    r"""Write images as files, in one sub-folder for each class.

    The files are named ``<group>_<number>.png``, such as ``patient0007_02.png``,
    or ``image000007.png`` when no groups are given. `load_image_folder` reads the
    folder, with ``groups=r"^(patient\d+)"`` the groups too.

    Parameters
    ----------
    images : array-like of shape (n, height, width) of uint8 or uint16
        The images. 16-bit ones need PNG.
    target : array-like of shape (n,)
        The class of each image; names its folder.
    folder : path-like
        Where to write: a new or an empty folder.
    groups : array-like of shape (n,), default=None
        The patient of each image: whole numbers, which become ``patient0007``,
        or str, taken as they are.
    image_format : {"png", "jpeg"}, default="png"
        PNG keeps each pixel; JPEG (quality 95) does not.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    FileExistsError
        If the folder already holds files. Nothing is written then.
    ValueError
        If shapes, types or formats do not fit, or a class or group cannot be the
        name of a file. Nothing is written then.

    See Also
    --------
    load_image_folder : Read such a folder.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from cxrclf.datasets import save_image_folder
    >>> images = np.zeros((2, 16, 16), dtype=np.uint8)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     saved = save_image_folder(images, ["a", "b"], folder, groups=[7, 8])
    ...     sorted(path.relative_to(saved).as_posix() for path in saved.glob("*/*"))
    ['a/patient0007_00.png', 'b/patient0008_00.png']
    """
    images = _check_images(images, image_format)
    classes = _check_names(target, len(images), "target")
    stems = _file_stems(groups, len(images))
    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(
            f"{str(folder)!r} already holds files. Empty it or name a new folder, so "
            "that no images of another set are mixed in."
        )
    options = {"quality": 95} if image_format == "jpeg" else {}
    for image, name, stem in zip(images, classes, stems, strict=True):
        path = folder / name / f"{stem}.{image_format}"
        with replaced_whole(path, sweep=False) as temporary:
            Image.fromarray(image).save(temporary, format=image_format, **options)
    return folder


def _check_images(images, image_format):
    if image_format not in ("png", "jpeg"):
        raise ValueError(f"image_format must be 'png' or 'jpeg'; got {image_format!r}.")
    images = np.asarray(images)
    if images.ndim != 3 or images.size == 0:
        raise ValueError(
            f"images must have the shape (n, height, width); got {images.shape}."
        )
    if images.dtype not in (np.uint8, np.uint16):
        raise ValueError(
            f"images must be uint8 or uint16; got {images.dtype}. Scale floats in "
            "[0, 1] with (255 * images).round().astype(np.uint8)."
        )
    if image_format == "jpeg" and images.dtype == np.uint16:
        raise ValueError("JPEG holds 8 bits; write uint16 images as 'png'.")
    return images


def _check_names(values, n, what):
    """Return `n` values as str that can name a file or folder."""
    values = np.asarray(values)
    if values.shape != (n,):
        raise ValueError(
            f"{what} must hold one value for each of the {n} images; got the shape "
            f"{values.shape}."
        )
    names = [str(value) for value in values.tolist()]
    bad = sorted(
        {name for name in names if not re.fullmatch(r"[^\W_][\w .+-]*(?<![ .])", name)}
        | {name for name in names if not is_data(name)}
    )
    if bad:
        raise ValueError(
            f"{what} {some(bad)} cannot name a file. Use letters, digits, '_', '-', "
            "'+', '.' and inner spaces, beginning with a letter or digit."
        )
    return names


def _file_stems(groups, n):
    if groups is None:
        return [f"image{number:06d}" for number in range(n)]
    groups = np.asarray(groups)
    names = _check_names(groups, n, "groups")
    if groups.dtype.kind in "iu":
        names = [f"patient{int(name):04d}" for name in names]
    seen = Counter()
    stems = []
    for name in names:
        stems.append(f"{name}_{seen[name]:02d}")
        seen[name] += 1
    return stems
