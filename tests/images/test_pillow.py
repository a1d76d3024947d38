"""Gray pixels from the formats that Pillow reads."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from cxrclf.images import read_image
from cxrclf.images._resize import resize
from image_files import resized, saved, why


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


def test_large_jpegs_are_decoded_at_reduced_scale(tmp_path, monkeypatch):
    rows, columns = np.mgrid[:801, :1003]
    wave = 120 + 70 * np.sin(rows / 31) * np.cos(columns / 23) + columns / 20
    path = saved(tmp_path, np.rint(wave).astype(np.uint8), ".jpg", quality=95)
    decoded = []

    def seen(pixels, *args):
        decoded.append(pixels.size[::-1])
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


@pytest.mark.parametrize(
    ("suffix", "mode"),
    [
        (suffix, mode)
        for suffix, modes in {
            ".bmp": ["1", "L", "P", "RGB", "RGBA"],
            ".gif": ["1", "L", "P", "RGB"],
            ".webp": ["L", "RGB", "RGBA"],
            ".avif": ["L", "RGB", "RGBA"],
            ".pcx": ["1", "L", "P", "RGB"],
            ".sgi": ["L", "RGB", "RGBA"],
        }.items()
        for mode in modes
    ],
)
def test_other_formats_are_exact(tmp_path, scan, suffix, mode):
    image = Image.fromarray(scan).convert(mode)
    options = {".webp": {"lossless": True}, ".avif": {"quality": 100}}
    if suffix == ".avif" and ".avif" not in Image.registered_extensions():
        pytest.skip("needs Pillow with AVIF")
    path = saved(tmp_path, image, suffix, **options.get(suffix, {}))
    np.testing.assert_array_equal(read_image(path), np.asarray(image.convert("L")))


@pytest.mark.parametrize("suffix", [".bmp", ".png", ".tif", ".webp", ".ppm"])
def test_colors_are_those_of_opencv(tmp_path, suffix):
    colors = np.random.default_rng(0).integers(0, 256, (19, 23, 3), dtype=np.uint8)
    path = saved(
        tmp_path, colors, suffix, **({"lossless": True} if suffix == ".webp" else {})
    )
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    luma = bgr @ [0.114, 0.587, 0.299]
    np.testing.assert_allclose(read_image(path), luma, atol=0.51)


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"subsampling": 0}, {"quality": 30}], ids=str
)
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_jpegs_are_those_of_opencv(tmp_path, scan, mode, options):
    colors = np.dstack([scan, scan[::-1], scan[:, ::-1]])
    image = Image.fromarray(scan if mode == "L" else colors)
    path = saved(tmp_path, image, ".jpg", **options)
    expected = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    np.testing.assert_allclose(read_image(path), expected, atol=1)


def test_cmyk_jpegs_are_those_of_opencv(tmp_path, scan):
    inks = np.dstack([scan, scan[::-1], scan[:, ::-1], scan // 3])
    path = saved(tmp_path, Image.fromarray(inks, "CMYK"), ".jpg")  # inverted, as Adobe
    luma = cv2.imread(str(path), cv2.IMREAD_COLOR) @ [0.114, 0.587, 0.299]
    np.testing.assert_allclose(
        read_image(path), luma, atol=2.5
    )  # OpenCV divides by 256


def test_a_wrong_suffix_does_not_matter(tmp_path, scan):
    path = saved(tmp_path, scan)
    np.testing.assert_array_equal(read_image(path.rename(tmp_path / "scan.jpg")), scan)


def test_color_profiles_are_ignored(tmp_path, scan):
    path = saved(tmp_path, scan, icc_profile=b"profile")
    np.testing.assert_array_equal(read_image(path), scan)


@pytest.mark.parametrize("suffix", [".png", ".gif", ".webp", ".tif", ".avif"])
def test_animated_files_are_refused(tmp_path, scan, suffix):
    if suffix == ".avif" and ".avif" not in Image.registered_extensions():
        pytest.skip("needs Pillow with AVIF")
    frames = [Image.fromarray(scan), Image.fromarray(scan[::-1].copy())]
    path = saved(tmp_path, frames[0], suffix, save_all=True, append_images=frames[1:])
    assert why(path) == ("holds 2 images, expected one; save each to a file of its own")


def test_the_first_image_of_a_photograph_with_previews_is_read(tmp_path, scan):
    image = Image.fromarray(scan)
    path = saved(tmp_path, image, ".mpo", save_all=True, append_images=[image])
    np.testing.assert_allclose(read_image(path), scan, atol=6)  # JPEG at quality 75


def test_16_bits_of_sgi_are_refused(tmp_path):
    header = b"\x01\xda\0\2" + np.array([2, 4, 3, 1], ">u2").tobytes() + bytes(500)
    path = tmp_path / "image.sgi"
    path.write_bytes(header + bytes(24))
    assert why(path).startswith("is SGI of 16 bits")


def test_several_images_in_one_file(tmp_path, scan):
    page = Image.fromarray(scan)
    path = saved(tmp_path, page, ".tif", save_all=True, append_images=[page, page])
    assert why(path).startswith("holds 3 images, expected one")


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
