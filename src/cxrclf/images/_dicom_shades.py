"""Convert the stored values of a DICOM file to shades of gray."""

from typing import Any

import numpy as np

from cxrclf.images._dicom_header import Header, read_number

_BLOCK = 2**18  # number of pixels that are converted at once
_PRECISION = 2**53  # neighboring whole numbers of float64 differ up to here
_TABLE_BITS = 16  # more stored bits are converted without a table of all values


def to_gray(stored: np.ndarray, dataset: Any, header: Header) -> np.ndarray:
    """Convert stored values to shades of gray.

    Parameters
    ----------
    stored : ndarray of shape (H, W), unsigned
        Bits of the stored values. Bits above the stored bits are 0.
    dataset : pydicom.Dataset
        Elements of the file.
    header : Header
        Format of the values.

    Returns
    -------
    ndarray of shape (H, W) of uint8 or uint16
        Pixels, black is 0.

    Raises
    ------
    ValueError
        If a step has no valid values, or if different values all become one shade.
    """
    if header.bits_stored <= _TABLE_BITS:
        # One table for all steps needs 2 bytes per pixel instead of 30.
        bits = np.arange(2**header.bits_stored, dtype=np.int64)
        table = _convert(bits, dataset, header)
    out = np.empty(stored.shape, np.uint8 if header.bits_stored <= 8 else np.uint16)
    step = max(1, _BLOCK // stored.shape[1])
    for start in range(0, len(stored), step):
        part = stored[start : start + step]
        out[start : start + step] = (
            table[part]
            if header.bits_stored <= _TABLE_BITS
            else _convert(part.astype(np.int64), dataset, header)
        )
    if out.min() == out.max() and stored.min() != stored.max():
        raise ValueError(
            "has different values that all become one shade; check its window, lookup "
            "tables and number of bits"
        )
    return out


def _convert(bits: np.ndarray, dataset: Any, header: Header) -> np.ndarray:
    """Apply all steps to the bits of stored values."""
    if header.signed:
        half = 2 ** (header.bits_stored - 1)
        bits = np.where(bits >= half, bits - 2 * half, bits)
    if header.samples == 3:
        # The steps apply to gray images only (DICOM PS3.3 C.11.2.1).
        gray = bits / (2**header.bits_stored - 1)
    else:
        values, span = _apply_modality(bits, dataset, header)
        gray = _apply_voi(values, span, dataset)
    if header.colors == "MONOCHROME1":
        gray = 1 - gray
    dtype = np.uint8 if header.bits_stored <= 8 else np.uint16
    return np.rint(gray * np.iinfo(dtype).max).astype(dtype)


def _apply_modality(
    stored: np.ndarray, dataset: Any, header: Header
) -> tuple[np.ndarray, tuple[float, float]]:
    """Apply the modality LUT or rescale, and return the values and their full range."""
    bits = header.bits_stored
    low, high = (
        (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if header.signed else (0, 2**bits - 1)
    )
    if dataset.get("ModalityLUTSequence"):
        item = dataset.ModalityLUTSequence[0]
        return _look_up(stored, item, dataset, signed=header.signed)
    slope = read_number(dataset, "RescaleSlope")
    intercept = read_number(dataset, "RescaleIntercept")
    if slope is None and intercept is None:
        return stored, (low, high)
    slope = 1.0 if slope is None else slope
    intercept = 0.0 if intercept is None else intercept
    if slope == 0:
        raise ValueError("has a rescale slope of 0, so that all pixels are equal")
    ends = low * slope + intercept, high * slope + intercept
    largest = max(abs(end) for end in ends)
    if not np.isfinite(ends[1] - ends[0]) or largest > _PRECISION * abs(slope):
        raise ValueError(
            f"has a rescale slope of {slope:g} and an intercept of {intercept:g}, for "
            "which numbers are not precise enough"
        )
    return stored * slope + intercept, (min(ends), max(ends))


def _apply_voi(
    values: np.ndarray, span: tuple[float, float], dataset: Any
) -> np.ndarray:
    """Apply the VOI LUT or window, and return values from 0 (black) to 1 (white)."""
    if dataset.get("VOILUTSequence"):
        item = dataset.VOILUTSequence[0]
        values, span = _look_up(np.rint(values), item, dataset, signed=span[0] < 0)
    else:
        center = read_number(dataset, "WindowCenter")
        width = read_number(dataset, "WindowWidth")
        if center is not None and width is not None:
            function = str(dataset.get("VOILUTFunction") or "LINEAR").upper()
            return _apply_window(values, center, width, function)
    low, high = span
    return np.clip((values - low) / (high - low), 0, 1)


def _apply_window(
    values: np.ndarray, center: float, width: float, function: str
) -> np.ndarray:
    """Apply a window, which maps its minimum to 0 and its maximum to 1.

    The formulas are in DICOM PS3.3, C.11.2.1.2.1 (LINEAR), C.11.2.1.3.1 (SIGMOID) and
    C.11.2.1.3.2 (LINEAR_EXACT).
    """
    if width < 1 if function == "LINEAR" else width <= 0:
        raise ValueError(f"has a window width of {width:g}, too small for {function}")
    if function == "SIGMOID":
        # Beyond 50 the result no longer changes, and exp could overflow.
        exponent = np.clip(-4 * (values - center) / width, -50, 50)
        return 1 / (1 + np.exp(exponent))
    if function == "LINEAR":
        center, width = center - 0.5, width - 1
    elif function != "LINEAR_EXACT":
        raise ValueError(f"has an unknown VOI LUT function, {function!r}")
    if width == 0:
        return (values > center).astype(np.float64)
    return np.clip((values - center) / width + 0.5, 0, 1)


def _look_up(
    values: np.ndarray, item: Any, dataset: Any, *, signed: bool
) -> tuple[np.ndarray, tuple[float, float]]:
    """Map integers through a modality or VOI LUT (DICOM PS3.3 C.11.1.1.1).

    Parameters
    ----------
    values : ndarray of whole numbers
        Values to map. Values outside of the table are mapped to its ends.
    item : pydicom.Dataset
        Item of a LUT sequence.
    dataset : pydicom.Dataset
        Elements of the file.
    signed : bool
        Whether the values may be negative.

    Returns
    -------
    mapped : ndarray of int64
    span : (int, int)
        Lowest and highest possible value.
    """
    try:
        n_entries, first, depth = (int(value) for value in item.LUTDescriptor)
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError("has a lookup table without a valid descriptor") from error
    n_entries = n_entries % 2**16 or 2**16  # 0 means 65,536
    if signed and first >= 2**15:
        first -= 2**16  # a negative number that was read as unsigned
    if not 8 <= depth <= 16:
        raise ValueError(f"has a lookup table of {depth} bits, expected 8 to 16")
    table = _read_table(item, dataset, n_entries, depth)
    if table.max() >= 2**depth:
        raise ValueError(
            f"has a lookup table of {depth} bits with the value {table.max()}"
        )
    # Floats are clipped before the conversion, which could overflow.
    places = np.clip(values - first, 0, n_entries - 1).astype(np.int64)
    return table[places], (0, 2**depth - 1)


def _read_table(item: Any, dataset: Any, n_entries: int, depth: int) -> np.ndarray:
    """Return the entries of a lookup table, which may be packed two to a word."""
    data = item.get("LUTData")
    if isinstance(data, bytes):
        little = dataset.original_encoding[1] is not False
        words = np.frombuffer(data[: len(data) // 2 * 2], "<u2" if little else ">u2")
        if len(data) % 2:
            words = np.append(words, np.uint16(data[-1]))
    else:
        words = np.atleast_1d(np.asarray([] if data is None else data, dtype=np.int64))
    words = words.astype(np.int64) & 0xFFFF
    if len(words) < n_entries and depth == 8 and 2 * len(words) >= n_entries:
        words = np.stack([words & 0xFF, words >> 8], axis=1).ravel()
    if len(words) < n_entries:
        raise ValueError(
            f"has a lookup table of {len(words)} entries where it states {n_entries}"
        )
    return words[:n_entries]
