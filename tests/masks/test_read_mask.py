"""Masks in every form that people save them in, read without blending."""

import numpy as np
import pytest
from PIL import Image
from PIL.Image import Transpose

from cxrclf._utils.image_size import content_size
from cxrclf.exceptions import ImageReadError
from cxrclf.images import read_image
from cxrclf.masks import open_masks, read_mask
from mask_files import nearest, saved

ORIENTATION = 0x0112
# What was done to an upright image that has to be turned by an orientation.
TURNED = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_90,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_270,
}


def stored(path):
    with Image.open(path) as image:
        image.load()
    return image


def in_palette(codes, colours):
    image = Image.fromarray(codes).convert("L")
    image = Image.frombytes("P", image.size, codes.tobytes())
    image.putpalette([value for colour in colours for value in colour])
    return image


def why(path, *args, **settings):
    with pytest.raises(ImageReadError) as caught:
        read_mask(path, *args, **settings)
    assert list(caught.value.failures) == [str(path)]
    return caught.value.failures[str(path)]


# Two classes


@pytest.mark.parametrize("bright", [1, 2, 127, 255])
@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp", ".gif"])
def test_one_value_on_zero(tmp_path, lungs, bright, suffix):
    path = saved(tmp_path, lungs * np.uint8(bright), f"mask{suffix}")
    mask = read_mask(path)
    assert mask.dtype == np.uint8
    np.testing.assert_array_equal(mask, lungs)


@pytest.mark.parametrize("bright", [1, 255, 65535])
def test_16_bits(tmp_path, lungs, bright):
    path = saved(tmp_path, lungs * np.uint16(bright))
    np.testing.assert_array_equal(read_mask(path), lungs)


def test_bilevel(tmp_path, lungs):
    path = saved(tmp_path, Image.fromarray(lungs * np.uint8(255)).convert("1"))
    assert stored(path).mode == "1"
    np.testing.assert_array_equal(read_mask(path), lungs)
    np.testing.assert_array_equal(read_mask(path, labels=(0, 1)), lungs)


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 0, 255), (128, 0, 0)])
@pytest.mark.parametrize("form", ["RGB", "P", "RGBA"])
def test_a_colour_on_black(tmp_path, lungs, colour, form):
    if form == "P":
        image = in_palette(lungs, [(0, 0, 0), colour])
    else:
        image = Image.fromarray(lungs[..., None] * np.uint8(colour)).convert(form)
    np.testing.assert_array_equal(read_mask(saved(tmp_path, image)), lungs)


def test_white_on_transparent(tmp_path, lungs):
    image = Image.new("RGBA", (80, 60), "white")
    image.putalpha(Image.fromarray(lungs * np.uint8(255)))
    np.testing.assert_array_equal(read_mask(saved(tmp_path, image)), lungs)


@pytest.mark.parametrize("quality", [30, 75, 95])
def test_grey_edges_of_a_jpeg(tmp_path, lungs, quality):
    white = lungs * np.uint8(255)
    path = saved(tmp_path, white, "mask.jpg", quality=quality)
    assert len(np.unique(np.asarray(stored(path)))) > 10
    wrong = read_mask(path) != lungs
    # Only pixels at the rim may fall on the other side of one half.
    rim = np.zeros_like(wrong)
    for axis in (0, 1):
        step = np.diff(lungs.astype(int), axis=axis) != 0
        before, after = (np.s_[:-1], np.s_[1:])
        if axis == 1:
            before, after = np.s_[:, :-1], np.s_[:, 1:]
        rim[before] |= step
        rim[after] |= step
    assert not (wrong & ~rim).any()
    assert wrong.sum() <= 0.1 * rim.sum()


def test_half_of_the_brightest_is_the_bound(tmp_path):
    row = np.repeat(np.array([0, 99, 100, 101, 200], dtype=np.uint8), [60, 1, 1, 1, 60])
    mask = read_mask(saved(tmp_path, row[None]))
    np.testing.assert_array_equal(mask[0], row > 100)


@pytest.mark.parametrize("value", [0, 1, 255])
def test_of_one_value(tmp_path, value):
    path = saved(tmp_path, np.full((4, 5), value, dtype=np.uint8))
    np.testing.assert_array_equal(read_mask(path), np.full((4, 5), value > 0))


def test_dicom(tmp_path, lungs):
    pydicom = pytest.importorskip("pydicom")
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1"
    dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    dataset.Rows, dataset.Columns = lungs.shape
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.PixelData = lungs.tobytes()
    dataset["PixelData"].VR = "OB"
    path = tmp_path / "mask"
    dataset.save_as(path, enforce_file_format=True)
    np.testing.assert_array_equal(read_mask(path), lungs)
    assert "is DICOM, in which labels are not read" in why(path, labels=(0, 1))


