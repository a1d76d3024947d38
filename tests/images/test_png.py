"""PNG files: all kinds of pixels, transparency, and damage that Pillow does not see.

The files are written by hand, and the references are the stored values.
"""

import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from cxrclf.images import read_image, read_values
from image_files import png_chunk, png_file, saved, why

LUMA = [0.299, 0.587, 0.114]
GRAY, RGB, PALETTE, GRAY_ALPHA, RGBA = 0, 2, 3, 4, 6


def draw(bits, *channels):
    return np.random.default_rng(bits).integers(0, 2**bits, (7, 11, *channels))


def read(tmp_path, data, **options):
    path = tmp_path / "image.png"
    path.write_bytes(data)
    return read_image(path, **options)


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_gray(tmp_path, bits):
    values = draw(bits)
    pixels = read(tmp_path, png_file(values, bits, GRAY))
    top, dtype = (65535, np.uint16) if bits == 16 else (255, np.uint8)
    assert pixels.dtype == dtype
    np.testing.assert_array_equal(pixels, values * (top // (2**bits - 1)))


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_transparent_gray_level(tmp_path, bits):
    values = draw(bits)
    level = int(values[2, 3]) or 1
    values[2, 3] = level
    # Only the lowest bits of the level count.
    transparent = png_chunk(b"tRNS", struct.pack(">H", level | 2**bits & 0xFFFF))
    pixels = read(tmp_path, png_file(values, bits, GRAY, transparent))
    top = 65535 if bits == 16 else 255
    expected = np.where(values == level, 0, values * (top // (2**bits - 1)))
    np.testing.assert_array_equal(pixels, expected)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("color_type", [RGB, GRAY_ALPHA, RGBA])
def test_colors_and_opacity(tmp_path, bits, color_type):
    values = draw(bits, {RGB: 3, GRAY_ALPHA: 2, RGBA: 4}[color_type])
    pixels = read(tmp_path, png_file(values, bits, color_type))
    gray = values[..., 0] if color_type == GRAY_ALPHA else values[..., :3] @ LUMA
    if color_type != RGB:
        gray = gray * (values[..., -1] / (2**bits - 1))
    assert pixels.dtype == (np.uint16 if bits == 16 else np.uint8)
    # Luma is rounded before the product with the opacity, and its weights as well.
    np.testing.assert_allclose(pixels, gray, atol=1.01)


@pytest.mark.parametrize("bits", [8, 16])
def test_transparent_color(tmp_path, bits):
    values = draw(bits, 3)
    transparent = png_chunk(b"tRNS", struct.pack(">HHH", *values[4, 5].tolist()))
    pixels = read(tmp_path, png_file(values, bits, RGB, transparent))
    expected = values @ LUMA
    expected[4, 5] = 0
    np.testing.assert_allclose(pixels, expected, atol=1.01)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("opacity", [None, [255, 0]])
def test_palette(tmp_path, bits, opacity):
    values = draw(bits)
    colors = np.random.default_rng(1).integers(0, 256, (2**bits, 3), dtype=np.uint8)
    chunks = [png_chunk(b"PLTE", colors.tobytes())]
    gray = colors @ LUMA
    if opacity:
        chunks.append(png_chunk(b"tRNS", bytes(opacity)))
        gray[1] = 0
    pixels = read(tmp_path, png_file(values, bits, PALETTE, *chunks))
    assert pixels.dtype == np.uint8
    np.testing.assert_allclose(pixels, gray[values], atol=0.51)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_all_filters_of_16_bits(tmp_path, channels):
    if not hasattr(cv2, "IMWRITE_PNG_FILTER"):
        pytest.skip("needs OpenCV 4.12")
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:40, :50]
    wave = 30000 + 20000 * np.sin(rows / 7) * np.cos(columns / 9)
    colors = wave[..., None] + rng.integers(0, 99, (40, 50, channels))
    colors = colors.astype(np.uint16)
    data = cv2.imencode(
        ".png", colors, [cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_ALL_FILTERS]
    )[1]
    pixels = read(tmp_path, data.tobytes())
    gray = colors[..., :3] @ LUMA[::-1] if channels > 1 else colors[..., 0]
    if channels == 4:
        gray = gray * (colors[..., 3] / 65535)
    np.testing.assert_allclose(pixels, gray, atol=1.01)


def interlaced_file(values, bits, color_type, kept=None):
    """Return an interlaced PNG, with the first bytes of its rows only."""
    rows = b""
    for top, row_step, left, step in [
        (0, 8, 0, 8), (0, 8, 4, 8), (4, 8, 0, 4), (0, 4, 2, 4), (2, 4, 0, 2),
        (0, 2, 1, 2), (1, 2, 0, 1),
    ]:  # fmt: skip
        part = values[top::row_step, left::step].astype(">u2" if bits == 16 else "u1")
        rows += b"".join(b"\0" + row.tobytes() for row in part if part.size)
    height, width = values.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, 1)
    data = png_chunk(b"IDAT", zlib.compress(rows[:kept])) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + data


@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (9, 13), (16, 8)])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("color_type", [GRAY, RGB])
def test_interlaced(tmp_path, bits, color_type, shape):
    channels = (3,) if color_type == RGB else ()
    values = np.random.default_rng(0).integers(0, 2**bits, (*shape, *channels))
    pixels = read(tmp_path, interlaced_file(values, bits, color_type))
    expected = values @ LUMA if channels else values
    np.testing.assert_allclose(pixels, expected, atol=1.01 if channels else 0)
    path = tmp_path / "image.png"
    path.write_bytes(interlaced_file(values, bits, color_type, kept=-1))
    assert why(path) == "is cut short (truncated)"


