"""The lung segmenter learns from dilated masks, in any form of images and masks."""

import numpy as np
import pytest
from PIL import Image

from cxrclf.datasets import make_chest_radiographs
from cxrclf.preprocessing import MaskDilation
from cxrclf.segmentation import UNetSegmenter
from cxrclf.studies import fit_lung_segmenter

SMALL = {
    "depth": 1,
    "width": 4,
    "max_epochs": 1,
    "random_state": 0,
    "n_threads": 1,
    "image_size": 32,
}


@pytest.fixture(scope="module")
def radiographs():
    return make_chest_radiographs(8, image_size=32, random_state=0)


@pytest.fixture
def learned(monkeypatch):
    """Return the images and masks that a segmenter is fitted on."""
    seen = []

    def fit(self, X, y, **options):
        seen.append((X, np.asarray(y), options))
        return self

    monkeypatch.setattr(UNetSegmenter, "fit", fit)
    return seen


def test_settings_of_the_paper(radiographs, learned):
    segmenter = fit_lung_segmenter(radiographs.images, radiographs.masks)
    assert (segmenter.image_size, segmenter.max_epochs) == (512, 50)
    assert (segmenter.optimizer, segmenter.learning_rate) == ("adam", 1e-3)
    assert (segmenter.batch_size, segmenter.encoder) == (16, None)
    assert segmenter.augmentation.get_params() == {
        "rotation": 0.0,
        "shift": 0.05,
        "shear": 0.0,
        "zoom": 0.05,
        "crop": 0.0,
        "horizontal_flip": True,
        "vertical_flip": False,
        "noise": 0.0,
        "fill_mode": "nearest",
        "fill_value": 0.0,
    }


def test_masks_are_dilated(radiographs, learned):
    fit_lung_segmenter(
        radiographs.images,
        radiographs.masks,
        groups=radiographs.groups,
        dilation=0.1,
        **SMALL,
    )
    images, masks, options = learned[0]
    assert images is radiographs.images
    assert options["groups"] is radiographs.groups
    # 0.1 of 32 pixels: a disc of 3 pixels.
    offsets = [
        (row, column)
        for row in range(-3, 4)
        for column in range(-3, 4)
        if row**2 + column**2 <= 9
    ]
    padded = np.pad(radiographs.masks, ((0, 0), (3, 3), (3, 3)))
    expected = np.any(
        [padded[:, 3 + r : 35 + r, 3 + c : 35 + c] for r, c in offsets], axis=0
    )
    np.testing.assert_array_equal(masks, expected)


def test_files_and_arrays_give_the_same_masks(radiographs, learned, tmp_path):
    left, right = radiographs.masks.copy(), radiographs.masks.copy()
    left[:, :, 16:], right[:, :, :16] = False, False
    images, masks = [], []
    for number, image in enumerate(radiographs.images):
        images.append(str(tmp_path / f"{number}.png"))
        Image.fromarray(image).save(images[-1])
        masks.append([str(tmp_path / f"{number}-{side}.png") for side in "lr"])
        for path, mask in zip(masks[-1], (left, right), strict=True):
            Image.fromarray(mask[number]).convert("L").save(path)
    for X, y in (
        (images, masks),
        (images, radiographs.masks),
        (radiographs.images, masks),
    ):
        fit_lung_segmenter(X, y, **SMALL)
    expected = MaskDilation().fit_transform(radiographs.masks)
    for _, found, _ in learned:
        np.testing.assert_array_equal(found, expected)


def test_masks_of_another_size_are_refused(radiographs):
    with pytest.raises(ValueError, match="Pass masks of the size"):
        fit_lung_segmenter(radiographs.images, radiographs.masks[:, ::2, ::2], **SMALL)


def test_segmenter_is_fitted(radiographs):
    segmenter = fit_lung_segmenter(radiographs.images, radiographs.masks, **SMALL)
    assert segmenter.predict(radiographs.images).shape == (8, 32, 32)
    assert segmenter.n_epochs_ == 1
