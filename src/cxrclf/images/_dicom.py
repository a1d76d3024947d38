"""Read DICOM files as gray pixels, as a viewer shows them."""

import os
from typing import IO, Any

import numpy as np

from cxrclf._utils.optional import import_optional

_PREFIX_AT, _PREFIX = 128, b"DICM"


def is_dicom(head: bytes, path: str) -> bool:
    """Recognize DICOM by the first 132 bytes of a file, or by its suffix."""
    suffix = os.path.splitext(path)[1].lower()
    return head[_PREFIX_AT:] == _PREFIX or suffix in (".dcm", ".dicom")


def read_dicom(file: IO[bytes]) -> np.ndarray:
    """Read an open DICOM file as gray pixels.

    The steps are the modality LUT or the rescale slope and intercept, then the first
    VOI LUT or else the first window, then the inversion of MONOCHROME1. Without a VOI
    LUT or window the full range of the stored bits is used, so that equal values in
    different files stay equal.

    Parameters
    ----------
    file : binary file object
        Open DICOM file.

    Returns
    -------
    ndarray of shape (H, W)
        Pixels of uint8 if at most 8 bits are stored, else of uint16. Black is 0.
    """
    pydicom = import_optional(
        "pydicom", extra="dicom", purpose="Reading a DICOM radiograph"
    )
    dataset = pydicom.dcmread(file, force=True)
    _check_dataset(dataset, pydicom)
    values, span = _apply_modality(dataset.pixel_array, dataset)
    gray = _apply_voi(values, span, dataset)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        gray = 1 - gray
    dtype = np.uint8 if dataset.BitsStored <= 8 else np.uint16
    return np.rint(gray * np.iinfo(dtype).max).astype(dtype)


def read_dicom_size(file: IO[bytes]) -> tuple[int, int]:
    """Read the height and width of an open DICOM file, without its pixels."""
    pydicom = import_optional(
        "pydicom", extra="dicom", purpose="Reading a DICOM radiograph"
    )
    dataset = pydicom.dcmread(file, force=True, stop_before_pixels=True)
    return int(dataset.Rows), int(dataset.Columns)


def _check_dataset(dataset: Any, pydicom: Any) -> None:
    if "PixelData" not in dataset:
        raise ValueError("is not a DICOM image (it has no pixel data)")
    colors = dataset.PhotometricInterpretation
    if dataset.SamplesPerPixel != 1 or not colors.startswith("MONOCHROME"):
        raise ValueError(
            f"is a color DICOM image ({colors}); radiographs are MONOCHROME1 or 2"
        )
    n_frames = int(dataset.get("NumberOfFrames") or 1)
    if n_frames != 1:
        raise ValueError(f"is a DICOM image of {n_frames} frames, expected one")
    if "TransferSyntaxUID" not in dataset.file_meta:
        # A file without the DICM prefix has no meta information. pydicom needs the
        # transfer syntax to decode the pixels.
        implicit, little = dataset.original_encoding
        uid = pydicom.uid
        dataset.file_meta.TransferSyntaxUID = (
            uid.ImplicitVRLittleEndian
            if implicit
            else uid.ExplicitVRLittleEndian
            if little
            else uid.ExplicitVRBigEndian
        )
    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax.is_compressed and not _can_decompress(syntax, pydicom):
        raise ValueError(
            f"is compressed as {syntax.name}, which needs plugins of pydicom: "
            "pip install pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg"
        )


def _can_decompress(syntax: Any, pydicom: Any) -> bool:
    try:
        return pydicom.pixels.get_decoder(syntax).is_available
    except NotImplementedError:
        return False


def _apply_modality(
    stored: np.ndarray, dataset: Any
) -> tuple[np.ndarray, tuple[float, float]]:
    """Apply the modality LUT or rescale, and return the values and their full range."""
    stored = stored.astype(np.int64)
    bits = int(dataset.BitsStored)
    low, high = (
        (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        if dataset.PixelRepresentation
        else (0, 2**bits - 1)
    )
    if dataset.get("ModalityLUTSequence"):
        return _look_up(stored, dataset.ModalityLUTSequence[0], dataset)
    slope, intercept = dataset.get("RescaleSlope"), dataset.get("RescaleIntercept")
    if slope is None or intercept is None:
        return stored, (low, high)
    slope, intercept = float(slope), float(intercept)
    ends = low * slope + intercept, high * slope + intercept
    return stored * slope + intercept, (min(ends), max(ends))


def _apply_voi(
    values: np.ndarray, span: tuple[float, float], dataset: Any
) -> np.ndarray:
    """Apply the VOI LUT or window, and return values from 0 (black) to 1 (white)."""
    center, width = dataset.get("WindowCenter"), dataset.get("WindowWidth")
    if dataset.get("VOILUTSequence"):
        whole = np.rint(values).astype(np.int64)
        values, span = _look_up(whole, dataset.VOILUTSequence[0], dataset)
    elif not _is_empty(center) and not _is_empty(width):
        function = str(dataset.get("VOILUTFunction") or "LINEAR").upper()
        return _apply_window(
            values, _first_value(center), _first_value(width), function
        )
    low, high = span
    if high == low:
        raise ValueError("has a rescale slope of 0, so that all pixels are equal")
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
    values: np.ndarray, item: Any, dataset: Any
) -> tuple[np.ndarray, tuple[float, float]]:
    """Map integers through a modality or VOI LUT (DICOM PS3.3 C.11.1.1.1)."""
    n_entries, first, depth = (int(value) for value in item.LUTDescriptor)
    n_entries = n_entries or 2**16  # 0 means 65,536, which does not fit into 16 bits
    data = item.LUTData
    if isinstance(data, bytes):
        little = dataset.original_encoding[1] is not False
        data = np.frombuffer(data, dtype="<u2" if little else ">u2")
    table = np.asarray(data, dtype=np.int64)[:n_entries]
    if len(table) < n_entries:
        raise ValueError(
            f"has a lookup table of {len(table)} entries where it states {n_entries}"
        )
    return table[np.clip(values - first, 0, n_entries - 1)], (0, 2**depth - 1)


def _is_empty(value: Any) -> bool:
    return (
        value is None or value == "" or (hasattr(value, "__len__") and not len(value))
    )


def _first_value(value: Any) -> float:
    return float(np.atleast_1d(value)[0])
