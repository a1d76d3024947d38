"""Read binary PGM and PPM files with any maximum."""

import math
from typing import IO

import numpy as np
from PIL import Image

from cxrclf.images._bits_stored import scale_bits, scale_to_8_bits, scale_to_16_bits
from cxrclf.images._luma import to_luma


def read_pnm(
    image: Image.Image, file: IO[bytes], bits_stored: int | None
) -> np.ndarray | None:
    """Read gray pixels from a file with another maximum than 255.

    Pillow decodes them with a loop over the pixels, reads colors with 8 bits only, and
    takes pixels above the maximum for white.

    Parameters
    ----------
    image : PIL.Image.Image
        The open image. Its pixels are not loaded.
    file : binary file
        Its file.
    bits_stored : int or None
        Number of bits of pixels with the maximum 65535.

    Returns
    -------
    ndarray of shape (H, W), uint8 or uint16, or None
        The pixels, scaled to the full range of 8 or 16 bits. None for other files,
        which Pillow reads.

    Raises
    ------
    ValueError
        If a pixel is above the maximum.
    EOFError
        If the file is cut short.
    """
    decoder, top = find_maximum(image)
    if decoder == "ppm_plain" and image.mode == "RGB" and top > 255:
        raise ValueError(
            "is a text of colors with more than 8 bits; save it as PNG with 16 bits"
        )
    if decoder != "ppm":
        return None
    pixels = read_pnm_values(image, file)
    if top < 256:
        pixels = scale_to_8_bits(pixels, top)
    elif top == 65535:
        pixels = scale_bits(pixels, bits_stored or 16)
    else:
        pixels = scale_to_16_bits(pixels, top)
    return to_luma(pixels) if pixels.ndim == 3 else pixels


def find_maximum(image: Image.Image) -> tuple[str, int]:
    """Return the decoder of Pillow and the stored value of full brightness.

    Parameters
    ----------
    image : PIL.Image.Image
        The open image. Its pixels are not loaded.

    Returns
    -------
    decoder : str
        "ppm" for binary files with a scale, "ppm_plain" for texts, or "raw".
    top : int
        Stored value of full brightness. It has no meaning for "raw".
    """
    decoder, _, _, arguments = image.tile[0]  # type: ignore[attr-defined]
    scaled = isinstance(arguments, tuple) and decoder != "raw"
    return decoder, arguments[1] if scaled else 255


def read_pnm_values(image: Image.Image, file: IO[bytes]) -> np.ndarray:
    """Read the stored values of a file with the decoder "ppm".

    Parameters
    ----------
    image : PIL.Image.Image
        The open image. Its pixels are not loaded.
    file : binary file
        Its file.

    Returns
    -------
    ndarray of shape (H, W) or (H, W, 3)
        The stored values, as big-endian integers of 8 or 16 bits.
    """
    _, top = find_maximum(image)
    shape = (image.height, image.width) + ((3,) if image.mode == "RGB" else ())
    dtype = np.dtype("u1" if top < 256 else ">u2")
    file.seek(image.tile[0][2])  # type: ignore[attr-defined]
    data = file.read(math.prod(shape) * dtype.itemsize)
    if len(data) < math.prod(shape) * dtype.itemsize:
        raise EOFError
    pixels = np.frombuffer(data, dtype).reshape(shape)
    if pixels.max() > top:
        raise ValueError(f"has a pixel of {pixels.max()}, above its maximum {top}")
    return pixels
