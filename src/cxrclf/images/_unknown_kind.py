"""Name the kind of a file that is not read as an image."""

import os
import struct
from typing import IO

from PIL.TiffImagePlugin import ImageFileDirectory_v2

_HEAD = 4096  # number of bytes that are examined
UNKNOWN = "is not an image, or not of a known format"

# Kinds of files by their first bytes, and what to do with them.
_SIGNATURES = (
    (
        b"version https://git-lfs",
        "is a Git LFS pointer, not the image; run 'git lfs pull'",
    ),
    (b"PK\x03\x04", "is a ZIP archive; unpack it"),
    (b"\x1f\x8b", "is compressed with gzip; unpack it"),
    (b"BZh", "is compressed with bzip2; unpack it"),
    (b"\xfd7zXZ\0", "is compressed with xz; unpack it"),
    (b"\x28\xb5\x2f\xfd", "is compressed with zstd; unpack it"),
    (b"7z\xbc\xaf\x27\x1c", "is a 7z archive; unpack it"),
    (b"Rar!", "is a RAR archive; unpack it"),
    (b"%PDF", "is a PDF; save its images as PNG or TIFF"),
    (b"\x93NUMPY", "is an array of NumPy; load it with numpy.load and pass the array"),
    (b"\x89HDF", "is HDF5 or MATLAB data; pass its arrays"),
    (b"MATLAB 5.0", "is MATLAB data; pass its arrays"),
    (b"NRRD0", "is NRRD, which is not read; save it as PNG or TIFF"),
    (b"\xff\x0a", "is JPEG XL, which is not read; save it as PNG or TIFF"),
    (b"\0\0\0\x0cJXL ", "is JPEG XL, which is not read; save it as PNG or TIFF"),
)
_IMAGES = (
    (b"\x89PNG", "PNG"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"RIFF", "WebP"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
)
_PAGES = (b"<!doctype html", b"<html", b"<head", b"<body")
_BRANDS = {
    b"avif": "AVIF, which this Pillow does not read; update Pillow, or save it as PNG",
    b"avis": "an animated AVIF; save each image to a file of its own",
}
_HEIC = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_BITS, _COMPRESSION, _PHOTOMETRIC, _EXTRA, _FORMAT = 258, 259, 262, 338, 339
_WIDTH, _SAMPLES = 256, 277
_FORMATS = {1: "unsigned", 2: "signed", 3: "floating-point", 5: "complex", 6: "complex"}
_PHOTOMETRICS = {
    0: "gray (white is zero)",
    1: "gray",
    2: "RGB",
    3: "palette",
    5: "CMYK",
    6: "YCbCr",
    8: "CIELAB",
}


def describe_unknown(file: IO[bytes]) -> str:
    """Return why Pillow does not recognize a file as an image.

    Parameters
    ----------
    file : binary file
        An open file.

    Returns
    -------
    str
        A few words that complete the sentence "path: ...".
    """
    file.seek(0)
    head = file.read(_HEAD)
    for signature, words in _SIGNATURES:
        if head.startswith(signature):
            return words
    for signature, name in _IMAGES:
        if head.startswith(signature):
            return f"is a damaged {name} file: its header cannot be read"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(_PAGES):
        return "is a web page (HTML), not the image; download the image again"
    if text.startswith((b"<?xml", b"<svg")):
        return "is a text (XML or SVG), not an image of pixels; save it as PNG"
    if head.startswith(b"\xff\xd8"):
        return _describe_jpeg(file)
    if head.startswith(_TIFF):
        return _describe_tiff(file, head)
    return _describe_header(head)


def _describe_header(head: bytes) -> str:
    """Describe files without a signature at their start."""
    if head[4:8] == b"ftyp":
        if head[8:12] in _HEIC:
            return "is HEIC, which is not read; save it as PNG or JPEG"
        if head[8:12] in _BRANDS:
            return f"is {_BRANDS[head[8:12]]}"
    nifti = head[344:347] in (b"n+1", b"ni1") or head[4:7] in (b"n+2", b"ni2")
    if nifti or head[:4] in (struct.pack("<i", 348), struct.pack(">i", 348)):
        return "is NIfTI, which is not read; save its images as PNG or TIFF"
    if head[257:262] == b"ustar":
        return "is a tar archive; unpack it"
    if not head.strip(b"\0"):
        return "holds only zero bytes; copy or download it again"
    return UNKNOWN


def _describe_jpeg(file: IO[bytes]) -> str:
    """Describe a JPEG by its frame header."""
    file.seek(2)
    while len(marker := file.read(4)) == 4 and marker[0] == 0xFF:
        kind, length = marker[1], int.from_bytes(marker[2:])
        # The frame headers are C0 to CF, without three other markers.
        if kind == 0xF7:
            return "is JPEG-LS, which is not read; save it as PNG or TIFF"
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            bits = file.read(1)
            if bits and bits[0] != 8:
                return (
                    f"is a JPEG of {bits[0]} bits, which Pillow does not read; save it "
                    "as 16-bit PNG or TIFF"
                )
            break
        file.seek(length - 2, os.SEEK_CUR)
    return "is a damaged JPEG file, or of a rare kind; save it again as JPEG or PNG"


def _describe_tiff(file: IO[bytes], head: bytes) -> str:
    """Describe a TIFF by its tags."""
    cure = "save it as gray TIFF or PNG of 8 or 16 bits"
    if head.startswith(b"MM\0+"):
        return f"is a big-endian BigTIFF, which Pillow does not read; {cure}"
    try:
        tags = ImageFileDirectory_v2(head[: 16 if head[2] == 43 else 8])
        file.seek(tags.next)
        tags.load(file)
        width = tags[_WIDTH]
        bits = tags.get(_BITS, (1,))
        samples = tags.get(_SAMPLES, 1)
        photometric = tags.get(_PHOTOMETRIC, 1)
        compression = tags.get(_COMPRESSION, 1)
        formats = tags.get(_FORMAT, (1,))
    except Exception:  # damaged tags can cause any exception
        width = 0
    if width == 0:
        return "is a damaged TIFF file: its tags cannot be read"
    kind = _FORMATS.get(formats[0], "unknown")
    color = _PHOTOMETRICS.get(photometric, f"photometric {photometric}")
    order = "big-endian" if head.startswith(b"MM") else "little-endian"
    extra = ", with extra samples" if tags.get(_EXTRA) else ""
    return (
        f"is a TIFF of a kind that Pillow does not read ({order}, {bits[0]}-bit {kind} "
        f"pixels, {color}, {samples} per pixel{extra}, compression {compression}); "
        f"{cure}"
    )
