"""Reading an image file: its size, and why it cannot be read."""

import io
import re
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from cxrclf.exceptions import ImageReadError
from cxrclf.images import read_image, read_image_size
from image_files import resized, saved, why


def test_one_pixel_is_an_image(tmp_path):
    path = saved(tmp_path, np.full((1, 1), 9, dtype=np.uint8))
    assert read_image(path).tolist() == [[9]]
    assert read_image(path, (2, 3)).tolist() == [[9, 9, 9], [9, 9, 9]]


def test_takes_path_objects_and_str(tmp_path, scan):
    path = saved(tmp_path, scan)
    np.testing.assert_array_equal(read_image(str(path)), read_image(path))


# Size


def test_one_number_is_a_square(tmp_path, scan):
    path = saved(tmp_path, scan)
    np.testing.assert_array_equal(read_image(path, 20), read_image(path, (20, 20)))


@pytest.mark.parametrize(
    ("shape", "content"),
    [
        ((40, 80), (slice(10, 30), slice(0, 40))),
        ((80, 40), (slice(0, 40), slice(10, 30))),
        ((80, 37), (slice(0, 40), slice(11, 29))),  # 18.5 rounds to 18
        ((10, 20), (slice(10, 30), slice(0, 40))),
        ((1, 900), (slice(19, 20), slice(0, 40))),
    ],
)
def test_aspect_ratio_kept_on_centred_zeros(tmp_path, shape, content):
    path = saved(tmp_path, np.full(shape, 200, dtype=np.uint8))
    expected = np.zeros((40, 40))
    expected[content] = 200
    pixels = read_image(path, 40, keep_aspect_ratio=True)
    np.testing.assert_array_equal(pixels, expected)


def test_16_bits_keep_the_aspect_ratio(tmp_path, deep):
    pixels = read_image(saved(tmp_path, deep), 25, keep_aspect_ratio=True)
    assert pixels.dtype == np.uint16
    np.testing.assert_allclose(pixels[2:22], resized(deep, 20, 25), atol=0.52)
    assert not pixels[:2].any()
    assert not pixels[22:].any()


@pytest.mark.parametrize("size", [0, -3, 2.5, (3,), "big"])
def test_bad_size(tmp_path, scan, size):
    with pytest.raises(ValueError, match="image_size must be"):
        read_image(saved(tmp_path, scan), size)


# Unreadable files


def test_missing(tmp_path):
    assert why(tmp_path / "no.png") == "no such file"


def test_folder(tmp_path):
    assert why(tmp_path) == "is a folder, not a file"


def test_empty(tmp_path):
    (tmp_path / "scan.png").touch()
    assert why(tmp_path / "scan.png") == "is empty (0 bytes)"


def test_text_named_png(tmp_path):
    (tmp_path / "scan.png").write_text("not a radiograph")
    assert why(tmp_path / "scan.png") == "is not an image, or not of a known format"


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
@pytest.mark.parametrize("kept", [0.5, 0.9])
def test_truncated(tmp_path, scan, suffix, kept):
    noise = scan ^ np.random.default_rng(0).integers(0, 64, scan.shape, dtype=np.uint8)
    path = saved(tmp_path, noise, suffix)
    data = path.read_bytes()
    # Pillow writes the directory of a TIFF first.
    path.write_bytes(data[: int(len(data) * kept)])
    assert why(path) == "is cut short (truncated)"


def test_damaged(tmp_path, scan):
    path = saved(tmp_path, scan, ".png")
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 50] = bytes(50)
    path.write_bytes(data)
    assert why(path).startswith("is damaged: the checksum of its chunk 'IDAT'")


def png_header(width, height):
    """Return a PNG that states a size and holds no pixels."""
    image = io.BytesIO()
    Image.new("L", (1, 1)).save(image, "PNG")
    data = bytearray(image.getvalue())
    data[16:24] = struct.pack(">II", width, height)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


def test_decompression_bomb(tmp_path):
    path = tmp_path / "bomb.png"
    path.write_bytes(png_header(60_000, 60_000))
    assert "decompression bomb" in why(path)
    assert "MAX_IMAGE_PIXELS" in why(path)


