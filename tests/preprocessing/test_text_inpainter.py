import sys

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image, ImageDraw, ImageFont
from sklearn.base import clone

from cxrclf.datasets import make_chest_radiographs
from cxrclf.exceptions import MissingDependencyError
from cxrclf.preprocessing import ArtifactMask, TextInpainter

WORDS = ("L", "R", "PORTABLE", "AP 12:30")


def with_letters(image, rng):
    """Write two words on a film, where markers are: in the corners and at the edges.

    Returns the film and a mask of the letters that can be seen: those at least a fifth
    of the range brighter than what they hide.
    """
    height, width = image.shape
    marked, ink = Image.fromarray(image), Image.new("L", (width, height))
    for word in rng.choice(WORDS, 2, replace=False):
        largest = 0.08 if len(word) == 1 else 0.045
        font = ImageFont.load_default(size=height * rng.uniform(0.03, largest))
        left, top, right, bottom = ImageDraw.Draw(ink).textbbox((0, 0), word, font)
        lowest = 0.3 if len(word) == 1 else 0.08
        x, y = {
            0: (rng.uniform(0.01, 0.1) * width, rng.uniform(0.01, lowest) * height),
            1: (
                rng.uniform(0.9, 0.99) * width - (right - left),
                rng.uniform(0.01, lowest) * height,
            ),
            2: (rng.uniform(0.01, 0.7) * width, 0.98 * height - (bottom - top)),
        }[int(rng.integers(3))]
        if rng.random() < 0.3:
            box = (x - 3, y - 3, x + right - left + 3, y + bottom - top + 3)
            ImageDraw.Draw(marked).rectangle(box, fill=0)
        grey = int(rng.choice([255, 255, 215]))
        ImageDraw.Draw(marked).text((x - left, y - top), word, fill=grey, font=font)
        ImageDraw.Draw(ink).text((x - left, y - top), word, fill=255, font=font)
    marked = np.asarray(marked)
    seen = marked.astype(int) - image >= 0.2 * 255
    return marked, (np.asarray(ink) >= 128) & seen


@pytest.fixture(scope="module")
def films():
    """Twelve films with letters, and the films without."""
    clean = make_chest_radiographs(12, image_size=160, random_state=3).images
    rng = np.random.default_rng(0)
    return np.stack([with_letters(image, rng)[0] for image in clean]), clean


@pytest.mark.parametrize(("side", "n_films"), [(331, 52), (512, 20)])
def test_letters_go_and_lungs_stay(side, n_films):
    data = make_chest_radiographs(n_films, image_size=side, random_state=0)
    rng = np.random.default_rng(0)
    written = [with_letters(image, rng) for image in data.images]
    marked, letters = (np.stack(arrays) for arrays in zip(*written, strict=True))
    assert letters.any(axis=(1, 2)).mean() > 0.9
    cleaned = TextInpainter().fit_transform(marked)
    changed = cleaned != marked
    assert changed[letters].mean() > 0.95
    assert changed[data.masks].mean() < 0.005
    # Without letters only side markers, which some of the films have, are found.
    assert ArtifactMask().fit_transform(data.images).mean() < 0.005


def test_what_is_filled_in_is_near_to_what_was_hidden(films):
    marked, clean = films
    cleaned = TextInpainter().fit_transform(marked)
    covered = (marked.astype(int) - clean >= 0.2 * 255) & (cleaned != marked)
    error = np.abs(cleaned.astype(int) - clean)[covered]
    assert np.median(error) < 0.1 * np.median((marked - clean)[covered])


def test_only_masked_pixels_change_and_as_opencv_fills_them(films):
    marked, _ = films
    masks = ArtifactMask().fit_transform(marked)
    assert masks.any(axis=(1, 2)).all()
    before = marked.copy()
    out = TextInpainter(radius=0.02).fit_transform(marked)
    assert_array_equal(out[~masks], marked[~masks])
    for image, mask, filled in zip(marked, masks, out, strict=True):
        expected = cv2.inpaint(image, mask.astype(np.uint8), 3, cv2.INPAINT_TELEA)
        assert_array_equal(filled, expected)
    assert_array_equal(marked, before)


def test_16_bits_and_floats(films):
    marked, _ = films
    out = TextInpainter().fit_transform(marked)
    masks = ArtifactMask().fit_transform(marked)
    deep = TextInpainter().transform(marked * np.uint16(257))
    assert deep.dtype == np.uint16
    assert_array_equal(deep, out * np.uint16(257))
    for dtype in (np.float32, np.float64):
        pixels = (marked / 255).astype(dtype)
        floats = TextInpainter().transform(pixels)
        assert floats.dtype == dtype
        assert_allclose(floats, out / 255, atol=1e-7)
        assert_array_equal(floats[~masks], pixels[~masks])


def test_fine_levels_outside_the_letters_stay():
    """16 bits keep their 16 bits where nothing is painted over."""
    rng = np.random.default_rng(0)
    image = rng.integers(20000, 22000, (1, 100, 100), dtype=np.uint16)
    image[0, 5:15, 5:7] = 65535
    out = TextInpainter().fit_transform(image)
    mask = ArtifactMask().fit_transform(image)
    assert_array_equal(out[~mask], image[~mask])
    assert 20000 - 257 <= out[mask].min() <= out[mask].max() <= 22000 + 257


def test_images_without_text_stay():
    image = np.full((2, 40, 40), 90, dtype=np.uint8)
    assert_array_equal(TextInpainter().fit_transform(image), image)


def test_the_mask_has_parameters_of_its_own(films):
    marked, _ = films
    inpainter = TextInpainter(ArtifactMask())
    assert "artifact_mask__threshold" in inpainter.get_params()
    usual = inpainter.fit_transform(marked)
    assert_array_equal(usual, TextInpainter().transform(marked))
    strict = clone(inpainter).set_params(artifact_mask__threshold=1.0)
    assert inpainter.artifact_mask.threshold == 0.5
    changed = (strict.transform(marked) != marked).sum()
    assert changed < (usual != marked).sum()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"radius": 3}, "radius"),
        ({"artifact_mask": 0.9}, "artifact_mask"),
        ({"artifact_mask": ArtifactMask(threshold=200)}, "threshold"),
    ],
)
def test_bad_parameters_of_the_inpainter(films, parameters, message):
    with pytest.raises(ValueError, match=message):
        TextInpainter(**parameters).fit(films[0])


def test_without_opencv_for_inpainting(films, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingDependencyError, match=r"cxrclf\[preprocessing\]"):
        TextInpainter().fit(films[0])
    assert ArtifactMask().fit_transform(films[0]).any()  # needs none
