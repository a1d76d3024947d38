"""Read the size of image files without reading their pixels."""

import os
import struct
from collections.abc import Iterable
from typing import IO

import numpy as np
from PIL import Image

from cxrclf.exceptions import ImageReadError, MissingDependencyError
from cxrclf.images._formats import find_format
from cxrclf.images._pillow import ORIENTATION, SIDEWAYS, open_pillow
from cxrclf.images._read_image import (
    describe_error,
    name_source,
    open_source,
    quiet_decoders,
)

_WIDTH, _HEIGHT = 256, 257  # TIFF tags
_PNG_TEXTS = (b"eXIf", b"iTXt", b"tEXt", b"zTXt")  # PNG chunks that may hold EXIF


def read_image_size(path: str | os.PathLike[str] | IO[bytes]) -> tuple[int, int]:
    """Return the height and width of an image file.

    Parameters
    ----------
    path : path-like or binary file
        Path of a file in any format of :func:`read_image`, or an open binary file. The
        pixels are not read.

    Returns
    -------
    (int, int)
        Height and width in pixels, after the image is turned upright by its EXIF
        orientation. `read_image` without `image_size` returns an array of this shape.

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
    name = name_source(path)
    try:
        with quiet_decoders(), open_source(path) as file:
            kind = find_format(file, name)
            if kind is not None:
                return kind.read_size(file)
            with open_pillow(file) as image:
                if image.format == "TIFF":
                    # In some versions of Pillow `size` is upright already.
                    tags = image.tag_v2  # type: ignore[attr-defined]
                    size = tags[_WIDTH], tags[_HEIGHT]
                else:
                    size = image.size
                sideways = _read_exif(image, file).get(ORIENTATION, 1) in SIDEWAYS
                # `size` is (width, height), which is the upright (height, width) of a
                # sideways image.
                return size if sideways else size[::-1]
    except MissingDependencyError:
        raise
    except Exception as error:
        # A damaged file can cause any exception in a decoder.
        raise ImageReadError({name: describe_error(name, error)}) from error


def read_image_sizes(paths: Iterable[str | os.PathLike[str]]) -> np.ndarray:
    """Return the heights and widths of image files.

    Parameters
    ----------
    paths : iterable of path-like
        Paths of files in any format of :func:`read_image`.

    Returns
    -------
    ndarray of shape (n, 2) of int
        Height and width of each image, as from :func:`read_image_size`.

    Raises
    ------
    ImageReadError
        If files cannot be read. The message names all of them.
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


def _read_exif(image: Image.Image, file: IO[bytes]) -> Image.Exif:
    # The getexif method for PNG decodes all pixels to reach the chunks after them.
    if image.format == "PNG" and not _png_has_late_text(file):
        return Image.Image.getexif(image)
    return image.getexif()


def _png_has_late_text(file: IO[bytes]) -> bool:
    """Return whether a PNG has chunks after its pixels that may hold EXIF."""
    position = file.tell()
    try:
        file.seek(8)  # behind the signature
        pixels = False
        while len(head := file.read(8)) == 8:
            length, kind = struct.unpack(">I4s", head)
            if pixels and kind in _PNG_TEXTS:
                return True
            pixels = pixels or kind == b"IDAT"
            file.seek(length + 4, os.SEEK_CUR)  # data and checksum
        return False
    finally:
        file.seek(position)
