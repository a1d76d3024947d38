"""Formats, bit depths, orientation, resizing and unreadable files."""

import io
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from cxrclf.exceptions import ImageReadError
from cxrclf.images import read_image
from cxrclf.images._resize import resize


@pytest.fixture
def scan():
    """A smooth picture with no symmetry, 61 by 83 pixels."""
    rows, columns = np.mgrid[:61, :83]
    wave = 90 + 60 * np.sin(rows / 9) * np.cos(columns / 13) + rows + columns / 3
    return np.rint(wave).astype(np.uint8)


@pytest.fixture
def deep():
    """A picture that uses all 16 bits, and no multiples of 257 only."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 65536, size=(40, 50), dtype=np.uint16)


def saved(folder, image, suffix=".png", **options):
    path = folder / f"image{suffix}"
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    image.save(path, **options)
    return path


def why(path):
    """Return the one reason for which a file cannot be read."""
    with pytest.raises(ImageReadError) as caught:
        read_image(path, 8)
    assert list(caught.value.failures) == [str(path)]
    return caught.value.failures[str(path)]


def triangle_weights(n_in, n_out):
    """Antialiased bilinear resizing along one side, as a matrix."""
    scale = n_in / n_out
    support = max(scale, 1.0)
    centres = (np.arange(n_out)[:, None] + 0.5) * scale
    weights = np.maximum(0, 1 - np.abs(np.arange(n_in)[None] + 0.5 - centres) / support)
    return weights / weights.sum(axis=1, keepdims=True)


def resized(pixels, height, width):
    rows = triangle_weights(pixels.shape[0], height)
    return rows @ pixels.astype(float) @ triangle_weights(pixels.shape[1], width).T


# Formats


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp", ".pgm", ".gif"])
def test_8_bit_grey_is_exact(tmp_path, scan, suffix):
    pixels = read_image(saved(tmp_path, scan, suffix))
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, scan)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "CMYK"])
def test_grey_in_colour_modes_is_exact(tmp_path, scan, mode):
    suffix = ".tif" if mode == "CMYK" else ".png"
    path = saved(tmp_path, Image.fromarray(scan).convert(mode), suffix)
    np.testing.assert_array_equal(read_image(path), scan)


def test_colours_become_luma(tmp_path):
    rgb = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    luma = rgb @ [0.299, 0.587, 0.114]
    pixels = read_image(saved(tmp_path, rgb))
    np.testing.assert_allclose(pixels, luma, atol=0.51)  # rounding


def test_palette(tmp_path, scan):
    indexed = Image.fromarray(scan // 16 * 16).quantize(16)
    pixels = read_image(saved(tmp_path, indexed))
    np.testing.assert_array_equal(pixels, np.asarray(indexed.convert("L")))


def test_1_bit(tmp_path, scan):
    mask = scan > 128
    pixels = read_image(saved(tmp_path, Image.fromarray(mask)))
    np.testing.assert_array_equal(pixels, mask * np.uint8(255))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_pixels_lie_over_black(tmp_path, scan, mode):
    alpha = np.zeros_like(scan)
    alpha[:20], alpha[20:40] = 255, 128
    image = Image.fromarray(scan).convert(mode)
    image.putalpha(Image.fromarray(alpha))
    expected = scan * (alpha / 255)
    pixels = read_image(saved(tmp_path, image))
    np.testing.assert_allclose(pixels, expected, atol=0.51)  # rounding


@pytest.mark.parametrize("transparency", [2, bytes([255, 255, 0, 255])])
def test_transparent_palette_entries_lie_over_black(tmp_path, transparency):
    image = Image.fromarray(np.array([[0, 1, 2, 3]], dtype=np.uint8)).convert("P")
    image.putpalette([value for grey in (10, 20, 30, 40) for value in [grey] * 3])
    path = saved(tmp_path, image, transparency=transparency)
    assert read_image(path).tolist() == [[10, 20, 0, 40]]


def test_jpeg_grey_colour_and_cmyk(tmp_path, scan):
    for mode in ("L", "RGB", "CMYK"):
        image = Image.fromarray(scan).convert(mode)
        path = saved(tmp_path, image, ".jpg", quality=95)
        pixels = read_image(path)
        assert pixels.dtype == np.uint8
        np.testing.assert_allclose(pixels, scan, atol=4)  # JPEG at quality 95


def test_one_pixel_is_an_image(tmp_path):
    path = saved(tmp_path, np.full((1, 1), 9, dtype=np.uint8))
    assert read_image(path).tolist() == [[9]]
    assert read_image(path, (2, 3)).tolist() == [[9, 9, 9], [9, 9, 9]]


def test_takes_path_objects_and_str(tmp_path, scan):
    path = saved(tmp_path, scan)
    np.testing.assert_array_equal(read_image(str(path)), read_image(path))


# More than 8 bits


@pytest.mark.parametrize("suffix", [".png", ".tif", ".pgm"])
def test_16_bits_are_exact(tmp_path, deep, suffix):
    if suffix == ".pgm":  # by hand: Pillow 10 cannot write it
        path = tmp_path / "image.pgm"
        path.write_bytes(b"P5 50 40 65535\n" + deep.astype(">u2").tobytes())
    else:
        path = saved(tmp_path, deep, suffix)
    pixels = read_image(path)
    assert pixels.dtype == np.uint16
    np.testing.assert_array_equal(pixels, deep)


def test_16_bits_survive_resizing(tmp_path, deep):
    pixels = read_image(saved(tmp_path, deep), (17, 23))
    assert pixels.dtype == np.uint16
    # Pillow computes in float32, of which one ulp is 0.004 here, then rounds.
    np.testing.assert_allclose(pixels, resized(deep, 17, 23), atol=0.52)


def test_16_bits_do_not_overflow(tmp_path):
    white = np.full((8, 8), 65535, dtype=np.uint16)
    assert (read_image(saved(tmp_path, white), 5) == 65535).all()


def tiff_file(rows, bits, photometric):
    """Return a TIFF of 12 or 16 bits, which Pillow cannot write in full."""
    if bits == 12:
        data = b"".join(
            bytes([a >> 4, (a & 15) << 4 | b >> 8, b & 255]) for a, b in rows
        )
    else:
        data = b"".join(struct.pack("<HH", *row) for row in rows)
    tags = [
        (256, 2), (257, len(rows)), (258, bits), (259, 1), (262, photometric),
        (273, 8), (277, 1), (278, len(rows)), (279, len(data)),
    ]  # fmt: skip
    directory = b"".join(struct.pack("<HHIHH", tag, 3, 1, v, 0) for tag, v in tags)
    head = b"II*\0" + struct.pack("<I", 8 + len(data))
    return head + data + struct.pack("<H", len(tags)) + directory + bytes(4)


def test_12_bit_tiff_is_scaled_to_16(tmp_path):
    path = tmp_path / "scan.tif"
    path.write_bytes(tiff_file([(0, 4095), (2048, 100)], 12, photometric=1))
    assert read_image(path).tolist() == [[0, 65535], [32776, 1600]]


def test_white_is_zero_is_inverted(tmp_path):
    path = tmp_path / "scan.tif"
    path.write_bytes(tiff_file([(0, 65535), (1000, 7)], 16, photometric=0))
    assert read_image(path).tolist() == [[65535, 0], [64535, 65528]]


def test_floats_in_0_to_1_are_scaled(tmp_path):
    pixels = np.array([[0, 0.25, 1]], dtype=np.float32)
    assert read_image(saved(tmp_path, pixels, ".tif")).tolist() == [[0, 16384, 65535]]


@pytest.mark.parametrize("bad", [1.5, -0.1, np.nan])
def test_other_floats_are_refused(tmp_path, bad):
    pixels = np.array([[0, bad]], dtype=np.float32)
    assert "outside [0, 1]" in why(saved(tmp_path, pixels, ".tif"))


def test_32_bit_integers_are_taken_as_16(tmp_path):
    pixels = np.array([[0, 300, 65535]], dtype=np.int32)
    read = read_image(saved(tmp_path, pixels, ".tif"))
    assert read.dtype == np.uint16
    np.testing.assert_array_equal(read, pixels)


@pytest.mark.parametrize("bad", [-1, 65536])
def test_other_32_bit_integers_are_refused(tmp_path, bad):
    pixels = np.array([[0, bad]], dtype=np.int32)
    assert "their scale is unknown" in why(saved(tmp_path, pixels, ".tif"))


# Size


@pytest.mark.parametrize("size", [(20, 30), (100, 40), (61, 200), (61, 83)])
def test_resizing_is_antialiased_bilinear(tmp_path, scan, size):
    pixels = read_image(saved(tmp_path, scan), size)
    assert pixels.shape == size
    assert pixels.dtype == np.uint8
    # Pillow rounds to 8 bits after the rows and again after the columns.
    np.testing.assert_allclose(pixels, resized(scan, *size), atol=1.01)


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


# JPEG at reduced scale


def test_large_jpegs_are_decoded_at_reduced_scale(tmp_path, monkeypatch):
    rows, columns = np.mgrid[:801, :1003]
    wave = 120 + 70 * np.sin(rows / 31) * np.cos(columns / 23) + columns / 20
    path = saved(tmp_path, np.rint(wave).astype(np.uint8), ".jpg", quality=95)
    decoded = []

    def seen(pixels, *args):
        decoded.append(pixels.shape)
        return resize(pixels, *args)

    monkeypatch.setattr("cxrclf.images._pillow.resize", seen)
    pixels = read_image(path, 100)
    assert decoded == [(201, 251)]  # a quarter, rounded up
    full = resized(np.asarray(Image.open(path)), 100, 100)
    # The picture is smooth, so that the filters agree, but only as long as the last
    # row and column, which are partly beyond the picture, count for their part.
    np.testing.assert_allclose(pixels, full, atol=2)
    read_image(path, 300)
    assert decoded[1] == (801, 1003)


# Orientation


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_orientation(tmp_path, scan, orientation, suffix):
    exif = Image.Exif()
    exif[0x0112] = orientation
    with Image.open(saved(tmp_path, scan, suffix)) as image:
        stored = Image.fromarray(np.asarray(image))
    stored.getexif()[0x0112] = orientation
    upright = np.asarray(ImageOps.exif_transpose(stored))
    path = saved(tmp_path, scan, suffix, exif=exif)
    assert upright.shape == ((61, 83) if orientation < 5 else (83, 61))
    np.testing.assert_array_equal(read_image(path), upright)
    pixels = read_image(path, (24, 11))  # half scale for JPEG
    np.testing.assert_allclose(pixels, resized(upright, 24, 11), atol=2.5)
    pixels = read_image(path, (25, 25), keep_aspect_ratio=True)
    height, width = (18, 25) if orientation < 5 else (25, 18)
    content = pixels[(25 - height) // 2 :, (25 - width) // 2 :][:height, :width]
    np.testing.assert_allclose(content, resized(upright, height, width), atol=2.5)


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
    assert why(path).startswith("is damaged or of an unknown kind (")


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


def test_no_permission(tmp_path, scan, monkeypatch):
    path = saved(tmp_path, scan)

    def refuse(*args):
        raise PermissionError(13, "Permission denied")

    # Root may read everything, and tests may run as root.
    monkeypatch.setattr("cxrclf.images._read_image.open", refuse, raising=False)
    assert why(path) == "no permission to read it"


def test_several_images_in_one_file(tmp_path, scan):
    page = Image.fromarray(scan)
    path = saved(tmp_path, page, ".tif", save_all=True, append_images=[page, page])
    assert why(path).startswith("holds 3 images, expected one")


# Real radiographs

_DATA = Path(__file__).parents[2].parent / "shared" / "data" / "covid-pneumonia-normal"


@pytest.mark.skipif(not _DATA.is_dir(), reason="needs the real radiographs")
def test_real_jpegs_at_reduced_scale_stay_close_to_full_decoding():
    paths = sorted(_DATA.glob("test/*/*.jp*g"))[::4]
    differences = []
    for path in paths:
        with Image.open(path) as image:
            full = resized(np.asarray(image.convert("L")), 96, 96)
        differences.append(np.abs(read_image(path, 96) - full).mean())
    # 0.18 measured over the whole set, at most 0.42 for one image, and 0.2 more
    # for the rounding that the reference does not do.
    assert len(paths) >= 15
    assert np.mean(differences) < 0.5
    assert np.max(differences) < 1