def test_a_radiograph_is_no_mask(tmp_path):
    rows, columns = np.mgrid[:60, :80]
    scan = (100 + 60 * np.sin(rows / 9) * np.cos(columns / 13)).astype(np.uint8)
    for array in (scan, scan * np.uint16(257)):
        path = saved(tmp_path, array)
        top = int(array.max())
        share = np.mean((array > top / 4) & (array < 3 * top / 4))
        assert f"is no mask: {share:.0%} of its pixels" in why(path)


@pytest.mark.parametrize(("n_grey", "is_mask"), [(100, True), (101, False)])
def test_up_to_a_tenth_may_be_grey(tmp_path, n_grey, is_mask):
    pixels = np.zeros(1000, dtype=np.uint8)
    pixels[:n_grey], pixels[-300:] = 120, 255
    path = saved(tmp_path, pixels.reshape(20, 50))
    if is_mask:
        assert read_mask(path).sum() == 300
    else:
        assert "is no mask" in why(path)


# Labels


@pytest.mark.parametrize("labels", [(0, 1, 2), (7, 40, 3), [0, 255, 65535], (2, 1, 0)])
def test_labels_give_numbers_of_classes(tmp_path, classes, labels):
    values = np.array(labels)[classes]
    values = values.astype(np.uint16 if max(labels) > 255 else np.uint8)
    for suffix in (".png", ".tif"):
        path = saved(tmp_path, values, f"mask{suffix}")
        mask = read_mask(path, labels=labels)
        assert mask.dtype == np.uint8
        np.testing.assert_array_equal(mask, classes)


def test_labels_of_a_palette_are_its_indices(tmp_path, classes):
    # Colours that would be 1 and 0 as brightness.
    path = saved(tmp_path, in_palette(classes, [(255,) * 3, (0,) * 3, (200, 10, 10)]))
    np.testing.assert_array_equal(read_mask(path, labels=(0, 1, 2)), classes)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_labels_in_equal_channels(tmp_path, classes, mode):
    image = Image.fromarray(classes).convert(mode)
    if mode != "RGB":
        image.putalpha(Image.fromarray(classes * np.uint8(100)))
    path = saved(tmp_path, image)
    np.testing.assert_array_equal(read_mask(path, labels=(0, 1, 2)), classes)


def test_labels_in_colours_are_refused(tmp_path, classes):
    colours = np.stack([classes, classes, 0 * classes], axis=-1)
    assert "is a mask in colors" in why(saved(tmp_path, colours), labels=(0, 1, 2))


def test_other_values_than_the_labels_are_named(tmp_path, classes):
    path = saved(tmp_path, classes)
    assert why(path, labels=(0, 1)).startswith(
        "it has the values [2], which are not among the labels [0, 1]. "
    )
    path = saved(tmp_path, np.arange(12, dtype=np.uint8)[None], "many.png")
    assert why(path, labels=(0, 300, 3)).startswith(
        "it has the values [1, 2, 4, 5, 6] and 5 more, which are not among the labels "
        "[0, 300, 3]. "
    )


def test_grey_edges_beside_labels_are_refused(tmp_path, lungs):
    path = saved(tmp_path, lungs * np.uint8(255), "mask.jpg")
    assert "which are not among the labels [0, 255]" in why(path, labels=(0, 255))


@pytest.mark.parametrize(
    "labels", [(), (0,), (0, 0), (0, 1, 1), 3, [[0, 1]], range(257)]
)
def test_labels_of_a_wrong_number(labels, tmp_path):
    message = "labels must be 2 to 256 different values"
    with pytest.raises(ValueError, match=message):
        read_mask(tmp_path / "missing.png", labels=labels)
    with pytest.raises(ValueError, match=message):
        open_masks(np.zeros((1, 2, 2)), labels=labels)


@pytest.mark.parametrize("labels", [(-1, 0), (0, 65536), (0, 0.5), ("a", "b")])
def test_labels_that_no_file_holds(labels, tmp_path):
    message = "labels .*must be .* from 0 to 65535"
    with pytest.raises(ValueError, match=message):
        read_mask(tmp_path / "missing.png", labels=labels)
    with pytest.raises(ValueError, match=message):
        open_masks(np.zeros((1, 2, 2)), labels=labels)


def test_256_labels(tmp_path):
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    labels = range(255, -1, -1)
    mask = read_mask(saved(tmp_path, values), labels=labels)
    np.testing.assert_array_equal(mask, 255 - values)


