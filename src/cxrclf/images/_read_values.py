"""Read the stored values of the pixels of a file."""

import os
from typing import IO

import numpy as np
from PIL.ImageFile import ImageFile

from cxrclf.exceptions import ImageReadError
from cxrclf.images._formats import find_format
from cxrclf.images._jpeg2000 import find_bits
from cxrclf.images._pillow import (
    ORIENTATION,
    check_single,
    open_pillow,
    turn_upright,
)
from cxrclf.images._png import buffer_png, load_png, read_deep_channels
from cxrclf.images._pnm import find_maximum, read_pnm_values
from cxrclf.images._read_image import describe_error, quiet_decoders
from cxrclf.images._tiff import find_scale, load_tiff


def read_values(path: str | os.PathLike[str]) -> np.ndarray:
    """Read the stored values of the pixels of a file, without conversion.

    Use this function for files of class numbers. :func:`read_image` converts pixels to
    gray instead.

    Parameters
    ----------
    path : path-like
        An image file of any format that :func:`read_image` reads, except DICOM.

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
            content = buffer_png(file)
            with open_pillow(content) as image:
                check_single(image)
                return _read_stored(image, content)
    except Exception as error:
        # A damaged file can cause any exception in a decoder.
        raise ImageReadError({path: describe_error(path, error)}) from error


def _read_stored(image: ImageFile, file: IO[bytes]) -> np.ndarray:
    """Undo the scales that Pillow applies to pixels of fewer than 8 or 16 bits."""
    divisor, inverted, values = 1, False, None
    if image.format == "PNG":
        png = load_png(image, file)
        if png.bits == 16 and image.mode != "I;16":
            values = read_deep_channels(png)
        elif image.mode == "L":
            divisor = 255 // (2**png.bits - 1)
    elif image.format == "TIFF":
        divisor, inverted = find_scale(image)
        load_tiff(image, file)
    elif image.format == "PPM":
        decoder, top = find_maximum(image)
        if decoder == "ppm":
            values = read_pnm_values(image, file)
        elif decoder == "ppm_plain" and top not in (255, 65535):
            raise ValueError(
                f"is a text of the maximum {top}, in which labels are not read; save "
                "it as PNG"
            )
    elif image.format == "JPEG2000" and find_bits(file) not in (8, 16):
        raise ValueError(
            "is JPEG 2000 of other than 8 or 16 bits, in which labels are not read; "
            "save it as PNG"
        )
    orientation = image.getexif().get(ORIENTATION, 1)
    if values is None:
        values = np.asarray(image)
        values = ~values if inverted else values
        values = values // divisor if divisor > 1 else values
    return turn_upright(values, orientation)
