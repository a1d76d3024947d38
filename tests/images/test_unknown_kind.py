"""Files that are no images that are read, each named by its kind."""

import gzip
import io
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image

from image_files import tiff_file, why


def zip_file():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("scan.png", b"")
    return file.getvalue()


def npy_file():
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    return file.getvalue()


def jpeg(change):
    file = io.BytesIO()
    Image.new("L", (16, 16)).save(file, "JPEG")
    data = bytearray(file.getvalue())
    change(data, data.index(b"\xff\xc0"))
    return bytes(data)


def twelve_bits(data, frame):
    data[frame + 1] = 0xC1
    data[frame + 4] = 12


def jpeg_ls(data, frame):
    data[frame + 1] = 0xF7


def no_size(data, frame):
    data[frame + 5 : frame + 9] = bytes(4)


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (LFS, "is a Git LFS pointer, not the image; run 'git lfs pull'"),
        (b"<!DOCTYPE html><html>", "is a web page (HTML), not the image"),
        (b"\xef\xbb\xbf\n <html>", "is a web page (HTML), not the image"),
        (b"<?xml version='1.0'?>", "is a text (XML or SVG)"),
        (b"<svg></svg>", "is a text (XML or SVG)"),
        (zip_file(), "is a ZIP archive; unpack it"),
        (gzip.compress(b"image", mtime=0), "is compressed with gzip; unpack it"),
        (b"BZh91AY&SY", "is compressed with bzip2"),
        (b"\xfd7zXZ\0\0", "is compressed with xz"),
        (b"7z\xbc\xaf\x27\x1c", "is a 7z archive"),
        (b"Rar!\x1a", "is a RAR archive"),
        (bytes(range(1, 256)) + b"\1\2ustar\0", "is a tar archive"),
        (b"%PDF-1.7", "is a PDF; save its images as PNG or TIFF"),
        (npy_file(), "is an array of NumPy; load it with numpy.load"),
        (b"\x89HDF\r\n\x1a\n", "is HDF5 or MATLAB data"),
        (b"MATLAB 5.0 MAT-file", "is MATLAB data"),
        (b"NRRD0004\n", "is NRRD"),
        (struct.pack("<i", 348) + bytes(340) + b"n+1\0", "is NIfTI"),
        (struct.pack(">i", 348) + bytes(340) + b"ni1\0", "is NIfTI"),
        (struct.pack("<i", 540) + b"n+2\0\r\n", "is NIfTI"),
        (b"\0\0\0\x18ftypheic\0\0", "is HEIC"),
        (b"\0\0\0\x0cJXL \r\n", "is JPEG XL"),
        (b"\xff\x0a\0\0", "is JPEG XL"),
        (bytes(5000), "holds only zero bytes"),
        (b"\x89PNG\r\n\x1a\n", "is a damaged PNG file"),
        (b"II*\0\xff\xff\xff\xff", "is a damaged TIFF file"),
        (tiff_file(np.ones((2, 2)), 64, 1, kind=3), "is a TIFF of a kind that"),
        (jpeg(twelve_bits), "is a JPEG of 12 bits, which Pillow does not read"),
        (jpeg(jpeg_ls), "is JPEG-LS, which is not read"),
        (jpeg(no_size), "is a damaged JPEG file"),
        (b"not a radiograph", "is not an image, or not of a known format"),
        (bytes(range(7, 100)), "is not an image, or not of a known format"),
    ],
)
def test_the_kind_is_named(tmp_path, data, reason):
    path = tmp_path / "scan.jpg"
    path.write_bytes(data)
    assert why(path).startswith(reason)


@pytest.mark.parametrize("kind", ["ICO", "ICNS", "DDS", "QOI", "EPS", "DIB", "XBM"])
def test_other_formats_of_pillow_are_refused(tmp_path, kind):
    path = tmp_path / "scan.png"
    image = Image.new("1" if kind == "XBM" else "RGB", (32, 32))
    try:
        image.save(path, kind)
    except KeyError:
        pytest.skip("needs a newer Pillow")
    assert why(path) == (
        f"is of the format {kind}, which is not read; save it as PNG or TIFF"
    )


def test_tga_has_no_signature_and_is_no_image(tmp_path):
    path = tmp_path / "scan.tga"
    Image.new("L", (32, 32), 7).save(path)
    assert why(path) == "is not an image, or not of a known format"
