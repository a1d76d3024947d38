"""Decode the pixel data of a DICOM file to stored values."""

import importlib
import importlib.util
import io
from typing import Any

import numpy as np

from cxrclf.images._dicom_header import Header, unsigned
from cxrclf.images._dicom_stream import STARTS, read_stream_header

_INSTALL = 'pip install "cxrclf[dicom]"'
_CONVERT = "convert it to an uncompressed file, for example with gdcmconv --raw"
_PLUGINS = ("gdcm", "openjpeg")
_NEAR = 2  # largest difference of the channels of a gray image after compression


def decode_pixels(dataset: Any, header: Header, pydicom: Any) -> np.ndarray:
    """Decode the pixel data of a file.

    Parameters
    ----------
    dataset : pydicom.Dataset
        Elements of the file. Its pixel data is removed, which frees its memory.
    header : Header
        Format of the values.
    pydicom : module

    Returns
    -------
    ndarray of shape (H, W), unsigned
        The stored bits of each value. All other bits are 0.

    Raises
    ------
    ValueError
        If the data is cut short, has several frames, is compressed in an unknown way,
        or holds colors.
    """
    if not dataset.PixelData:
        raise ValueError("is cut short (truncated): it has no bytes of pixels")
    syntax = dataset.file_meta.TransferSyntaxUID
    if not getattr(syntax, "is_transfer_syntax", False):
        raise ValueError(
            f"has a transfer syntax that is not known, {str(syntax)!r}; {_CONVERT}"
        )
    if syntax.is_compressed and syntax.is_encapsulated:
        stored = _decompress(dataset, header, syntax, pydicom)
    elif header.samples == 3:
        stored = dataset.pixel_array  # colors as RGB
    elif header.bits_allocated == 1:
        _check_length(dataset, header)
        stored = dataset.pixel_array
    else:
        stored = _read_native(dataset, header)
    del dataset.PixelData
    if header.samples == 3:
        stored = _take_gray(stored)
    if stored.shape != (header.rows, header.columns):
        raise ValueError(
            f"has pixel data of shape {stored.shape}, but states {header.rows} rows "
            f"and {header.columns} columns"
        )
    stored = stored.view(unsigned(8 * stored.dtype.itemsize))
    return _keep_stored_bits(stored, header, shift=not syntax.is_compressed)


def _keep_stored_bits(stored: np.ndarray, header: Header, shift: bool) -> np.ndarray:
    """Remove bits above and below the stored bits, such as overlays."""
    low = header.high_bit + 1 - header.bits_stored if shift else 0
    mask = stored.dtype.type(2**header.bits_stored - 1)
    if header.bits_stored == 8 * stored.dtype.itemsize and not low:
        return stored
    if not stored.flags.writeable:
        stored = stored.copy()
    if low:
        np.right_shift(stored, stored.dtype.type(low), out=stored)
    return np.bitwise_and(stored, mask, out=stored)


def _check_length(dataset: Any, header: Header) -> None:
    n_bytes, expected = len(dataset.PixelData), header.n_bytes
    if n_bytes < expected:
        raise ValueError(
            f"is cut short (truncated): it has {n_bytes} of {expected} bytes of pixels"
        )
    if n_bytes >= 2 * expected and n_bytes > expected + 1:
        raise ValueError(
            f"has pixel data of {n_bytes // expected} frames, but states one; save the "
            "frame as a file of its own"
        )
    # Zeros, and one byte for an even length, are padding.
    if np.frombuffer(dataset.PixelData, np.uint8)[expected + 1 :].any():
        raise ValueError(
            f"has {n_bytes} bytes of pixels, but {header.rows} rows and "
            f"{header.columns} columns need {expected}; correct its header"
        )


