"""Read the size and precision in the header of a compressed image."""

import struct
from dataclasses import dataclass

_JPEG, _JPEG_2000 = b"\xff\xd8", b"\xff\x4f\xff\x51"
STARTS = (_JPEG, _JPEG_2000)

# Frame headers of JPEG: the lossy kinds, the lossless kinds, and JPEG-LS.
_LOSSY = (0xC0, 0xC1, 0xC2, 0xC5, 0xC6, 0xC9, 0xCA, 0xCD, 0xCE)
_LOSSLESS = (0xC3, 0xC7, 0xCB, 0xCF, 0xF7)


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

    def check(self, rows: int, columns: int, samples: int) -> None:
        """Raise ValueError unless the image has this size."""
        if (self.rows, self.columns, self.samples) != (rows, columns, samples):
            raise ValueError(
                f"states {rows} × {columns} pixels with {samples} values each, but its "
                f"compressed image has {self.rows} × {self.columns} pixels with "
                f"{self.samples}"
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
        If a JPEG has no frame header.
    """
    if data.startswith(_JPEG_2000) and len(data) >= 43:
        right, bottom, left, top = struct.unpack(">4I", data[8:24])
        samples, depth = struct.unpack(">HB", data[40:43])
        return StreamHeader(
            bottom - top, right - left, samples, (depth & 0x7F) + 1, False
        )
    if not data.startswith(_JPEG):
        return None
    position = 2
    while position + 10 <= len(data):
        if data[position] != 0xFF:
            position += 1
            continue
        kind = data[position + 1]
        if kind in _LOSSY or kind in _LOSSLESS:
            bits, rows, columns, samples = struct.unpack(
                ">BHHB", data[position + 4 : position + 10]
            )
            return StreamHeader(rows, columns, samples, bits, kind in _LOSSY)
        if kind == 0xFF or kind == 0x01 or 0xD0 <= kind <= 0xD8:  # without a length
            position += 1 if kind == 0xFF else 2
        else:
            position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    raise ValueError("is damaged: its compressed image has no frame header")
