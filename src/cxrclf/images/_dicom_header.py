"""Elements of a DICOM file that describe its pixels, checked."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from cxrclf.images._pixel_limit import check_pixel_count

_GRAY = ("MONOCHROME1", "MONOCHROME2")
_COLORS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_FLOATS = ("FloatPixelData", "DoubleFloatPixelData")


@dataclass(frozen=True)
class Header:
    """Size and format of the pixels of a DICOM file.

    Parameters
    ----------
    rows, columns : int
        Height and width in pixels.
    samples : int
        Number of values per pixel: 1, or 3 for colors.
    colors : str
        Photometric interpretation, such as ``"MONOCHROME2"``.
    bits_allocated, bits_stored, high_bit : int
        Bits per value in the file, bits that the value uses, and its highest bit.
    signed : bool
        Whether values are signed.
    """

    rows: int
    columns: int
    samples: int
    colors: str
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool

    @classmethod
    def from_dataset(cls, dataset: Any) -> Self:
        """Read the header, and raise ValueError for an invalid value."""
        samples = _read_int(dataset, "SamplesPerPixel", (1, 3), default=1)
        colors = str(_require(dataset, "PhotometricInterpretation")).strip().upper()
        if samples == 3 and colors not in _COLORS:
            raise ValueError(f"has 3 samples per pixel of the kind {colors!r}")
        if samples == 1 and colors not in _GRAY:
            raise ValueError(
                f"is a color DICOM image ({colors}); save it as a gray image"
            )
        frames = _read_int(dataset, "NumberOfFrames", default=1)
        if frames != 1:
            raise ValueError(
                f"is a DICOM image of {frames} frames, expected one; save the frame as "
                "a file of its own"
            )
        allocated = _read_int(dataset, "BitsAllocated", (1, 8, 16, 32))
        stored = _read_int(dataset, "BitsStored", range(1, allocated + 1))
        rows, columns = read_size(dataset)
        return cls(
            rows=rows,
            columns=columns,
            samples=samples,
            colors=colors,
            bits_allocated=allocated,
            bits_stored=stored,
            high_bit=_read_int(
                dataset, "HighBit", range(stored - 1, allocated), default=stored - 1
            ),
            signed=bool(_read_int(dataset, "PixelRepresentation", (0, 1))),
        )

    @property
    def n_bytes(self) -> int:
        """Number of bytes of the uncompressed pixels."""
        n_bits = self.rows * self.columns * self.samples * self.bits_allocated
        return -(-n_bits // 8)

    def check_size(self) -> None:
        """Raise an error if the image has more pixels than Pillow allows."""
        check_pixel_count(self.rows, self.columns)


def check_kind(dataset: Any) -> None:
    """Check that a DICOM file is an image."""
    if "PixelData" in dataset:
        return
    if any(name in dataset for name in _FLOATS):
        raise ValueError(
            "is a DICOM image of floating-point pixels, and their scale is unknown; "
            "save it with 8 or 16 bits"
        )
    uid = dataset.get("SOPClassUID")
    kind = f" but a {uid.name}" if hasattr(uid, "name") else ""
    raise ValueError(
        f"is not a DICOM image{kind}, or is cut short (it has no pixel data)"
    )


def read_size(dataset: Any) -> tuple[int, int]:
    """Return the height and width in pixels."""
    rows, columns = (
        _read_int(dataset, name, range(1, 2**16)) for name in ("Rows", "Columns")
    )
    return rows, columns


def read_number(dataset: Any, keyword: str) -> float | None:
    """Return the first value of a numeric element, or None if it is empty.

    Raises
    ------
    ValueError
        If the value is no finite number.
    """
    try:
        value = dataset.get(keyword)
        first = next(iter(_as_values(value)), None)
        number = None if first is None else float(first)
    except (TypeError, ValueError) as error:
        raise ValueError(f"has a {keyword} that is no number") from error
    if number is not None and not math.isfinite(number):
        raise ValueError(f"has a {keyword} of {number}")
    return number


def _as_values(value: Any) -> Iterable:
    if value is None or isinstance(value, str):
        return [value] if value else []
    return value if isinstance(value, Iterable) else [value]


def _read_int(
    dataset: Any, keyword: str, allowed: Any = None, default: int | None = None
) -> int:
    if default is not None and dataset.get(keyword) in (None, ""):
        return default
    value = _require(dataset, keyword)
    try:
        number = int(str(value))
    except ValueError as error:
        raise ValueError(f"has a {keyword} that is no whole number: {value}") from error
    if allowed is not None and number not in allowed:
        raise ValueError(f"has a {keyword} of {number}, which is not valid")
    return number


def _require(dataset: Any, keyword: str) -> Any:
    value = dataset.get(keyword)
    if value is None or (isinstance(value, str) and not value):
        raise ValueError(f"has no value of the DICOM element {keyword}")
    return value


def unsigned(bits: int) -> np.dtype:
    """Return the unsigned type of 8, 16 or 32 bits."""
    return np.dtype(f"u{max(bits, 8) // 8}")
