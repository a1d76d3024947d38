"""Read what Pillow leaves out of PNG files: checksums, and colors of 16 bits."""

import io
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np
from PIL import Image
from PIL.ImageFile import ImageFile

from cxrclf.images._bits_stored import scale_bits
from cxrclf.images._luma import blend_with_black, to_luma

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by color type
_LARGEST_RATIO = 1032  # between bytes before and after compression
_PIECE = 2**20  # number of bytes that are decompressed at once
# Pixels by mode that are seldom in two corners.
_RARE: dict[str, float | tuple[int, ...]] = {
    "1": 255,
    "L": 1,
    "LA": (1, 1),
    "P": 255,
    "I;16": 257,
    "I": 257,
    "RGB": (1, 2, 1),
    "RGBA": (1, 2, 1, 1),
}
_HAS_ALPHA = 4  # bit of the color type
_ANCILLARY = 32  # bit of the first letter of a chunk without pixels
# Start and step of the rows and columns of the seven images of an interlaced file.
_PASSES = (
    (0, 8, 0, 8),
    (0, 8, 4, 8),
    (4, 8, 0, 4),
    (0, 4, 2, 4),
    (2, 4, 0, 2),
    (0, 2, 1, 2),
    (1, 2, 0, 1),
)


@dataclass(frozen=True)
class Png:
    """Content of a PNG file.

    Attributes
    ----------
    size : (int, int)
        Width and height in pixels.
    bits : int
        Number of bits per channel.
    color_type : int
        0 for gray, 2 for RGB, 3 for a palette, 4 for gray with alpha, 6 for RGBA.
    interlaced : bool
        Whether the pixels are in seven passes.
    transparent : tuple of int
        Gray level or color of transparent pixels. It is empty if there is none.
    compressed : list of memoryview
        The compressed pixels.
    """

    size: tuple[int, int]
    bits: int
    color_type: int
    interlaced: bool
    transparent: tuple[int, ...]
    compressed: list[memoryview]


def buffer_png(file: IO[bytes]) -> IO[bytes]:
    """Read a PNG into memory, where Pillow and `load_png` both need it.

    Parameters
    ----------
    file : binary file
        A file of any kind, open at its start.

    Returns
    -------
    binary file
        An `io.BytesIO` if the file is a PNG, else `file`. It is open at its start.
    """
    head = file.read(len(_SIGNATURE))
    file.seek(0)
    return io.BytesIO(file.read()) if head == _SIGNATURE else file


def load_png(image: ImageFile, file: IO[bytes]) -> Png:
    """Load the pixels of a PNG, and check that they are complete and not damaged.

    Pillow does not check the checksums of pixels, and takes missing rows for black.

    Parameters
    ----------
    image : PIL.ImageFile.ImageFile
        The open image.
    file : binary file
        Its file, from `buffer_png`.

    Returns
    -------
    Png
        The content of the file.

    Raises
    ------
    ValueError
        If a checksum is wrong.
    EOFError
        If the file is cut short, or has too few pixels.
    """
    assert isinstance(file, io.BytesIO)
    png = _read_chunks(file)
    needed = sum(height * width for height, width in _pass_shapes(png))
    n_compressed = sum(len(part) for part in png.compressed)
    if needed > _LARGEST_RATIO * n_compressed:
        raise EOFError
    # Pillow leaves missing rows at 0, which is a frequent gray level. With another
    # level in two corners of the last row, few images are decompressed twice.
    row, rare = image.height - 1, _RARE[image.mode]
    corners = (0, row), (image.width - 1, row)
    if not png.interlaced:
        image.load_prepare()
        for corner in corners:
            image.im.putpixel(corner, rare)
    image.load()
    doubtful = png.interlaced or all(
        image.im.getpixel(corner) == rare for corner in corners
    )
    if doubtful and _count_decompressed(png, needed) < needed:
        raise EOFError
    return png


def _count_decompressed(png: Png, needed: int) -> int:
    """Return the number of decompressed bytes, at most `needed`."""
    decompressor, n_bytes = zlib.decompressobj(), 0
    for part in png.compressed:
        rest: bytes | memoryview = part
        while rest and n_bytes < needed:
            n_bytes += len(decompressor.decompress(rest, _PIECE))
            rest = decompressor.unconsumed_tail
    return n_bytes


def _read_chunks(file: io.BytesIO) -> Png:
    """Read the chunks of a PNG file, and check their checksums."""
    data = memoryview(file.getvalue())
    header, transparent, compressed = b"", (), []
    for kind, body in _chunks(data):
        if kind == b"IHDR":
            header = bytes(body)
        elif kind == b"tRNS":
            transparent = struct.unpack(f">{len(body) // 2}H", body[: len(body) & ~1])
        elif kind == b"IDAT":
            compressed.append(body)
    width, height, bits, color_type, _, _, interlace = struct.unpack(">IIBBBBB", header)
    if color_type not in (0, 2):  # the levels of a palette are other numbers
        transparent = ()
    return Png(
        (width, height), bits, color_type, interlace == 1, transparent, compressed
    )


