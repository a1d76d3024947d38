"""Read what Pillow leaves out of JPEG 2000 files: the number of bits."""

import io
import struct
from typing import IO

import numpy as np
from PIL import Image

from cxrclf.images._bits_stored import scale_bits, scale_to_8_bits, scale_to_16_bits

_START = b"\xff\x4f\xff\x51"  # the markers SOC and SIZ
_COUNT, _FIRST = 40, 42  # positions of the channels behind the start
_SIGNED = 0x80


def read_jpeg2000(
    image: Image.Image, file: IO[bytes], bits_stored: int | None
) -> np.ndarray | None:
    """Read gray pixels from a JPEG 2000 file, at their number of bits.

    Parameters
    ----------
    image : PIL.Image.Image
        The open image.
    file : binary file
        Its file.
    bits_stored : int or None
        Number of bits that pixels of 16 bits use.

    Returns
    -------
    ndarray of shape (H, W), uint8 or uint16, or None
        The pixels, scaled to the full range of 8 or 16 bits. None if the file has
        several channels of at most 8 bits, which Pillow scales.

    Raises
    ------
    ValueError
        If pixels are signed, have more than 16 bits, or if the channels differ in bits.
    """
    bits, stream = _find_stream(file)
    if image.mode not in ("L", "I;16"):
        if bits > 8:  # Pillow takes bright colors for black
            raise ValueError(
                f"has colors or transparency of {bits} bits in JPEG 2000; save it as "
                "gray, or as PNG"
            )
        return None
    if bits <= 8:
        # Pillow shifts the bits to the upper end of its pixels.
        return scale_to_8_bits(np.asarray(image) >> (8 - bits), 2**bits - 1)
    if image.mode == "L":  # Pillow takes 9 bits in a JP2 file for 8
        image = Image.open(io.BytesIO(stream))
    if bits == 16:
        return scale_bits(np.asarray(image).astype(np.uint16), bits_stored or 16)
    return scale_to_16_bits(np.asarray(image) >> (16 - bits), 2**bits - 1)


def find_bits(file: IO[bytes]) -> int:
    """Return the number of bits of all channels of a JPEG 2000 file.

    Parameters
    ----------
    file : binary file
        An open file. Its position is the same afterwards.

    Raises
    ------
    ValueError
        If pixels are signed, have more than 16 bits, or if the channels differ in bits.
    """
    return _find_stream(file)[0]


def _find_stream(file: IO[bytes]) -> tuple[int, bytes]:
    """Return the number of bits of the channels, and the file without its envelope."""
    position = file.tell()
    file.seek(0)
    data = file.read()
    file.seek(position)
    start = data.find(_START)
    if start < 0 or len(data) < start + _FIRST:
        raise ValueError("is damaged: its JPEG 2000 header cannot be read")
    (count,) = struct.unpack_from(">H", data, start + _COUNT)
    depths = data[start + _FIRST : start + _FIRST + 3 * count : 3]
    if not depths:
        raise ValueError("is damaged: its JPEG 2000 header cannot be read")
    if any(depth & _SIGNED for depth in depths):
        raise ValueError(
            "has signed pixels, and their scale is unknown; save it with unsigned "
            "pixels of 8 or 16 bits"
        )
    if len(set(depths)) > 1 or depths[0] > 15:
        bits = ", ".join(str(depth + 1) for depth in depths)
        raise ValueError(f"has channels of {bits} bits; save it with 8 or 16 bits")
    return depths[0] + 1, data[start:]
