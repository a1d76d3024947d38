"""Read the size and precision in the header of a compressed image."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_JPEG, _JPEG_2000 = b"\xff\xd8", b"\xff\x4f\xff\x51"
STARTS = (_JPEG, _JPEG_2000)

# Frame headers of JPEG: the lossy kinds, the lossless kinds, and JPEG-LS.
_LOSSY = (0xC0, 0xC1, 0xC2, 0xC5, 0xC6, 0xC9, 0xCA, 0xCD, 0xCE)
_LOSSLESS = (0xC3, 0xC7, 0xCB, 0xCF, 0xF7)
_HUFFMAN, _SCAN = 0xC4, 0xDA


@dataclass(frozen=True)
class StreamHeader:
    """Size and precision of a compressed image.

    Parameters
    ----------
    rows, columns, samples, bits : int
        Height, width, number of values per pixel, and bits per value.
    is_lossy_jpeg : bool
        Whether it is a lossy JPEG.
    """

    rows: int
    columns: int
    samples: int
    bits: int
    is_lossy_jpeg: bool

    @property
    def is_jpeg_12_bit(self) -> bool:
        """Whether the image is a lossy JPEG of more than 8 bits."""
        return self.is_lossy_jpeg and self.bits > 8

    def check(self, rows: int, columns: int, samples: int, bits: int) -> None:
        """Raise ValueError unless the image has this size and at most these bits."""
        if (self.rows, self.columns, self.samples) != (rows, columns, samples):
            raise ValueError(
                f"states {rows} × {columns} pixels with {samples} values each, but its "
                f"compressed image has {self.rows} × {self.columns} pixels with "
                f"{self.samples}"
            )
        if self.bits > bits:
            raise ValueError(
                f"states at most {bits} bits per value, but its compressed image has "
                f"{self.bits}"
            )


def read_stream_header(data: bytes) -> StreamHeader | None:
    """Return the header of a JPEG, JPEG-LS or JPEG 2000 image, or None.

    Parameters
    ----------
    data : bytes
        Compressed image.

    Raises
    ------
    ValueError
        If the header of a JPEG is damaged. GDCM would end the process for some damaged
        headers.
    """
    if data.startswith(_JPEG_2000) and len(data) >= 43:
        right, bottom, left, top = struct.unpack(">4I", data[8:24])
        samples, depth = struct.unpack(">HB", data[40:43])
        return StreamHeader(
            bottom - top, right - left, samples, (depth & 0x7F) + 1, False
        )
    if not data.startswith(_JPEG):
        return None
    header = None
    for kind, segment in _read_segments(data):
        if kind in _LOSSY or kind in _LOSSLESS:
            bits, rows, columns, samples = struct.unpack(">BHHB", segment[:6])
            header = StreamHeader(rows, columns, samples, bits, kind in _LOSSY)
        elif kind == _HUFFMAN:
            _check_huffman(segment)
    if header is None:
        raise ValueError("is damaged: its compressed image has no frame header")
    return header


def _read_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the marker and the content of each segment before the pixels."""
    position, kind = 2, 0
    while kind != _SCAN:
        while data[position : position + 2] == b"\xff\xff":  # fill bytes
            position += 1
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        end = position + 2 + length
        if data[position : position + 1] != b"\xff" or length < 2 or end > len(data):
            raise ValueError("is damaged: the header of its compressed image")
        kind = data[position + 1]
        yield kind, data[position + 4 : end]
        position = end


def _check_huffman(tables: bytes) -> None:
    """Check that tables have the number of codes that they state."""
    while tables:
        n_codes = sum(tables[1:17])
        if len(tables) < 17 + n_codes or n_codes > 256:
            raise ValueError("is damaged: a Huffman table of its compressed image")
        tables = tables[17 + n_codes :]
