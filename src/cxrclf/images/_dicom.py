"""Grey pixels from DICOM files, as a viewer shows them."""

import os
from typing import IO, Any

import numpy as np

from cxrclf._utils.optional import import_optional

_PREFIX_AT, _PREFIX = 128, b"DICM"


def is_dicom(head: bytes, path: str) -> bool:
    """Tell DICOM by the first 132 bytes of a file, or by the end of its name."""
    suffix = os.path.splitext(path)[1].lower()
    return head[_PREFIX_AT:] == _PREFIX or suffix in (".dcm", ".dicom")


def read_dicom(file: IO[bytes]) -> np.ndarray:
    """Read an open DICOM file as grey pixels.

    Modality LUT or rescale, then the first VOI LUT or else the first window, then
    the inversion of MONOCHROME1. Without either the full range of the stored bits
    is kept, so that equal values stay equal across files.

    Returns
    -------
    ndarray of shape (H, W)
        uint8 where at most 8 bits are stored, else uint16; 0 is black.
    """
    pydicom = import_optional(
        "pydicom", extra="dicom", purpose="Reading a DICOM radiograph"
    )
    dataset = pydicom.dcmread(file, force=True)
    _check(dataset, pydicom)
    values, span = _modality(dataset.pixel_array, dataset)
    shown = _shown(values, span, dataset)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        shown = 1 - shown
    dtype = np.uint8 if dataset.BitsStored <= 8 else np.uint16
    return np.rint(shown * np.iinfo(dtype).max).astype(dtype)


def _check(dataset: Any, pydicom: Any) -> None:
    if "PixelData" not in dataset:
        raise ValueError("is not a DICOM image (it has no pixel data)")
    colours = dataset.PhotometricInterpretation
    if dataset.SamplesPerPixel != 1 or not colours.startswith("MONOCHROME"):
        raise ValueError(
            f"is a colour DICOM image ({colours}); radiographs are MONOCHROME1 or 2"
        )
    n_frames = int(dataset.get("NumberOfFrames") or 1)
    if n_frames != 1:
        raise ValueError(f"is a DICOM image of {n_frames} frames, expected one")
    if "TransferSyntaxUID" not in dataset.file_meta:
        # A file without the prefix has no meta information either.
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
            f"is compressed as {syntax.name}, which needs a plugin of pydicom: "
            "pip install pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg"
        )


def _can_decompress(syntax: Any, pydicom: Any) -> bool:
    try:
        return pydicom.pixels.get_decoder(syntax).is_available
    except NotImplementedError:
        return False


def _modality(
    stored: np.ndarray, dataset: Any
) -> tuple[np.ndarray, tuple[float, float]]:
    """Return the modality's values and the least and greatest possible ones."""
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


def _shown(values: np.ndarray, span: tuple[float, float], dataset: Any) -> np.ndarray:
    """Return what a display shows of the modality's values: 0 black, 1 white."""
    centre, width = dataset.get("WindowCenter"), dataset.get("WindowWidth")
    if dataset.get("VOILUTSequence"):
        whole = np.rint(values).astype(np.int64)
        values, span = _look_up(whole, dataset.VOILUTSequence[0], dataset)
    elif not _is_empty(centre) and not _is_empty(width):
        function = str(dataset.get("VOILUTFunction") or "LINEAR").upper()
        return _window(values, _first(centre), _first(width), function)
    low, high = span
    if high == low:
        raise ValueError("has a rescale slope of 0")
    return np.clip((values - low) / (high - low), 0, 1)


def _window(
    values: np.ndarray, centre: float, width: float, function: str
) -> np.ndarray:
    """Apply a window, with 0 for its minimum and 1 for its maximum.

    DICOM PS3.3 C.11.2.1.2.1 (LINEAR), C.11.2.1.3.1 (SIGMOID), C.11.2.1.3.2
    (LINEAR_EXACT).
    """
    if width < 1 if function == "LINEAR" else width <= 0:
        raise ValueError(f"has a window width of {width:g}, too small for {function}")
    if function == "SIGMOID":
        # Beyond 50 the result no longer changes, and exp would overflow.
        steepness = np.clip(-4 * (values - centre) / width, -50, 50)
        return 1 / (1 + np.exp(steepness))
    if function == "LINEAR":
        centre, width = centre - 0.5, width - 1
    elif function != "LINEAR_EXACT":
        raise ValueError(f"has an unknown VOI LUT function, {function!r}")
    if width == 0:
        return (values > centre).astype(np.float64)
    return np.clip((values - centre) / width + 0.5, 0, 1)


def _look_up(
    values: np.ndarray, item: Any, dataset: Any
) -> tuple[np.ndarray, tuple[float, float]]:
    """Map whole numbers through a modality or VOI LUT (DICOM PS3.3 C.11.1.1.1)."""
    n_entries, first, depth = (int(value) for value in item.LUTDescriptor)
    n_entries = n_entries or 2**16  # 0 stands for 65,536, which 16 bits cannot hold
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


def _first(value: Any) -> float:
    return float(np.atleast_1d(value)[0])
