"""Image files, why they cannot be read, and a reference for resizing."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from cxrclf.exceptions import ImageReadError
from cxrclf.images import read_image


def saved(folder, image, suffix=".png", **options):
    """Write an image or an array to a file, and return its path."""
    path = folder / f"image{suffix}"
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    image.save(path, **options)
    return path


def why(path):
    """Return the one reason for which a file cannot be read."""
    with pytest.raises(ImageReadError) as caught:
        read_image(path, 8)
    assert list(caught.value.failures) == [str(path)]
    return caught.value.failures[str(path)]


def triangle_weights(n_in, n_out):
    """Return the matrix of antialiased bilinear resizing along one side."""
    scale = n_in / n_out
    support = max(scale, 1.0)
    centers = (np.arange(n_out)[:, None] + 0.5) * scale
    weights = np.maximum(0, 1 - np.abs(np.arange(n_in)[None] + 0.5 - centers) / support)
    return weights / weights.sum(axis=1, keepdims=True)


def resized(pixels, height, width):
    """Return pixels at another size, as floats."""
    rows = triangle_weights(pixels.shape[0], height)
    return rows @ pixels.astype(float) @ triangle_weights(pixels.shape[1], width).T


def pack_bits(rows, bits):
    """Return values of any number of bits as bytes, each row from a new byte."""
    shifts = np.arange(bits)[::-1]
    return [
        np.packbits((row.reshape(-1, 1).astype(np.int64) >> shifts) & 1).tobytes()
        for row in rows
    ]


def png_chunk(kind, body):
    """Return a chunk of a PNG with its checksum."""
    checksum = struct.pack(">I", zlib.crc32(kind + body))
    return struct.pack(">I", len(body)) + kind + body + checksum


def png_file(values, bits, color_type, *chunks, size=None):
    """Return a PNG without filters.

    Parameters
    ----------
    values : ndarray of shape (H, W) or (H, W, C)
        Stored values.
    bits, color_type : int
        As in the header of a PNG.
    *chunks : bytes
        Chunks between the header and the pixels.
    size : (int, int), optional
        Another height and width for the header.
    """
    height, width = size or values.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, 0)
    rows = b"".join(b"\0" + row for row in pack_bits(values, bits))
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            png_chunk(b"IHDR", header),
            *chunks,
            png_chunk(b"IDAT", zlib.compress(rows)),
            png_chunk(b"IEND", b""),
        ]
    )


def tiff_file(values, bits, photometric, *, kind=1, order="<", change=None):
    """Return a gray TIFF with one strip and no compression.

    Parameters
    ----------
    values : ndarray of shape (H, W)
        Stored values.
    bits : int
        Number of bits per pixel.
    photometric : int
        0 if white is zero, 1 if black is zero.
    kind : {1, 2, 3, 4}
        Sample format: unsigned, signed, floating point or undefined.
    order : {"<", ">"}
        Byte order.
    change : dict, optional
        Values of tags that replace the right ones. None removes a tag.
    """
    height, width = values.shape
    if bits in (8, 16, 32, 64):
        letter = {1: "u", 2: "i", 3: "f", 4: "u"}[kind]
        data = values.astype(f"{order}{letter}{bits // 8}").tobytes()
    else:
        data = b"".join(pack_bits(values, bits))
    tags = {
        256: width,
        257: height,
        258: bits,
        259: 1,
        262: photometric,
        273: 8,
        277: 1,
        278: height,
        279: len(data),
        339: kind,
    }
    tags |= change or {}
    entries = [
        struct.pack(f"{order}HHII", tag, 4, 1, value)
        for tag, value in tags.items()
        if value is not None
    ]
    data += bytes(len(data) % 2)
    head = (b"II" if order == "<" else b"MM") + struct.pack(
        f"{order}HI", 42, 8 + len(data)
    )
    count = struct.pack(f"{order}H", len(entries))
    return head + data + count + b"".join(entries) + bytes(4)
