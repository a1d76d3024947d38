"""Save images to a folder with one subfolder per class."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from cxrclf._utils.files import replace_file
from cxrclf.datasets._folder_tree import is_data
from cxrclf.datasets._layout import format_names


def save_image_folder(images, target, folder, *, groups=None, image_format="png"):
    r"""Write images to files, in one subfolder per class.

    The names of the files are ``<group>_<number>.png``, such as
    ``patient0007_02.png``. Without groups, they are like ``image000007.png``.
    `load_image_folder` lists the folder. It also finds the groups with
    ``groups=r"^(patient\d+)"``.

    Parameters
    ----------
    images : array-like of shape (n, height, width) of uint8 or uint16
        Images. 16-bit images need PNG.
    target : array-like of shape (n,)
        Class of each image. It becomes the name of the subfolder.
    folder : path-like
        Folder to write to. It must be empty or not exist yet.
    groups : array-like of shape (n,), default=None
        Patient of each image. Whole numbers are written as ``patient0007``, and str
        are not changed.
    image_format : {"png", "jpeg"}, default="png"
        Format of the files. PNG is lossless. JPEG (quality 95) changes pixels.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    FileExistsError
        If the folder already has files. No file is written then.
    ValueError
        If shapes, types or formats do not fit, or if a class or group cannot be the
        name of a file. No file is written then.

    See Also
    --------
    load_image_folder : List the images of such a folder.

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
    stems = _make_file_stems(groups, len(images))
    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(
            f"{str(folder)!r} already holds files, which would be mixed with the new "
            "images. Empty it or pass another folder."
        )
    options = {"quality": 95} if image_format == "jpeg" else {}
    for image, name, stem in zip(images, classes, stems, strict=True):
        path = folder / name / f"{stem}.{image_format}"
        with replace_file(path, sweep=False) as temporary:
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
        raise ValueError(
            "JPEG has 8 bits per pixel, but the images are uint16. Use "
            "image_format='png'."
        )
    return images


def _check_names(values, n, what):
    """Return `n` values as str, and check that they can be names of files."""
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
            f"{what} {format_names(bad)} cannot name a file. Use letters, digits, '_', "
            "'-', '+', '.' and inner spaces, and begin with a letter or digit."
        )
    return names


def _make_file_stems(groups, n):
    """Return the names of the files without extension."""
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
