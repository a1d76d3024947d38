"""Read the headers of image files as columns of metadata."""

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

import numpy as np
from PIL import Image, JpegImagePlugin

from cxrclf.exceptions import ImageReadError, MissingDependencyError
from cxrclf.images._dicom import read_dicom_header
from cxrclf.images._formats import find_format
from cxrclf.images._pillow import open_pillow
from cxrclf.images._read_image import (
    describe_error,
    name_source,
    open_source,
    quiet_decoders,
)

_THREADS = 8
_BITS_PER_SAMPLE = 258  # TIFF tag
_SUBSAMPLING = {-1: "gray", 0: "4:4:4", 1: "4:2:2", 2: "4:2:0"}
_MODE_BITS = {"1": 1, "I": 32, "F": 32, "I;16": 16, "I;16B": 16, "I;16L": 16}
# Elements of DICOM that describe how an image was taken and stored. Age and sex are not
# among them, nor windows and exposures, which depend on the patient.
_ELEMENTS = (
    "BitsStored",
    "BodyPartExamined",
    "ImagerPixelSpacing",
    "InstitutionName",
    "Manufacturer",
    "ManufacturerModelName",
    "Modality",
    "PhotometricInterpretation",
    "PixelSpacing",
    "StationName",
    "ViewPosition",
)


def read_image_metadata(
    paths: Iterable[str | os.PathLike[str]],
) -> dict[str, np.ndarray]:
    """Read what the headers of image files contain besides pixels.

    The pixels are not decoded. Such data should not depend on a disease. If they
    predict the classes of a data set, the classes come from different sources.

    Parameters
    ----------
    paths : iterable of path-like
        Paths of n files in any format of :func:`read_image`.

    Returns
    -------
    dict of str to ndarray of shape (n,)
        Columns of floats, with nan where a file lacks the value, and columns of text,
        with ``""`` where a file lacks the value:

        - ``bytes``: size of the file;
        - ``width``, ``height`` (as stored, in pixels) and ``aspect``, their ratio;
        - ``format``: ``"JPEG"``, ``"PNG"``, ``"DICOM"`` and so on;
        - ``mode``: colors in the words of Pillow, such as ``"L"`` and ``"RGB"``;
        - ``bits``: number of bits per channel;
        - ``jpeg_quantization``: mean step of the first quantization table of a JPEG,
          which is small for a high quality;
        - ``jpeg_tables``: number of quantization tables;
        - ``jpeg_subsampling``, ``jpeg_progressive``: further settings of a JPEG;
        - ``has_exif``, ``has_color_profile``, ``has_resolution``: 1 if the file has
          them, else 0;
        - ``dicom_<Keyword>``: elements of DICOM, such as ``dicom_Manufacturer`` and
          ``dicom_ViewPosition``. Other files lack them.

        Columns without any value are left out.

    Raises
    ------
    TypeError
        If `paths` is a single path.
    ImageReadError
        If files cannot be read. The message names all of them.
    MissingDependencyError
        If a file is DICOM and pydicom is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from cxrclf.images import read_image_metadata
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "scan.png"
    ...     Image.new("L", (30, 40)).save(path)
    ...     metadata = read_image_metadata([path])
    >>> metadata["format"].tolist(), metadata["width"].tolist()
    (['PNG'], [30.0])
    """
    if isinstance(paths, (str, bytes, os.PathLike)):
        raise TypeError(
            f"paths must be a list of paths, got the single path {paths!r}. Pass "
            "[path]."
        )
    paths = list(paths)
    with quiet_decoders(), ThreadPoolExecutor(_THREADS) as executor:
        found = list(executor.map(_try_to_read, paths))
    failures: dict[str, str] = {}
    for item in found:
        if isinstance(item, ImageReadError):
            failures.update(item.failures)
    if failures:
        raise ImageReadError(failures)
    names = list(dict.fromkeys(name for item in found for name in item))
    return {name: _as_column([item.get(name) for item in found]) for name in names}


def _as_column(values: list[Any]) -> np.ndarray:
    if any(isinstance(value, str) for value in values):
        return np.array(["" if value is None else str(value) for value in values])
    return np.array([np.nan if value is None else value for value in values], float)


def _try_to_read(path: Any) -> Any:
    """Return the values of a file, or the error."""
    name = name_source(path)
    try:
        with open_source(path) as file:
            values: dict[str, Any] = {"bytes": os.fstat(file.fileno()).st_size}
            if find_format(file, name) is not None:
                return values | _read_dicom(file)
            with open_pillow(file) as image:
                return values | _read_pillow(image, file)
    except MissingDependencyError:
        raise
    except Exception as error:
        # A damaged file can cause any exception in a decoder.
        return ImageReadError({name: describe_error(name, error)})


def _read_pillow(image: Any, file: IO[bytes]) -> dict[str, Any]:
    values = _size(*image.size) | {
        "format": image.format,
        "mode": image.mode,
        "bits": _count_bits(image, file),
        "has_exif": float("exif" in image.info),
        "has_color_profile": float("icc_profile" in image.info),
        "has_resolution": float("dpi" in image.info),
    }
    tables = getattr(image, "quantization", None)
    if image.format in ("JPEG", "MPO") and tables:
        sampling = JpegImagePlugin.get_sampling(image)
        values |= {
            "jpeg_quantization": float(np.mean(tables[min(tables)])),
            "jpeg_tables": len(tables),
            "jpeg_subsampling": _SUBSAMPLING.get(sampling, "other"),
            "jpeg_progressive": float("progressive" in image.info),
        }
    return values


def _size(width: int, height: int) -> dict[str, Any]:
    return {"width": width, "height": height, "aspect": width / height}


def _count_bits(image: Image.Image, file: IO[bytes]) -> int:
    """Return the number of bits per channel."""
    if image.format == "PNG":
        file.seek(24)  # behind the size in the first chunk
        return file.read(1)[0]
    if image.format == "TIFF":
        bits = image.tag_v2.get(_BITS_PER_SAMPLE, (1,))  # type: ignore[attr-defined]
        return int(np.max(bits))
    return int(getattr(image, "bits", 0) or _MODE_BITS.get(image.mode, 8))


def _read_dicom(file: IO[bytes]) -> dict[str, Any]:
    dataset = read_dicom_header(file)
    values: dict[str, Any] = _size(int(dataset.Columns), int(dataset.Rows))
    values |= {
        "format": "DICOM",
        "mode": str(dataset.get("PhotometricInterpretation", "")),
        "bits": int(dataset.get("BitsStored", 0)) or None,
        "dicom_TransferSyntax": str(dataset.file_meta.TransferSyntaxUID),
    }
    for keyword in _ELEMENTS:
        value = dataset.get(keyword)
        if value not in (None, ""):
            values[f"dicom_{keyword}"] = str(value).strip()
    return values
