"""Lungs from masks of any form, and from segmenters."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from cxrclf import UNetSegmenter
from cxrclf.images import ImageReader
from cxrclf.inspection._gray_images import GrayImages
from cxrclf.inspection._lung_input import LungInput
from cxrclf.masks import open_masks, resize_masks


def open_lungs(masks, X, size, estimator=None):
    shown = GrayImages(X, estimator)
    return LungInput(masks, len(shown)).open(shown, shown.open((32, 32)), size)


def test_arrays_are_resized(lungs):
    found = open_lungs(lungs.masks, lungs.images, (16, 16))
    assert found.dtype == bool
    np.testing.assert_array_equal(found, resize_masks(lungs.masks, (16, 16)))
    same = open_lungs(lungs.masks * 255, lungs.images, (32, 32))
    np.testing.assert_array_equal(same, lungs.masks)


def test_files_are_unions(lungs, lung_files):
    found = open_lungs(lung_files.pairs, lung_files.images, (32, 32))
    np.testing.assert_array_equal(found, lungs.masks)


def test_files_are_padded_as_the_images(lung_files, small_classifier):
    X, y = lung_files.images, np.arange(12) % 2
    clf = small_classifier(keep_aspect_ratio=True, image_size=(32, 64), max_epochs=1)
    shown = GrayImages(X, clf.fit(X, y))
    found = LungInput(lung_files.masks, 12).open(shown, shown.open((32, 64)), (32, 64))
    expected = open_masks(lung_files.masks, (32, 64), keep_aspect_ratio=True)
    np.testing.assert_array_equal(found, expected.gather(np.arange(12)) != 0)


class Threshold:
    """Segmenter that calls dark pixels lungs, and reads files at 8 by 8 pixels."""

    classes_ = np.array([7, 9])

    def __init__(self, keep_aspect_ratio=False):
        self.keep_aspect_ratio = keep_aspect_ratio

    def predict(self, X):
        if not isinstance(X, np.ndarray) or X.dtype == object:
            X = ImageReader(8, keep_aspect_ratio=self.keep_aspect_ratio).transform(X)
        return np.where(X < 100, 9, 7)


def test_segmenter_predicts_arrays(lungs):
    found = open_lungs(Threshold(), lungs.images, (16, 16))
    np.testing.assert_array_equal(found, resize_masks(lungs.images < 100, (16, 16)))


def test_segmenter_gets_gray_images(lungs):
    X = np.stack([lungs.images] * 3, axis=-1)
    found = open_lungs(Threshold(), X, (32, 32))
    np.testing.assert_array_equal(found, lungs.images < 100)


def test_segmenter_reads_files_at_its_own_size(lung_files):
    found = open_lungs(Threshold(), lung_files.images, (16, 16))
    dark = ImageReader(8).transform(lung_files.images) < 100
    np.testing.assert_array_equal(found, resize_masks(dark, (16, 16)))


def test_segmenter_that_pads_gets_the_pixels_of_the_maps(lungs, lung_files):
    found = open_lungs(Threshold(True), lung_files.images, (32, 32))
    np.testing.assert_array_equal(found, lungs.images < 100)


def test_masks_of_a_network(lungs, small_segmenter):
    segmenter = small_segmenter(max_epochs=1).fit(lungs.images, lungs.masks)
    found = open_lungs(segmenter, lungs.images, (32, 32))
    expected = resize_masks(segmenter.predict(lungs.images), (32, 32))
    np.testing.assert_array_equal(found, expected)


def test_bad_lungs_are_refused(lungs):
    with pytest.raises(ValueError, match="lungs has 11 masks for 12 images"):
        LungInput(lungs.masks[:11], 12)
    with pytest.raises(NotFittedError):
        LungInput(UNetSegmenter(), 12)
    segmenter = Threshold()
    segmenter.predict = lambda X: np.zeros((3, 4))
    with pytest.raises(ValueError, match=r"for 12 images returned .* \(3, 4\)"):
        open_lungs(segmenter, lungs.images, (32, 32))