def _chunks(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield the names and the content of all chunks."""
    start, kind = len(_SIGNATURE), b""
    while kind != b"IEND":
        if len(data) < start + 12:
            if kind == b"IDAT":  # only the end is missing
                return
            raise EOFError
        length = int.from_bytes(data[start : start + 4])
        end = start + 8 + length
        if len(data) < end + 4:
            raise EOFError
        kind = bytes(data[start + 4 : start + 8])
        checksum = int.from_bytes(data[end : end + 4])
        is_critical = not kind[0] & _ANCILLARY
        if is_critical and zlib.crc32(data[start + 4 : end]) != checksum:
            raise ValueError(
                f"is damaged: the checksum of its chunk {kind.decode('latin-1')!r} is "
                "wrong; copy or download it again"
            )
        yield kind, data[start + 8 : end]
        start = end + 4


def read_png(
    image: Image.Image, png: Png, bits_stored: int | None
) -> np.ndarray | None:
    """Read gray pixels of 16 bits, or with a transparent level.

    Parameters
    ----------
    image : PIL.Image.Image
        The loaded image.
    png : Png
        Content of the file.
    bits_stored : int or None
        Number of bits that the channels use, except the opacity.

    Returns
    -------
    ndarray of shape (H, W), uint8 or uint16, or None
        Gray pixels over black. None for other files, which Pillow converts.
    """
    if png.bits < 16:
        if not png.transparent or png.color_type != 0:
            return None
        # Pillow scales the pixels to 8 bits, but not the transparent level.
        top = 2**png.bits - 1
        level = (png.transparent[0] & top) * (255 // top)
        pixels = np.asarray(image.convert("L"))
        return np.where(pixels == level, np.uint8(0), pixels)
    if png.color_type == 0:
        values = np.asarray(image).astype(np.uint16, copy=False)
        gray = scale_bits(values, bits_stored or 16)
        return (
            np.where(values == png.transparent[0], 0, gray) if png.transparent else gray
        )
    values = read_deep_channels(png)
    n_colors = values.shape[2] - bool(png.color_type & _HAS_ALPHA)
    colors = scale_bits(values[..., :n_colors], bits_stored or 16)
    gray = to_luma(colors) if n_colors == 3 else colors[..., 0]
    if png.color_type & _HAS_ALPHA:
        return blend_with_black(gray, values[..., -1])
    if png.transparent:
        gray[(values == png.transparent).all(axis=2)] = 0
    return gray


def read_deep_channels(png: Png) -> np.ndarray:
    """Decode the channels of a PNG with 16 bits per channel, of which Pillow reads 8.

    The filters of PNG work on bytes and combine a byte with the same byte of another
    pixel. The high bytes of all channels are therefore a PNG of 8 bits, and the low
    bytes are another one. Pillow decodes both.

    Parameters
    ----------
    png : Png
        Content of a file with several channels of 16 bits.

    Returns
    -------
    ndarray of shape (H, W, C), uint16
        Stored values of the channels.

    Raises
    ------
    EOFError
        If the file is cut short.
    """
    sizes = _pass_shapes(png)
    needed = sum(height * width for height, width in sizes)
    raw = zlib.decompressobj().decompress(b"".join(png.compressed), needed)
    if len(raw) < needed:
        raise EOFError
    values = np.frombuffer(raw, dtype=np.uint8)
    high, low, start = [], [], 0
    for height, width in sizes:
        rows = values[start : start + height * width].reshape(height, width)
        high.append(np.hstack([rows[:, :1], rows[:, 1::2]]).tobytes())
        low.append(np.hstack([rows[:, :1], rows[:, 2::2]]).tobytes())
        start += height * width
    pixels = _decode(png, high).astype(np.uint16) << 8
    pixels |= _decode(png, low)
    return pixels


def _pass_shapes(png: Png) -> list[tuple[int, int]]:
    """Return the number of rows and of bytes per row of the passes."""
    width, height = png.size
    passes = _PASSES if png.interlaced else [(0, 1, 0, 1)]
    sizes = [
        (len(range(top, height, row_step)), len(range(left, width, step)))
        for top, row_step, left, step in passes
    ]
    pixel_bits = png.bits * _CHANNELS[png.color_type]
    # Each row has one more byte for its filter.
    return [
        (rows, 1 + (columns * pixel_bits + 7) // 8)
        for rows, columns in sizes
        if rows and columns
    ]


def _decode(png: Png, rows: list[bytes]) -> np.ndarray:
    """Decode filtered rows of 8 bits per channel with Pillow."""
    header = struct.pack(">IIBBBBB", *png.size, 8, png.color_type, 0, 0, png.interlaced)
    file = io.BytesIO()
    file.write(_SIGNATURE)
    content = zlib.compress(b"".join(rows), 0)
    for kind, body in ((b"IHDR", header), (b"IDAT", content), (b"IEND", b"")):
        file.write(struct.pack(">I", len(body)) + kind)
        file.write(body)
        file.write(struct.pack(">I", zlib.crc32(body, zlib.crc32(kind))))
    file.seek(0, os.SEEK_SET)
    with Image.open(file) as image:
        return np.asarray(image)
