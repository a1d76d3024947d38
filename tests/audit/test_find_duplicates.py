import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from cxrclf.audit import find_duplicates
from cxrclf.datasets import make_chest_radiographs
from cxrclf.exceptions import ImageReadError

SIDE = 96


def crop(image, left, top, right, bottom):
    width, height = image.size
    box = left * width, top * height, (1 - right) * width, (1 - bottom) * height
    return image.crop(tuple(round(edge) for edge in box))


def recode(image, quality=40):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file)


def apply_gamma(image, gamma):
    return image.point([round(255 * (level / 255) ** gamma) for level in range(256)])


CHANGES = {
    "rescaled": lambda image: image.resize((80, 80), Image.Resampling.BILINEAR),
    "re-encoded": recode,
    "gray levels": lambda image: apply_gamma(image, 1.5),
    "flipped": ImageOps.mirror,
    "inverted": ImageOps.invert,
    "rotated": lambda image: image.rotate(4, Image.Resampling.BILINEAR),
    "cropped": lambda image: crop(image, 0.05, 0.05, 0.05, 0.05),
    "flipped + cropped": lambda image: crop(ImageOps.mirror(image), 0, 0.1, 0.1, 0.04),
}


@pytest.fixture(scope="module")
def radiographs():
    data = make_chest_radiographs(24, n_patients=24, image_size=SIDE, random_state=0)
    return data.images


@pytest.fixture(scope="module")
def files(radiographs, tmp_path_factory):
    """24 radiographs of different patients, and one copy of each kind."""
    folder = tmp_path_factory.mktemp("copies")
    paths = []
    for row, pixels in enumerate(radiographs):
        paths.append(folder / f"image{row:02d}.png")
        Image.fromarray(pixels).save(paths[-1])
    for row, change in enumerate(CHANGES.values()):
        paths.append(folder / f"copy{row}.png")
        change(Image.fromarray(radiographs[row])).save(paths[-1])
    return [str(path) for path in paths]


@pytest.fixture(scope="module")
def report(files):
    return find_duplicates(files)


def test_copies_of_all_kinds(report):
    pairs = zip(report.pairs["row_a"], report.pairs["row_b"], strict=True)
    assert list(pairs) == [(row, 24 + row) for row in range(len(CHANGES))]
    assert report.pairs["kind"] == list(CHANGES)
    assert report.pairs["image_b"][3] == "copy3.png"


def test_order_of_the_images(files, report):
    order = np.random.default_rng(0).permutation(len(files))
    permuted = find_duplicates([files[row] for row in order])
    groups = {frozenset(order[group].tolist()) for group in permuted.groups}
    assert groups == {frozenset(group.tolist()) for group in report.groups}


def test_exact_copies_under_other_names_and_formats(radiographs, tmp_path):
    image = Image.fromarray(radiographs[0])
    paths = [tmp_path / name for name in ("a.png", "b.bmp", "c.png", "d.png")]
    image.save(paths[0])
    image.save(paths[1])
    image.convert("RGB").save(paths[2])
    Image.fromarray(radiographs[1]).save(paths[3])
    report = find_duplicates(paths)
    assert report.pairs["row_a"] == [0, 0]
    assert report.pairs["row_b"] == [1, 2]
    assert report.pairs["kind"] == ["exact", "exact"]
    assert report.labels.tolist() == [0, 0, 0, 1]


def test_different_patients(radiographs):
    report = find_duplicates(radiographs)
    assert len(report.pairs) == 0
    assert report.groups == []
    assert report.findings == ()
    np.testing.assert_array_equal(report.labels, np.arange(24))


def test_two_images_and_images_without_contrast():
    flat = np.full((3, 16, 16), 7, np.uint8)
    flat[2] = 9
    assert find_duplicates(flat).labels.tolist() == [0, 0, 1]
    image = np.random.default_rng(0).random((40, 40))
    pair = find_duplicates(np.stack([image, image[:, ::-1]]))
    assert pair.pairs["kind"] == ["flipped"]


def test_bad_input(files, tmp_path):
    with pytest.raises(ValueError, match="X has 1. Pass two or more"):
        find_duplicates(files[:1])
    with pytest.raises(ValueError, match="n_threads must be an int"):
        find_duplicates(files, n_threads=0)
    broken = tmp_path / "broken.png"
    broken.write_bytes(Path(files[0]).read_bytes()[:300])
    with pytest.raises(ImageReadError, match=r"broken\.png"):
        find_duplicates([*files[:3], broken])
    with pytest.raises(ValueError, match="sizes"):
        find_duplicates([np.zeros((8, 8)), np.zeros((9, 9))])


def test_images_of_one_patient():
    data = make_chest_radiographs(45, n_patients=15, image_size=SIDE, random_state=0)
    assert len(find_duplicates(data.images).pairs) == 0