@pytest.mark.parametrize("color_type", [GRAY, RGB, GRAY_ALPHA])
def test_bits_stored(tmp_path, color_type):
    channels = {GRAY: (), RGB: (3,), GRAY_ALPHA: (2,)}[color_type]
    values = draw(16, *channels)
    if color_type == GRAY_ALPHA:
        values[..., 0] >>= 4
        gray = values[..., 0] * (values[..., 1] / 65535)
    else:
        values >>= 4
        gray = values @ LUMA if channels else values
    pixels = read(tmp_path, png_file(values, 16, color_type), bits_stored=12)
    np.testing.assert_allclose(pixels, gray * 65535 / 4095, atol=1.01)


def test_bits_stored_and_a_transparent_level(tmp_path):
    values = draw(12)
    transparent = png_chunk(b"tRNS", struct.pack(">H", int(values[0, 0])))
    data = png_file(values, 16, GRAY, transparent)
    expected = np.where(values == values[0, 0], 0, np.rint(values * 65535 / 4095))
    np.testing.assert_array_equal(read(tmp_path, data, bits_stored=12), expected)


@pytest.mark.parametrize("mode", ["L", "RGB", "I;16"])
def test_each_damaged_byte_of_the_pixels_is_noticed(tmp_path, scan, mode):
    image = scan.astype(np.uint16) * 257 if mode == "I;16" else scan
    image = Image.fromarray(image)
    path = saved(tmp_path, image if mode == "I;16" else image.convert(mode))
    data = path.read_bytes()
    for position in range(data.index(b"IDAT") + 4, len(data), len(data) // 40):
        damaged = bytearray(data)
        damaged[position] ^= 4
        path.write_bytes(damaged)
        assert why(path).startswith("is damaged")


@pytest.mark.parametrize("color_type", [GRAY, RGB])
@pytest.mark.parametrize("bits", [8, 16])
def test_missing_rows_are_not_black(tmp_path, bits, color_type):
    values = draw(bits, 3) if color_type == RGB else draw(bits)
    path = tmp_path / "image.png"
    path.write_bytes(png_file(values, bits, color_type, size=(9, 11)))
    assert why(path) == "is cut short (truncated)"
    path.write_bytes(png_file(values, bits, color_type, size=(9999, 9999)))
    assert why(path) == "is cut short (truncated)"


@pytest.mark.parametrize(("mode", "level"), [("L", 1), ("RGB", (1, 2, 1)), ("1", 1)])
def test_a_last_row_of_a_rare_level_is_complete(tmp_path, mode, level):
    image = Image.new(mode, (40, 30), level)
    pixels = read_image(saved(tmp_path, image))
    np.testing.assert_array_equal(pixels, np.asarray(image.convert("L")))


@pytest.mark.parametrize("missing", [13, 20])
def test_missing_pixels_at_the_end(tmp_path, scan, missing):
    path = saved(tmp_path, scan)
    path.write_bytes(path.read_bytes()[:-missing])
    assert why(path) == "is cut short (truncated)"


@pytest.mark.parametrize("missing", [1, 4, 12])
def test_a_missing_chunk_behind_the_pixels(tmp_path, scan, missing):
    path = saved(tmp_path, scan)
    expected = read_image(path)
    path.write_bytes(path.read_bytes()[:-missing])
    np.testing.assert_array_equal(read_image(path), expected)


def test_a_damaged_text_does_not_matter(tmp_path, scan):
    path = saved(tmp_path, scan)
    expected = read_image(path)
    text = bytearray(png_chunk(b"tEXt", b"Comment\0checked"))
    text[-1] ^= 1  # the checksum
    path.write_bytes(path.read_bytes()[:-12] + bytes(text) + png_chunk(b"IEND", b""))
    np.testing.assert_array_equal(read_image(path), expected)


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_stored_values(tmp_path, bits):
    values = draw(bits)
    path = tmp_path / "image.png"
    path.write_bytes(png_file(values, bits, GRAY))
    np.testing.assert_array_equal(read_values(path), values)


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_stored_values_of_16_bit_channels(tmp_path, channels):
    values = draw(16, channels)
    path = tmp_path / "image.png"
    path.write_bytes(png_file(values, 16, {2: GRAY_ALPHA, 3: RGB, 4: RGBA}[channels]))
    np.testing.assert_array_equal(read_values(path), values)