# Orientation, and files that cannot be read


@pytest.mark.parametrize("labels", [None, (0, 255)])
@pytest.mark.parametrize("mode", ["L", "I;16", "P"])
@pytest.mark.parametrize("orientation", TURNED)
def test_turned_upright(tmp_path, lungs, orientation, mode, labels):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    if mode == "P":
        white = in_palette(lungs * np.uint8(255), [(v,) * 3 for v in range(256)])
    else:
        dtype = np.uint16 if mode == "I;16" else np.uint8
        white = Image.fromarray(lungs.astype(dtype) * dtype(255))
    turned = white.transpose(TURNED[orientation])
    for suffix in (".png", ".tif"):
        path = saved(tmp_path, turned, f"mask{suffix}", exif=exif)
        assert stored(path).mode == mode
        np.testing.assert_array_equal(read_mask(path, labels=labels), lungs)


@pytest.mark.parametrize("labels", [None, (0, 255)])
def test_files_that_cannot_be_read(tmp_path, lungs, labels):
    assert why(tmp_path / "none.png", labels=labels) == "no such file"
    assert why(tmp_path, labels=labels) == "is a folder, not a file"
    empty, text = tmp_path / "empty.png", tmp_path / "text.png"
    empty.touch()
    text.write_text("no mask")
    assert why(empty, labels=labels) == "is empty (0 bytes)"
    assert "is not an image" in why(text, labels=labels)
    noise = np.random.default_rng(0).integers(0, 2, (60, 80), dtype=np.uint8) * 255
    cut = saved(tmp_path, noise.astype(np.uint8), "cut.png")
    cut.write_bytes(cut.read_bytes()[:300])
    assert "cut short" in why(cut, labels=labels)
    frames = [Image.fromarray(lungs * np.uint8(v)) for v in (255, 0)]
    several = tmp_path / "several.tif"
    frames[0].save(several, save_all=True, append_images=frames[1:])
    assert "holds 2 images" in why(several, labels=labels)


# Sizes


@pytest.mark.parametrize("size", [(30, 40), (60, 80), (61, 79), (17, 200), (1, 1)])
def test_nearest_neighbour_is_exact(tmp_path, classes, size):
    path = saved(tmp_path, classes)
    mask = read_mask(path, size, labels=(0, 1, 2))
    assert mask.shape == size
    np.testing.assert_array_equal(mask, nearest(classes, *size))


def test_one_number_is_a_square(tmp_path, lungs):
    assert read_mask(saved(tmp_path, lungs), 24).shape == (24, 24)
    with pytest.raises(ValueError, match="image_size must be a positive int"):
        read_mask(saved(tmp_path, lungs), 0)


@pytest.mark.parametrize("size", [(32, 64), (64, 32), (50, 50)])
def test_keeping_the_aspect_ratio(tmp_path, classes, size):
    # As the images are padded, so that masks lie on them.
    path = saved(tmp_path, classes)
    mask = read_mask(path, size, labels=(0, 1, 2), keep_aspect_ratio=True)
    inside = content_size(classes.shape, size, True)
    top, left = (size[0] - inside[0]) // 2, (size[1] - inside[1]) // 2
    expected = np.zeros(size)
    expected[top : top + inside[0], left : left + inside[1]] = nearest(classes, *inside)
    np.testing.assert_array_equal(mask, expected)
    white = saved(tmp_path, np.full((60, 80), 255, dtype=np.uint8), "white.png")
    np.testing.assert_array_equal(
        read_mask(white, size, keep_aspect_ratio=True),
        read_image(white, size, keep_aspect_ratio=True) == 255,
    )


def test_padding_is_background_whatever_its_value(tmp_path):
    path = saved(tmp_path, np.full((4, 8), 9, dtype=np.uint8))
    mask = read_mask(path, 8, labels=(3, 9), keep_aspect_ratio=True)
    assert mask[:2].tolist() == mask[6:].tolist() == [[0] * 8] * 2
    assert mask[2:6].all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_numbers_of_classes_are_no_greys(tmp_path, dtype):
    sides = np.zeros((20, 20), dtype=dtype)
    sides[2:6, 2:6], sides[2:18, 12:18] = 1, 2  # a small left lung and a right one
    path = tmp_path / "sides.png"
    Image.fromarray(sides).save(path)
    with pytest.raises(ImageReadError, match=r"values \[0, 1, 2\].* give the labels"):
        read_mask(path)
    np.testing.assert_array_equal(read_mask(path, labels=(0, 1, 2)), sides)
