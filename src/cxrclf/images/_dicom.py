"""Read DICOM files as gray pixels, as a viewer shows them."""

import os
import zlib
from typing import IO, Any

import numpy as np

from cxrclf._utils.optional import import_optional
from cxrclf.images._dicom_header import Header, check_kind, read_size
from cxrclf.images._dicom_pixels import decode_pixels
from cxrclf.images._dicom_shades import to_gray

_PREFIX_AT, _PREFIX = 128, b"DICM"
_META_AT = 144  # first byte behind the group length of the file meta information
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_EXPLICIT = b"1.2.840.10008.1.2.1\0\0\0"  # of the same length
_HEADER_BYTES = 2**24  # largest header of a deflated file


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

    Raises
    ------
    ValueError
        If the file is no image of one frame, or an element has no valid value.
    PIL.Image.DecompressionBombError
        If the image has more pixels than Pillow allows.
    """
    pydicom = _import_pydicom()
    dataset = _read_dataset(file, pydicom)
    check_kind(dataset)
    header = Header.from_dataset(dataset)
    header.check_size()
    return to_gray(decode_pixels(dataset, header, pydicom), dataset, header)


def read_dicom_size(file: IO[bytes]) -> tuple[int, int]:
    """Read the height and width of an open DICOM file, without its pixels."""
    return read_size(read_dicom_header(file))


def read_dicom_header(file: IO[bytes]) -> Any:
    """Read all elements of an open DICOM file except the pixels."""
    return _read_dataset(file, _import_pydicom(), stop_before_pixels=True)


def _import_pydicom() -> Any:
    return import_optional(
        "pydicom", extra="dicom", purpose="Reading a DICOM radiograph"
    )


def _read_dataset(file: IO[bytes], pydicom: Any, **options: Any) -> Any:
    """Read the elements of a file, and add a transfer syntax if it is missing."""
    start = file.read(_META_AT)
    if start[_PREFIX_AT:][: len(_PREFIX)] == _PREFIX:
        start += file.read(int.from_bytes(start[-4:], "little") % 2**16)
    file.seek(0)
    source: Any = _BoundedFile(file)
    if _DEFLATED in start:
        source = _inflate(file, start, pydicom)
    dataset = pydicom.dcmread(source, force=True, **options)
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
    return dataset


class _BoundedFile:
    """File whose `read` allocates no more than the file has left.

    A damaged length in a DICOM file would allocate up to 4 GB.
    """

    def __init__(self, file: IO[bytes]):
        self._file = file
        self._size = file.seek(0, os.SEEK_END)
        self.seek, self.tell = file.seek, file.tell
        file.seek(0)

    def read(self, size: int | None = -1) -> bytes:
        left = max(0, self._size - self._file.tell())
        if size is None or size < 0 or size > left:
            size = left
        return self._file.read(size)


def _inflate(file: IO[bytes], start: bytes, pydicom: Any) -> Any:
    """Return a deflated file as an uncompressed one.

    The size of the image limits the number of bytes that are inflated.
    """
    file.seek(len(start))
    data, inflater = file.read(), zlib.decompressobj(-zlib.MAX_WBITS)
    start = start.replace(_DEFLATED, _EXPLICIT)
    inflated = inflater.decompress(data, _HEADER_BYTES)

    def uncompressed() -> Any:
        return pydicom.filebase.DicomBytesIO(start + inflated)

    dataset = pydicom.dcmread(uncompressed(), force=True, stop_before_pixels=True)
    header = Header.from_dataset(dataset)
    header.check_size()
    inflated += inflater.decompress(inflater.unconsumed_tail, 2 * header.n_bytes)
    return uncompressed()
