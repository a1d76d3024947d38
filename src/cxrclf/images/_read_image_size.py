"""The size of image files, without reading their pixels."""

import os
import struct
from collections.abc import Iterable
from typing import IO

import numpy as np
from PIL import Image

from cxrclf._utils.optional import import_optional
from cxrclf.exceptions import ImageReadError, MissingDependencyError
from cxrclf.images._dicom import is_dicom
from cxrclf.images._pillow import ORIENTATION, SIDEWAYS
from cxrclf.images._read_image import quiet_decoders, why_unreadable

_WIDTH, _HEIGHT = 256, 257  # tags of TIFF
_PNG_TEXTS = (b"eXIf", b"iTXt", b"tEXt", b"zTXt")  # chunks that may hold EXIF


def read_image_size(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Return the height and width of an image file.

    Parameters
    ----------
    path : path-like
        The file, of any kind that :func:`read_image` reads. Its pixels are not read.

    Returns
    -------
    (int, int)
        Height and width, in pixels, of what `read_image` returns without
        `image_size`: upright by the EXIF orientation.

    Raises
    ------
    ImageReadError
        If the file is missing, empty, not an image, or otherwise unreadable.
    MissingDependencyError
        If the file is DICOM and pydicom is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from cxrclf.images import read_image_size
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "scan.png"
    ...     Image.new("L", (30, 40)).save(path)
    ...     read_image_size(path)
    (40, 30)
    """
    path = os.fspath(path)
    try:
        with quiet_decoders(), open(path, "rb") as file:
            head = file.read(132)
            if not head:
                raise ValueError("is empty (0 bytes)")
            file.seek(0)
            if is_dicom(head, path):
                pydicom = import_optional(
                    "pydicom", extra="dicom", purpose="Reading a DICOM radiograph"
                )
                dataset = pydicom.dcmread(file, force=True, stop_before_pixels=True)
                return int(dataset.Rows), int(dataset.Columns)
            with Image.open(file) as image:
                if image.format == "TIFF":
                    # Some versions of Pillow have turned `size` already.
                    tags = image.tag_v2  # type: ignore[attr-defined]
                    size = tags[_WIDTH], tags[_HEIGHT]
                else:
                    size = image.size
                sideways = _exif(image, file).get(ORIENTATION, 1) in SIDEWAYS
                return size if sideways else size[::-1]
    except (MissingDependencyError, MemoryError):
        raise
    except Exception as error:
        # Decoders raise whatever a damaged file leads them to.
        raise ImageReadError({path: why_unreadable(path, error)}) from error


def read_image_sizes(paths: Iterable[str | os.PathLike[str]]) -> np.ndarray:
    """Return the heights and widths of image files.

    Parameters
    ----------
    paths : iterable of path-like

    Returns
    -------
    ndarray of shape (n, 2) of int
        What :func:`read_image_size` returns for each.

    Raises
    ------
    ImageReadError
        Naming all files that cannot be read.
    """
    sizes, failures = [], {}
    for path in paths:
        try:
            sizes.append(read_image_size(path))
        except ImageReadError as error:
            failures.update(error.failures)
    if failures:
        raise ImageReadError(failures)
    return np.array(sizes).reshape(-1, 2)


def _exif(image: Image.Image, file: IO[bytes]) -> Image.Exif:
    # PNG's own getexif decodes the pixels, for the sake of what may follow them.
    if image.format == "PNG" and not _png_has_late_text(file):
        return Image.Image.getexif(image)
    return image.getexif()


def _png_has_late_text(file: IO[bytes]) -> bool:
    """Tell whether a PNG has chunks after its pixels that may hold EXIF."""
    position = file.tell()
    try:
        file.seek(8)
        pixels = False
        while len(head := file.read(8)) == 8:
            length, kind = struct.unpack(">I4s", head)
            if pixels and kind in _PNG_TEXTS:
                return True
            pixels = pixels or kind == b"IDAT"
            file.seek(length + 4, os.SEEK_CUR)
        return False
    finally:
        file.seek(position)
