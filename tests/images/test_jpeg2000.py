"""JPEG 2000 files of any number of bits, compared with the pixels before encoding."""

import io

import numpy as np
import pytest
from PIL import Image

from cxrclf.images import read_image, read_values
from image_files import saved, why

J2K, JP2 = 0, 1


def encode(tmp_path, values, bits, container=JP2, **options):
    openjpeg = pytest.importorskip("openjpeg.utils")
    data = openjpeg.encode_array(
        values,
        bits_stored=bits,
        photometric_interpretation=2 if values.ndim == 2 else 1,
        codec_format=container,
        **options,
    )
    path = tmp_path / "image.jp2"
    path.write_bytes(bytes(data))
    return path


@pytest.mark.parametrize("container", [J2K, JP2])
@pytest.mark.parametrize("bits", [8, 9, 10, 12, 14, 15, 16])
def test_gray(tmp_path, bits, container):
    values = np.random.default_rng(0).integers(0, 2**bits, (40, 50))
    values = values.astype(np.uint8 if bits == 8 else np.uint16)
    pixels = read_image(encode(tmp_path, values, bits, container))
    top = 255 if bits == 8 else 65535
    assert pixels.dtype == (np.uint8 if bits == 8 else np.uint16)
    np.testing.assert_array_equal(pixels, np.rint(values * (top / (2**bits - 1))))


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_signed_pixels_are_refused(tmp_path, bits):
    values = np.zeros((40, 50), np.int8 if bits == 8 else np.int16)
    assert why(encode(tmp_path, values, bits)).startswith("has signed pixels")


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_colors(tmp_path, bits):
    values = np.random.default_rng(0).integers(0, 2**bits, (40, 50, 3))
    values = values.astype(np.uint8 if bits == 8 else np.uint16)
    path = encode(tmp_path, values, bits, use_mct=False)
    if bits == 8:
        gray = values @ [0.299, 0.587, 0.114]
        np.testing.assert_allclose(read_image(path), gray, atol=0.51)
    else:
        assert why(path).startswith(f"has colors or transparency of {bits} bits")


def test_bits_stored(tmp_path):
    values = np.array([[0, 4095] * 20] * 40, dtype=np.uint16)
    path = encode(tmp_path, values, 16)
    np.testing.assert_array_equal(
        read_image(path, bits_stored=12), (values > 0) * 65535
    )
    path = encode(tmp_path, values, 12)
    np.testing.assert_array_equal(
        read_image(path, bits_stored=10), (values > 0) * 65535
    )


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_files_of_pillow(tmp_path, scan, mode):
    image = Image.fromarray(scan).convert(mode)
    np.testing.assert_array_equal(read_image(saved(tmp_path, image, ".jp2")), scan)


def test_a_damaged_header(tmp_path, scan):
    file = io.BytesIO()
    Image.fromarray(scan).save(file, "JPEG2000")
    path = tmp_path / "image.jp2"
    path.write_bytes(file.getvalue().replace(b"\xff\x4f\xff\x51", b"\xff\x4f\xff\x50"))
    assert "header cannot be read" in why(path)


def test_stored_values(tmp_path, scan):
    path = encode(tmp_path, scan, 8)
    np.testing.assert_array_equal(read_values(path), scan)
    path = encode(tmp_path, scan.astype(np.uint16), 12)
    with pytest.raises(ValueError, match="labels are not read"):
        read_values(path)