def test_the_bomb_warning_is_no_failure_and_does_not_leak(tmp_path, scan, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", scan.size - 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pixels = read_image(saved(tmp_path, scan))
    np.testing.assert_array_equal(pixels, scan)


def test_warning_filters_are_restored_by_threads(tmp_path, scan, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", scan.size - 1)
    path = saved(tmp_path, scan)
    before = list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(read_image, [path] * 100))
    assert list(warnings.filters) == before


# Open files


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".pgm"])
def test_open_files_are_read_from_the_start_and_stay_open(tmp_path, scan, suffix):
    path = saved(tmp_path, scan, suffix)
    expected = read_image(path, 20)
    with open(path, "rb") as file:
        file.read(10)
        np.testing.assert_array_equal(read_image(file, 20), expected)
        assert not file.closed
        assert read_image_size(file) == scan.shape
    data = io.BytesIO(path.read_bytes())
    np.testing.assert_array_equal(read_image(data, 20), expected)
    assert not data.closed
    assert read_image_size(data) == scan.shape


def test_errors_name_open_files(tmp_path):
    with pytest.raises(ImageReadError) as caught:
        read_image(io.BytesIO(b"text"))
    assert list(caught.value.failures) == ["<bytes>"]
    path = tmp_path / "scan.png"
    path.write_bytes(b"text")
    with open(path, "rb") as file, pytest.raises(ImageReadError) as caught:
        read_image(file)
    assert list(caught.value.failures) == [str(path)]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"\x89PNG", "got bytes. For the content of a file, pass io.BytesIO"),
        (bytearray(3), "got bytearray. For the content"),
        (memoryview(b"a"), "got memoryview. For the content"),
        (np.zeros((2, 2), np.uint8), "got ndarray. Pixels need no reading"),
        (Image.new("L", (2, 2)), "got Image. Pixels need no reading"),
        (["a.png"], "got list"),
        (7, "got int"),
        (None, "got NoneType"),
        (io.StringIO("text"), "open as text"),
    ],
)
def test_other_sources_are_refused(source, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        read_image(source)


# Bits


@pytest.mark.parametrize("suffix", [".png", ".tif", ".pgm"])
@pytest.mark.parametrize("size", [None, 17])
def test_bits_stored_are_scaled_before_resizing(tmp_path, deep, suffix, size):
    values = deep >> 4
    if suffix == ".pgm":
        path = tmp_path / "image.pgm"
        path.write_bytes(b"P5 50 40 65535\n" + values.astype(">u2").tobytes())
    else:
        path = saved(tmp_path, values, suffix)
    full = np.rint(values * 65535.0 / 4095)
    expected = full if size is None else np.rint(resized(full, size, size))
    pixels = read_image(path, size, bits_stored=12)
    assert pixels.dtype == np.uint16
    np.testing.assert_allclose(pixels, expected, atol=0 if size is None else 1)


def test_8_bits_are_not_affected_by_bits_stored(tmp_path, scan):
    path = saved(tmp_path, scan)
    np.testing.assert_array_equal(read_image(path, bits_stored=12), scan)


def test_more_bits_than_stored_are_refused(tmp_path, deep):
    path = saved(tmp_path, deep)
    with pytest.raises(ImageReadError, match="set bits_stored=16 or more"):
        read_image(path, bits_stored=12)


@pytest.mark.parametrize("bits", [1, 17, 12.5, True])
def test_bad_bits_stored(tmp_path, scan, bits):
    with pytest.raises(ValueError, match="bits_stored must be"):
        read_image(saved(tmp_path, scan), bits_stored=bits)


def test_no_permission(tmp_path, scan, monkeypatch):
    path = saved(tmp_path, scan)

    def refuse(*args):
        raise PermissionError(13, "Permission denied")

    # Root may read everything, and tests may run as root.
    monkeypatch.setattr("cxrclf.images._read_image.open", refuse, raising=False)
    assert why(path) == "no permission to read it"
