"""TIFF files: bits, signs, white is zero, several layouts, and damaged tags.

The files are written by hand or by tifffile, and the references are the stored values.
"""

import io

import numpy as np
import PIL
import pytest
from PIL import Image

from cxrclf.exceptions import ImageReadError
from cxrclf.images import read_image, read_values
from image_files import saved, tiff_file, why

WHITE, BLACK = 0, 1
UNSIGNED, SIGNED, FLOAT, UNDEFINED = 1, 2, 3, 4
newer_pillow = pytest.mark.skipif(
    int(PIL.__version__.partition(".")[0]) < 12,
    reason="earlier versions of Pillow refuse these kinds by name",
)


@pytest.fixture
def read(tmp_path):
    def read_bytes(data, **options):
        path = tmp_path / "image.tif"
        path.write_bytes(data)
        return read_image(path, **options)

    return read_bytes


@pytest.fixture
def refusal(tmp_path):
    def find(data):
        path = tmp_path / "image.tif"
        path.write_bytes(data)
        return why(path)

    return find


@pytest.mark.parametrize("width", [8, 11])
@pytest.mark.parametrize("photometric", [WHITE, BLACK])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [1, 2, 4, 8, 12, 16, 32])
def test_unsigned_gray(tmp_path, bits, order, photometric, width):
    values = np.random.default_rng(0).integers(0, 2 ** min(bits, 16), (5, width))
    path = tmp_path / "image.tif"
    path.write_bytes(tiff_file(values, bits, photometric, order=order))
    big_endian = order == ">"
    if (
        (bits == 12 and (big_endian or photometric == WHITE))
        or (bits == 16 and big_endian and photometric == WHITE)
        or (bits == 32 and (big_endian or photometric == WHITE))
    ):
        assert f"-endian, {bits}-bit unsigned pixels" in why(path)
        return
    top = 255 if bits <= 8 else 65535
    expected = np.rint(values * (top / (2 ** min(bits, 16) - 1)))
    if photometric == WHITE:
        expected = top - expected
    pixels = read_image(path)
    assert pixels.dtype == (np.uint8 if bits <= 8 else np.uint16)
    np.testing.assert_array_equal(pixels, expected)


@pytest.mark.parametrize("bits", [6, 10, 14, 24, 64])
def test_other_numbers_of_bits_are_refused(refusal, bits):
    values = np.zeros((4, 4), dtype=np.int64)
    assert f"{bits}-bit unsigned pixels, gray" in refusal(
        tiff_file(values, bits, BLACK)
    )


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [8, 16, 32])
def test_signed_pixels_without_negatives(read, bits, order):
    values = np.array([[0, 3, 127], [9, 100, 1]])
    pixels = read(tiff_file(values, bits, BLACK, kind=SIGNED, order=order))
    assert pixels.dtype == (np.uint8 if bits == 8 else np.uint16)
    np.testing.assert_array_equal(pixels, values)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [8, 16, 32])
def test_negative_pixels_are_refused(refusal, bits, order):
    values = np.array([[0, -3, 127]])
    reason = refusal(tiff_file(values, bits, BLACK, kind=SIGNED, order=order))
    assert reason.startswith("holds integers from -3 to 127, and their scale is unkn")


def test_large_unsigned_integers_are_named_as_they_are(refusal):
    values = np.array([[0, 2**32 - 1]])
    assert "from 0 to 4294967295" in refusal(tiff_file(values, 32, BLACK))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("photometric", [WHITE, BLACK])
def test_floats(read, photometric, order):
    values = np.array([[0, 0.25, 1], [0.5, 0.125, 0.75]])
    pixels = read(tiff_file(values, 32, photometric, kind=FLOAT, order=order))
    expected = np.rint(values * 65535)
    np.testing.assert_array_equal(
        pixels, 65535 - expected if photometric == WHITE else expected
    )


@pytest.mark.parametrize("bits", [16, 64])
def test_other_floats_are_refused(refusal, bits):
    reason = refusal(tiff_file(np.ones((2, 2)), bits, BLACK, kind=FLOAT))
    assert f"{bits}-bit floating-point pixels" in reason
    assert "save it as gray TIFF or PNG of 8 or 16 bits" in reason


def test_undefined_pixels_are_refused(refusal):
    reason = refusal(tiff_file(np.ones((2, 2)), 8, BLACK, kind=UNDEFINED))
    assert "8-bit unknown pixels" in reason