def _read_native(dataset: Any, header: Header) -> np.ndarray:
    """Return uncompressed gray pixels, of shape (H, W), without a copy."""
    _check_length(dataset, header)
    data, big = dataset.PixelData, dataset.original_encoding[1] is False
    if big and header.bits_allocated == 8 and dataset["PixelData"].VR == "OW":
        # Pairs of bytes are swapped, as for words of 16 bits.
        data = np.frombuffer(data[: len(data) // 2 * 2], "u2").byteswap().tobytes()
    dtype = unsigned(header.bits_allocated).newbyteorder(">" if big else "<")
    values = np.frombuffer(data, dtype, count=header.rows * header.columns)
    values = values.astype(dtype.newbyteorder("="), copy=False)
    return values.reshape(header.rows, header.columns)


def _take_gray(pixels: np.ndarray) -> np.ndarray:
    """Return one channel of an RGB image whose channels are equal."""
    first = pixels[..., 0]
    if any(
        np.abs(pixels[..., c].astype(np.int32) - first).max() > _NEAR for c in (1, 2)
    ):
        raise ValueError(
            "is a color DICOM image whose channels differ; radiographs are MONOCHROME1 "
            "or 2; save it as a gray image"
        )
    return np.ascontiguousarray(pixels[..., 1])


def _decompress(dataset: Any, header: Header, syntax: Any, pydicom: Any) -> np.ndarray:
    """Return the decoded pixels of a compressed file."""
    try:
        decoder = pydicom.pixels.get_decoder(syntax)
    except NotImplementedError as error:
        raise ValueError(
            f"is compressed as {syntax.name}, which is not read; {_CONVERT}"
        ) from error
    frame = _join_fragments(dataset.PixelData, pydicom)
    stream = read_stream_header(frame)
    if stream is not None:
        stream.check(header.rows, header.columns, header.samples, header.bits_allocated)
        if stream.is_jpeg_12_bit:
            return _decode_12_bits(frame, syntax)
    if not decoder.is_available:
        raise ValueError(
            f"is compressed as {syntax.name}, which needs plugins of pydicom: "
            f"{_INSTALL}"
        )
    # GDCM ends the process for some damaged files. So it is used if there is no other.
    names = decoder.available_plugins
    plugins = [name for name in names if name != "gdcm"] or list(names)
    try:
        return _decode_by_first(dataset, plugins, pydicom)
    except RuntimeError as error:
        reasons = " ".join(str(error).split())
        complete = all(map(importlib.util.find_spec, _PLUGINS))
        cure = f"try plugins of pydicom: {_INSTALL}"
        if complete:
            cure = "it may be damaged"
        raise ValueError(
            f"cannot be decompressed from {syntax.name}; {cure} ({reasons})"
        ) from error


def _decode_by_first(dataset: Any, plugins: list[str], pydicom: Any) -> np.ndarray:
    """Decode by the first plugin that can do it."""
    reasons = []
    for plugin in plugins:
        try:
            return pydicom.pixels.pixel_array(dataset, decoding_plugin=plugin)
        except Exception as error:  # plugins raise errors of any type
            reasons.append(str(error))
    raise RuntimeError("; ".join(reasons))


def _join_fragments(data: bytes, pydicom: Any) -> bytes:
    """Return the compressed frame, which may lie in several fragments."""
    buffer = io.BytesIO(data)
    pydicom.encaps.parse_basic_offsets(buffer)
    fragments = list(pydicom.encaps.generate_fragments(buffer))
    if not fragments:
        raise ValueError("is cut short (truncated): it has no compressed pixels")
    n_frames = sum(fragment.startswith(STARTS) for fragment in fragments)
    if n_frames > 1:
        raise ValueError(
            f"has compressed pixels of {n_frames} frames, but states one; save the "
            "frame as a file of its own"
        )
    return b"".join(fragments)


def _decode_12_bits(frame: bytes, syntax: Any) -> np.ndarray:
    """Decode a lossy JPEG of 12 bits, which pydicom's usual plugins do not read."""
    try:
        imagecodecs = importlib.import_module("imagecodecs")
    except ModuleNotFoundError as error:
        raise ValueError(
            f"is compressed as {syntax.name} with 12 bits, which needs imagecodecs: "
            "pip install imagecodecs"
        ) from error
    return np.asarray(imagecodecs.jpeg_decode(frame))
