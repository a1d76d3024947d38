"""Read the stored values of the pixels of a file."""

import os

import numpy as np
from PIL import Image, ImageOps

from cxrclf.exceptions import ImageReadError
from cxrclf.images._formats import find_format
from cxrclf.images._pillow import check_single
from cxrclf.images._read_image import describe_error, quiet_decoders


def read_values(path: str | os.PathLike[str]) -> np.ndarray:
    """Read the stored values of the pixels of a file, without conversion.

    Use this function for files of class numbers. :func:`read_image` converts pixels to
    gray instead.

    Parameters
    ----------
    path : path-like
        An image file of any format that Pillow reads. DICOM files are refused.

    Returns
    -------
    ndarray of shape (H, W) or (H, W, C)
        Upright pixels. For an image with a palette they are indices of the palette.

    Raises
    ------
    ImageReadError
        If the file cannot be read.
    """
    path = os.fspath(path)
    try:
        with quiet_decoders(), open(path, "rb") as file:
            kind = find_format(file, path)
            if kind is not None:
                raise ValueError(
                    f"is {kind.name}, in which labels are not read; save it as PNG"
                )
            with Image.open(file) as image:
                check_single(image)
                return np.asarray(ImageOps.exif_transpose(image))
    except MemoryError:
        raise
    except Exception as error:
        # A damaged file can cause any exception in a decoder.
        raise ImageReadError({path: describe_error(path, error)}) from error