def test_bits_stored_of_inverted_and_signed_pixels(read):
    values = np.array([[0, 4095, 100]])
    scaled = np.rint(values * 65535 / 4095)
    pixels = read(tiff_file(values, 16, WHITE), bits_stored=12)
    np.testing.assert_array_equal(pixels, 65535 - scaled)
    for bits in (16, 32):
        data = tiff_file(values, bits, BLACK, kind=SIGNED)
        np.testing.assert_array_equal(read(data, bits_stored=12), scaled)


def test_bits_in_the_file_count_more_than_bits_stored(read):
    data = tiff_file(np.array([[0, 4095]]), 12, BLACK)
    assert read(data, bits_stored=10).tolist() == [[0, 65535]]


@pytest.mark.parametrize(
    "compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits", "tiff_deflate"]
)
@pytest.mark.parametrize("bits", [8, 16])
def test_compressed_pixels_are_exact(tmp_path, scan, deep, compression, bits):
    values = scan if bits == 8 else deep
    path = saved(tmp_path, values, ".tif", compression=compression)
    np.testing.assert_array_equal(read_image(path), values)


@pytest.mark.parametrize(
    "layout",
    [
        {"rowsperstrip": 7},
        {"tile": (16, 32)},
        {"bigtiff": True},
        {"byteorder": ">"},
        {"compression": "zlib", "predictor": True},
        {"compression": "zlib", "tile": (16, 16)},
    ],
    ids=str,
)
@pytest.mark.parametrize("bits", [8, 16])
def test_layouts_of_tifffile(read, scan, deep, layout, bits):
    tifffile = pytest.importorskip("tifffile")
    values = scan if bits == 8 else deep
    file = io.BytesIO()
    tifffile.imwrite(file, values, **layout)
    np.testing.assert_array_equal(read(file.getvalue()), values)


@pytest.mark.parametrize(
    ("bits", "planes"), [(8, "contig"), (8, "separate"), (16, "contig")]
)
def test_colors_of_8_and_16_bits_are_read_with_8(read, bits, planes):
    tifffile = pytest.importorskip("tifffile")
    colors = np.random.default_rng(0).integers(0, 2**bits, (9, 7, 3))
    colors = colors.astype(np.uint8 if bits == 8 else np.uint16)
    stored = colors if planes == "contig" else np.moveaxis(colors, -1, 0).copy()
    file = io.BytesIO()
    tifffile.imwrite(file, stored, photometric="rgb", planarconfig=planes)
    pixels = read(file.getvalue())
    assert pixels.dtype == np.uint8
    expected = (colors >> (bits - 8)) @ [0.299, 0.587, 0.114]
    np.testing.assert_allclose(pixels, expected, atol=0.51)


@newer_pillow
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["unassalpha", "assocalpha", "inks"])
@pytest.mark.parametrize("bits", [8, 16])
def test_four_channels(read, bits, kind, order):
    tifffile = pytest.importorskip("tifffile")
    values = np.random.default_rng(0).integers(0, 2**bits, (9, 7, 4))
    if kind == "assocalpha":  # the products with the opacity are stored
        values[..., :3] = values[..., :3] * (values[..., 3:] / (2**bits - 1))
    values = values.astype(np.uint8 if bits == 8 else np.uint16)
    options = {"photometric": "separated"}
    if kind != "inks":
        options = {"photometric": "rgb", "extrasamples": [kind]}
    file = io.BytesIO()
    tifffile.imwrite(file, values, byteorder=order, **options)
    *colors, last = np.moveaxis((values >> (bits - 8)).astype(float), -1, 0)
    if kind == "inks":
        colors = [(255 - color) * (255 - last) / 255 for color in colors]
    luma = np.dstack(colors) @ [0.299, 0.587, 0.114]
    if kind == "unassalpha":
        luma = luma * (last / 255)
    # Pillow rounds the colors before and after the conversions.
    np.testing.assert_allclose(read(file.getvalue()), luma, atol=1.5)


