"""Values of pixels as a file stores them."""

import numpy as np
import pytest
from PIL import Image

from cxrclf.exceptions import ImageReadError
from cxrclf.images import read_values
from image_files import saved


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32])
def test_values_are_not_converted(tmp_path, dtype):
    values = np.array([[0, 3, 200], [7, 1, 0]], dtype=dtype)
    read = read_values(saved(tmp_path, values, ".tif"))
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, values)


def test_a_palette_gives_its_indices(tmp_path):
    image = Image.fromarray(np.array([[0, 1, 2]], dtype=np.uint8)).convert("P")
    image.putpalette([255, 255, 255, 0, 0, 0, 10, 20, 30])
    assert read_values(saved(tmp_path, image)).tolist() == [[0, 1, 2]]


def test_colors_keep_their_channels(tmp_path):
    colors = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    np.testing.assert_array_equal(read_values(saved(tmp_path, colors)), colors)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pixels_are_upright(tmp_path, orientation):
    values = np.arange(12, dtype=np.uint8).reshape(3, 4)
    upright = [
        values,
        values[:, ::-1],
        values[::-1, ::-1],
        values[::-1],
        values.T,
        np.rot90(values, -1),
        values[::-1, ::-1].T,
        np.rot90(values),
    ]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path, values, exif=exif)
    np.testing.assert_array_equal(read_values(path), upright[orientation - 1])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "no such file"),
        (b"", "is empty (0 bytes)"),
        (b"text", "is not an image"),
        (bytes(128) + b"DICM", "is DICOM, in which labels are not read"),
    ],
)
def test_files_without_values_are_refused(tmp_path, content, reason):
    path = tmp_path / "mask.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ImageReadError) as caught:
        read_values(path)
    assert reason in caught.value.failures[str(path)]


def test_several_images_in_one_file(tmp_path):
    page = Image.new("L", (3, 2))
    path = saved(tmp_path, page, ".tif", save_all=True, append_images=[page])
    with pytest.raises(ImageReadError, match="holds 2 images, expected one"):
        read_values(path)
