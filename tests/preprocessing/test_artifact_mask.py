import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image, ImageDraw, ImageFont
from skimage.transform import resize
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator

from cxrclf.datasets import make_chest_radiographs
from cxrclf.images import ImageReader
from cxrclf.preprocessing import ArtifactMask

SIDE = 200
ALL_OFF = {
    "contrast": None,
    "sharpness": None,
    "max_size": None,
    "central_field": None,
    "growth": 0,
}


def film(*boxes, background=0.3, brightness=0.9, side=SIDE):
    """Return one grey image with bright bars at (top, left, height, width)."""
    image = np.full((1, side, side), background)
    for top, left, height, width in boxes:
        image[0, top : top + height, left : left + width] = brightness
    return image


BAR = (10, 10, 16, 4)  # a stroke in the corner
MIDDLE = (100, 100, 16, 4)


def is_found(image, box=BAR, **parameters):
    top, left, height, width = box
    mask = ArtifactMask(**parameters).fit_transform(image)
    found = mask[0, top : top + height, left : left + width]
    assert found.all() or not found.any()
    return bool(found.all())


class Lungs(BaseEstimator):
    """Predicts the same masks whatever the images."""

    def __init__(self, masks=None, needs_fit=False):
        self.masks = masks
        self.needs_fit = needs_fit

    def fit(self, X=None, y=None):
        self.fitted_ = True
        return self

    def __sklearn_is_fitted__(self):
        return hasattr(self, "fitted_") or not self.needs_fit

    def predict(self, X):
        return self.masks


def test_the_threshold_of_the_paper():
    """Equation 4: all pixels at or above the threshold, whatever they are."""
    data = make_chest_radiographs(3, image_size=64, random_state=0)
    mask = ArtifactMask(0.6, **ALL_OFF).fit_transform(data.images)
    assert mask.dtype == bool
    assert_array_equal(mask, data.images >= 0.6 * 255)


def test_a_stroke_in_the_corner_and_nothing_else():
    mask = ArtifactMask(growth=0).fit_transform(film(BAR))
    assert_array_equal(mask, film(BAR) > 0.5)


@pytest.mark.parametrize(
    ("image", "box", "limit"),
    [
        (film(BAR, background=0.1, brightness=0.45), BAR, {"threshold": 0.4}),
        (film(BAR, background=0.75), BAR, {"contrast": 0.1, "sharpness": 0.1}),
        (film((10, 10, 30, 30)), (10, 10, 30, 30), {"stroke_width": 0.2}),
        (film((10, 10, 30, 30)), (10, 10, 30, 30), {"contrast": None}),
        (film((10, 10, 60, 4)), (10, 10, 60, 4), {"max_size": None}),
        (film((10, 10, 60, 4)), (10, 10, 60, 4), {"max_size": 0.3}),
        (film(MIDDLE), MIDDLE, {"central_field": None}),
    ],
    ids=["dark", "faint", "broad", "broad, bright", "long", "longer", "in the middle"],
)
def test_each_limit_keeps_something_out(image, box, limit):
    assert not is_found(image, box)
    assert is_found(image, box, **limit)


def test_blurred_strokes_stay_out():
    profile = np.clip(1 - np.abs(np.arange(SIDE) - 14) / 9, 0, 1)
    image = film()
    image[0, 10:26] += 0.6 * profile
    assert not ArtifactMask().fit_transform(image).any()
    assert ArtifactMask(sharpness=None).transform(image).any()


def test_bright_regions_and_white_borders_stay_out():
    image = film((0, 0, 70, 70), brightness=1)
    image[0, -12:] = 1
    assert not ArtifactMask().fit_transform(image).any()


def test_only_what_touches_the_field_stays_out():
    """A field of 0.5 reaches from 50 to 150 along the middle row."""
    row = SIDE // 2 - 1
    outside, inside = (row, 47, 2, 2), (row, 49, 2, 2)
    for box, found in ((outside, True), (inside, False)):
        image = film(box)
        assert is_found(image, box, central_field=0.5, growth=0) == found


def test_growth_in_fractions_of_the_side():
    image = film((20, 20, 1, 1))
    for growth, diameter in ((0, 1), (0.001, 3), (0.01, 5), (0.02, 9)):
        mask = ArtifactMask(growth=growth).fit_transform(image)[0]
        assert mask[20].sum() == mask[:, 20].sum() == diameter