@pytest.mark.parametrize("photometric", ["rgb", "separated"])
def test_planes_of_16_bits_are_refused(refusal, photometric):
    tifffile = pytest.importorskip("tifffile")
    planes = np.zeros((3 if photometric == "rgb" else 4, 9, 7), dtype=np.uint16)
    file = io.BytesIO()
    tifffile.imwrite(file, planes, photometric=photometric, planarconfig="separate")
    assert refusal(file.getvalue()).startswith("has color planes of more than 8 bits")


def test_dark_colors_of_16_bits_are_refused(refusal, tmp_path):
    tifffile = pytest.importorskip("tifffile")
    colors = np.random.default_rng(0).integers(0, 4096, (9, 7, 3), dtype=np.uint16)
    file = io.BytesIO()
    tifffile.imwrite(file, colors, photometric="rgb")
    assert "almost black; save it as gray with 16 bits" in refusal(file.getvalue())
    with pytest.raises(ImageReadError, match="bits_stored does not apply"):
        read_image(tmp_path / "image.tif", bits_stored=12)


@newer_pillow
def test_opacity(read):
    tifffile = pytest.importorskip("tifffile")
    values = np.random.default_rng(0).integers(0, 256, (9, 7, 2), dtype=np.uint8)
    for kind, expected in [
        ("unassalpha", values[..., 0] * (values[..., 1] / 255)),
        ("assocalpha", values[..., 0]),  # the product is stored
        ("unspecified", values[..., 0]),
    ]:
        file = io.BytesIO()
        tifffile.imwrite(file, values, photometric="minisblack", extrasamples=[kind])
        np.testing.assert_allclose(read(file.getvalue()), expected, atol=0.51)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_planes_with_opacity_are_refused(refusal, dtype):
    tifffile = pytest.importorskip("tifffile")
    file = io.BytesIO()
    tifffile.imwrite(
        file,
        np.zeros((2, 9, 7), dtype),
        photometric="minisblack",
        planarconfig="separate",
        extrasamples=["unassalpha"],
    )
    reason = refusal(file.getvalue())
    assert "of a kind that Pillow does not read" in reason
    assert "2 per pixel, with extra samples" in reason


def test_lab_colors_are_refused(tmp_path):
    path = saved(tmp_path, Image.new("LAB", (4, 4)), ".tif")
    assert why(path) == "has CIELAB colors; save it as gray or RGB"


def test_big_endian_bigtiff_is_refused(refusal, scan):
    tifffile = pytest.importorskip("tifffile")
    file = io.BytesIO()
    tifffile.imwrite(file, scan, bigtiff=True, byteorder=">")
    assert refusal(file.getvalue()).startswith("is a big-endian BigTIFF")


@pytest.mark.parametrize("subfile", [0, 1], ids=["page", "thumbnail"])
def test_several_pages_are_refused(refusal, scan, subfile):
    tifffile = pytest.importorskip("tifffile")
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(scan)
        writer.write(scan[::4, ::4], subfiletype=subfile)
    assert refusal(file.getvalue()).startswith("holds 2 images, expected one")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({262: None}, "PhotometricInterpretation is missing"),
        ({278: 2}, "3 strips or tiles have 1 positions"),
        ({278: 0}, "have no pixels"),
        ({279: 20}, "shorter than stated"),
        ({279: 2**31}, "cut short"),
        ({273: 2**31}, "cut short"),
        ({273: 0}, "left out"),
        ({284: 32769}, "planes or numbers is unknown"),
        ({339: 55810}, "8-bit unknown pixels"),
        ({259: 34712}, "compression 34712"),
    ],
)
def test_damaged_tags(refusal, change, reason):
    values = np.arange(30).reshape(5, 6)
    assert reason in refusal(tiff_file(values, 8, BLACK, change=change))


def test_tags_outside_the_file(tmp_path):
    data = tiff_file(np.arange(30).reshape(5, 6), 16, BLACK, kind=SIGNED)
    path = tmp_path / "image.tif"
    path.write_bytes(data[:-10])  # without the last tag, the sample format
    assert why(path) == "is cut short (truncated)"


@pytest.mark.parametrize("photometric", [WHITE, BLACK])
@pytest.mark.parametrize("bits", [2, 4, 8, 16])
def test_stored_values(tmp_path, bits, photometric):
    values = np.random.default_rng(0).integers(0, 2**bits, (5, 11))
    path = tmp_path / "image.tif"
    path.write_bytes(tiff_file(values, bits, photometric))
    np.testing.assert_array_equal(read_values(path), values)
