"""Read what Pillow leaves out of TIFF files: bits, signs, inverted gray, strips."""

import math
import os
import struct
from typing import IO, Any

import numpy as np
from PIL import Image

from cxrclf.images._bits_stored import scale_bits
from cxrclf.images._luma import blend_with_black
from cxrclf.images._unknown_kind import describe_unknown

_BITS, _COMPRESSION, _PHOTOMETRIC, _FORMAT, _PLANAR = 258, 259, 262, 339, 284
_STRIP_OFFSETS, _SAMPLES, _STRIP_ROWS, _STRIP_BYTES = 273, 277, 278, 279
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_BYTES = 322, 323, 324, 325
_WIDTH, _HEIGHT = 256, 257
_HEADER_BYTES = 8
# Tags that describe pixels: also fill order (266), orientation (274), options of fax
# compression (292, 293), predictor (317), colors (320, 347, 529, 530, 532) and others.
_PIXEL_TAGS = {*range(256, 260), 262, 266, 273, 274, 277, 278, 279, 284, 292, 293, 317}
_PIXEL_TAGS |= {320, *range(322, 326), 338, 339, 347, 529, 530, 532}
_BIGTIFF = 43
# Bytes per value of the types of tags.
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4}
_TYPE_BYTES |= {12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_WHITE_IS_ZERO, _CIELAB, _SIGNED, _UNCOMPRESSED, _PLANES, _FLOAT = 0, 8, 2, 1, 2, 3
_DARK = 64  # a color of 16 bits with at most 14 bits has high bytes below this number


def load_tiff(image: Image.Image, file: IO[bytes]) -> None:
    """Check the tags of a TIFF, and load its pixels.

    Pillow turns a TIFF upright here, and removes the tag Orientation.

    Parameters
    ----------
    image : PIL.Image.Image
        The open image.
    file : binary file
        Its file.

    Raises
    ------
    ValueError
        If its kind or its colors are not read, or if strips or tiles are missing.
        Pillow reads missing strips as black.
    EOFError
        If the file is cut short.
    """
    tags = image.tag_v2  # type: ignore[attr-defined]
    if _PHOTOMETRIC not in tags:
        raise ValueError("is damaged: its tag PhotometricInterpretation is missing")
    if tags[_PHOTOMETRIC] == _CIELAB:
        raise ValueError("has CIELAB colors; save it as gray or RGB")
    known = tags.get(_PLANAR, 1) in (1, _PLANES)
    if not known or not set(tags.get(_FORMAT, (1,))) <= {1, _SIGNED, _FLOAT}:
        raise ValueError("is damaged: its kind of planes or numbers is unknown")
    position = file.tell()
    n_bytes = file.seek(0, os.SEEK_END)
    _check_directory(file, n_bytes, tags)
    file.seek(position)
    _check_blocks(tags, n_bytes)
    deep = max(tags.get(_BITS, (1,))) > 8
    if deep and tags.get(_SAMPLES, 1) > 1 and tags.get(_PLANAR) == _PLANES:
        # Pillow takes the bytes of the first half of each row for pixels of 8 bits.
        raise ValueError(
            "has color planes of more than 8 bits; save it as gray with 16 bits"
        )
    try:
        image.load()
    except ValueError as error:  # Pillow lacks a decoder for these pixels
        raise ValueError(describe_unknown(file)) from error


def _check_directory(file: IO[bytes], n_bytes: int, tags: Any) -> None:
    """Check that the tags lie within the file. Pillow leaves out damaged tags."""
    file.seek(0)
    head = file.read(16)
    order = ">" if head.startswith(b"M") else "<"
    if struct.unpack_from(order + "H", head, 2) == (_BIGTIFF,):
        (start,) = struct.unpack_from(order + "Q", head, 8)
        count_format, entry_format, inside = order + "Q", order + "HHQQ", 8
    else:
        (start,) = struct.unpack_from(order + "I", head, 4)
        count_format, entry_format, inside = order + "H", order + "HHII", 4
    file.seek(start)
    first = file.read(struct.calcsize(count_format))
    (count,) = struct.unpack(count_format, first)
    entry_bytes = struct.calcsize(entry_format)
    if start + len(first) + count * entry_bytes > n_bytes:
        raise EOFError
    entries = struct.iter_unpack(entry_format, file.read(count * entry_bytes))
    for tag, kind, length, value in entries:
        value_bytes = length * _TYPE_BYTES.get(kind, 1)
        outside = value_bytes > inside and value + value_bytes > n_bytes
        if tag in _PIXEL_TAGS and (outside or tag not in tags):
            raise ValueError(f"is damaged: the value of its tag {tag} is missing")


def _check_blocks(tags: Any, n_bytes: int) -> None:
    """Check that the strips or tiles hold all pixels."""
    width, height = tags[_WIDTH], tags[_HEIGHT]
    if _TILE_OFFSETS in tags:
        block_width, block_height = tags[_TILE_WIDTH], tags[_TILE_HEIGHT]
        starts, lengths = tags[_TILE_OFFSETS], tags.get(_TILE_BYTES, ())
    else:
        block_width, block_height = width, min(tags.get(_STRIP_ROWS, height), height)
        starts, lengths = tags[_STRIP_OFFSETS], tags.get(_STRIP_BYTES, ())
    if not (block_width and block_height):
        raise ValueError("is damaged: its strips or tiles have no pixels")
    samples, bits = tags.get(_SAMPLES, 1), tags.get(_BITS, (1,))
    planes = samples if tags.get(_PLANAR) == _PLANES else 1
    n_down = math.ceil(height / block_height)
    n_blocks = math.ceil(width / block_width) * n_down * planes
    # Old programs write no length of a single strip.
    if len(starts) != n_blocks or len(lengths or starts[:1]) != n_blocks:
        raise ValueError(
            f"is damaged: its {n_blocks} strips or tiles have {len(starts)} positions "
            f"and {len(lengths)} lengths"
        )
    ends = [start + length for start, length in zip(starts, lengths, strict=False)]
    if max([*starts, *ends]) > n_bytes:
        raise EOFError
    if min(starts) < _HEADER_BYTES:
        raise ValueError("is damaged: a strip or tile is left out")
    if tags.get(_COMPRESSION, 1) != _UNCOMPRESSED or not lengths:
        return
    row_bytes = math.ceil(block_width * bits[0] * (samples // planes) / 8)
    for block, length in enumerate(lengths[:n_blocks]):
        rows = block_height
        if _TILE_OFFSETS not in tags and block % n_down == n_down - 1:
            rows = height - block_height * (n_down - 1)  # the last strip may be shorter
        if length < rows * row_bytes:
            raise ValueError("is damaged: its strips or tiles are shorter than stated")


def read_tiff(image: Image.Image, bits_stored: int | None) -> np.ndarray | None:
    """Read gray pixels from a TIFF that Pillow has loaded.

    Parameters
    ----------
    image : PIL.Image.Image
        The loaded image.
    bits_stored : int or None
        Number of bits that pixels of 16 bits use.

    Returns
    -------
    ndarray of shape (H, W), uint8 or uint16, or None
        The pixels. None if Pillow converts the image to gray without a loss.

    Raises
    ------
    ValueError
        If pixels are negative or have another scale that is unknown.
    """
    tags = image.tag_v2  # type: ignore[attr-defined]
    white = tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    signed = tags.get(_FORMAT, (1,))[0] == _SIGNED
    if image.mode.startswith("I;16"):
        bits = tags.get(_BITS, (16,))[0]
        pixels = np.asarray(image).astype(np.uint16)
        pixels = scale_bits(pixels, bits if bits < 16 else bits_stored or 16)
        return ~pixels if white else pixels
    if image.mode == "F":
        pixels = read_floats(image)
        return ~pixels if white else pixels
    if image.mode == "I":
        pixels = np.asarray(image)
        # Pillow takes unsigned integers of 32 bits for signed ones.
        return convert_integers(
            pixels if signed else pixels.view(np.uint32), bits_stored
        )
    if image.mode == "L" and signed:
        pixels = np.asarray(image)
        _check_range(pixels.view(np.int8))
        return pixels
    if image.mode == "La":  # the gray levels are multiplied by the opacity
        return np.asarray(image)[..., 0]
    if image.mode in ("RGB", "RGBA", "CMYK") and tags.get(_BITS, (8,))[0] == 16:
        return _read_deep_colors(image, bits_stored)
    return None


def find_scale(image: Image.Image) -> tuple[int, bool]:
    """Return how Pillow changes the stored values of gray pixels.

    Parameters
    ----------
    image : PIL.Image.Image
        The open image.

    Returns
    -------
    factor : int
        Number by which Pillow multiplies the values: more than 1 below 8 bits.
    inverted : bool
        Whether Pillow inverts the values, because white is zero.
    """
    if image.mode not in ("1", "L"):
        return 1, False
    tags = image.tag_v2  # type: ignore[attr-defined]
    bits = tags.get(_BITS, (1,))[0]
    factor = 255 // (2**bits - 1) if image.mode == "L" else 1
    return factor, tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO


def read_floats(image: Image.Image) -> np.ndarray:
    """Convert floats in [0, 1] to 16 bits, or raise an error."""
    pixels = np.asarray(image)
    if not (pixels.min() >= 0 and pixels.max() <= 1):  # also refuses NaN
        raise ValueError(
            "holds floating-point numbers outside [0, 1], and their scale is unknown; "
            "save it with 8 or 16 bits"
        )
    return np.rint(pixels.astype(np.float64) * 65535).astype(np.uint16)


def convert_integers(pixels: np.ndarray, bits_stored: int | None) -> np.ndarray:
    """Convert integers to 16 bits if they are in [0, 65535], or raise an error."""
    _check_range(pixels)
    return scale_bits(pixels, bits_stored or 16)


def _check_range(pixels: np.ndarray) -> None:
    low, high = pixels.min(), pixels.max()
    if low < 0 or high > 65535:
        raise ValueError(
            f"holds integers from {low} to {high}, and their scale is unknown; save it "
            "with unsigned integers of 8 or 16 bits"
        )


def _read_deep_colors(image: Image.Image, bits_stored: int | None) -> np.ndarray:
    """Read the high bytes of colors of 16 bits as gray."""
    if bits_stored not in (None, 16):
        raise ValueError(
            "has colors of 16 bits, to which bits_stored does not apply; save it as "
            "gray with 16 bits"
        )
    if image.mode == "RGBA":
        gray, alpha = np.moveaxis(np.asarray(image.convert("LA")), -1, 0)
        pixels = blend_with_black(gray, alpha)
    else:
        pixels = np.asarray(image.convert("RGB").convert("L"))
    if 0 < pixels.max() < _DARK and image.mode != "CMYK":
        raise ValueError(
            "has colors of 16 bits that use at most 14 bits, and would be almost "
            "black; save it as gray with 16 bits, and set bits_stored"
        )
    return pixels