@pytest.mark.parametrize("side", [224, 331, 512, 1024])
def test_any_size_behaves_alike(side):
    """One film at several sizes: the letter goes, the softer blob and ribs stay."""
    large = Image.new("L", (2048, 2048), 70)
    draw = ImageDraw.Draw(large)
    draw.text((100, 100), "R", fill=240, font=ImageFont.load_default(size=160))
    letter = np.asarray(large.resize((side, side), Image.Resampling.BILINEAR))
    mask = ArtifactMask().fit_transform(letter[None])[0]
    assert mask[letter > 100].mean() > 0.99
    assert mask.mean() < 0.01
    bones = make_chest_radiographs(1, classes=["normal"], image_size=256).images
    bones = Image.fromarray(bones[0]).resize((side, side), Image.Resampling.BICUBIC)
    rows, columns = slice(side // 4, -side // 8), slice(side // 8, -side // 8)
    found = ArtifactMask().transform(np.asarray(bones)[None])
    assert found[0, rows, columns].mean() < 0.005


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_the_type_of_the_pixels_does_not_matter(dtype):
    images = make_chest_radiographs(6, image_size=128, random_state=1).images
    if dtype == np.uint16:
        converted = images * np.uint16(257)
    elif dtype == np.uint8:
        converted = images
    else:
        converted = (images / 255).astype(dtype)
    mask = ArtifactMask().fit_transform(converted)
    assert mask.any()
    assert_array_equal(mask, ArtifactMask().transform(images))


def test_a_segmenter_instead_of_the_field():
    image = film(BAR, MIDDLE)
    lungs = np.zeros((1, SIDE, SIDE), dtype=np.uint8)
    lungs[0, :40, :40] = 255
    segmenter = Lungs(lungs)
    assert is_found(image, MIDDLE, segmenter=segmenter)
    assert not is_found(image, BAR, segmenter=segmenter)
    assert is_found(image, BAR, segmenter=Lungs(np.zeros_like(lungs)))


@pytest.mark.parametrize(("margin", "found"), [(0.04, True), (0.05, False)])
def test_symbols_near_the_lungs(margin, found):
    """The bar ends 9 pixels from the lungs, in the row 25; they begin in row 35."""
    lungs = np.zeros((1, SIDE, SIDE), dtype=bool)
    lungs[0, 35:] = True
    parameters = {"segmenter": Lungs(lungs), "lung_margin": margin}
    assert is_found(film(BAR), **parameters) == found


@pytest.mark.parametrize("shape", [(50, 40), (333, 200), (200, 517)])
def test_masks_of_another_size(shape):
    rng = np.random.default_rng(0)
    small = rng.random((2, *shape)) > 0.999
    large = [resize(mask, (SIDE, SIDE), order=0, anti_aliasing=False) for mask in small]
    boxes = [
        (top, left, 6, 3) for top in range(5, 190, 15) for left in range(5, 190, 9)
    ]
    images = np.repeat(film(*boxes), 2, axis=0)
    found = [
        ArtifactMask(segmenter=Lungs(masks), lung_margin=0).fit_transform(images)
        for masks in (small, np.array(large))
    ]
    assert_array_equal(*found)
    anywhere = ArtifactMask(central_field=None).transform(images)
    assert 0.5 < found[0].sum() / anywhere.sum() < 1


def test_segmenters_that_cannot_be_used():
    lungs = np.zeros((1, SIDE, SIDE), dtype=bool)
    with pytest.raises(NotFittedError):
        ArtifactMask(segmenter=Lungs(lungs, needs_fit=True)).fit(film())
    with pytest.raises(ValueError, match="segmenter"):
        ArtifactMask(segmenter="unet").fit(film())
    for masks in (lungs[0], lungs[[0, 0]]):
        with pytest.raises(ValueError, match=r"array, and for 1 images gave"):
            ArtifactMask(segmenter=Lungs(masks)).fit_transform(film())


def test_clone_keeps_a_frozen_segmenter():
    lungs = np.ones((1, SIDE, SIDE), dtype=bool)
    fitted = Lungs(lungs, needs_fit=True).fit()
    mask = clone(ArtifactMask(segmenter=FrozenEstimator(fitted)))
    assert not mask.fit_transform(film(BAR)).any()
    with pytest.raises(NotFittedError):
        clone(ArtifactMask(segmenter=fitted)).fit(film(BAR))


@pytest.mark.parametrize(
    "parameters",
    [
        {"threshold": 128},
        {"threshold": None},
        {"contrast": -0.1},
        {"stroke_width": 0},
        {"sharpness": 2},
        {"max_size": 0},
        {"central_field": 1.5},
        {"lung_margin": -1},
        {"growth": 3},
    ],
)
def test_bad_parameters_of_the_mask(parameters):
    with pytest.raises(ValueError, match=next(iter(parameters))):
        ArtifactMask(**parameters).fit(film())


def test_lungs_of_real_radiographs(real_radiographs):
    """With the field alone: in all of 30 COVID-19 images with drawn masks."""
    folder = real_radiographs.parent / "lungs"
    masks = sorted((folder / "masks").iterdir())[::4]
    assert len(masks) >= 25
    files = [next((folder / "images").glob(f"{mask.stem}.*")) for mask in masks]
    images = ImageReader(image_size=331).fit_transform(files)
    lungs = ImageReader(image_size=331).fit_transform(masks) > 127
    touched = ArtifactMask().fit_transform(images)
    assert touched.any(axis=(1, 2)).mean() > 0.5
    assert touched[lungs].mean() < 0.001
