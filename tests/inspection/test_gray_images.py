"""The images of a display: any form of X, in gray."""

import numpy as np
import pytest
from sklearn.ensemble import VotingClassifier
from sklearn.pipeline import make_pipeline

from cxrclf.images import ImageReader, read_image
from cxrclf.inspection._gray_images import GrayImages
from cxrclf.preprocessing import IntensityNormalizer


def test_gray_arrays_are_unchanged(lungs):
    np.testing.assert_array_equal(GrayImages(lungs.images).open((8, 8)), lungs.images)


@pytest.mark.parametrize("n_channels", [1, 2, 3])
def test_channels_become_gray(lungs, n_channels):
    X = np.stack([lungs.images] * n_channels, axis=-1)
    gray = GrayImages(X).open((8, 8))
    np.testing.assert_allclose(gray, lungs.images, atol=1e-9)


def test_green_is_brighter_than_blue():
    X = np.zeros((1, 1, 2, 3))
    X[0, 0, 0, 1] = X[0, 0, 1, 2] = 1
    np.testing.assert_allclose(GrayImages(X).open((1, 2)), [[[0.587, 0.114]]])


def test_files_are_read_at_the_size(lung_files):
    gray = GrayImages(lung_files.images[:2]).open((16, 24))
    expected = [read_image(path, (16, 24)) for path in lung_files.images[:2]]
    np.testing.assert_array_equal(gray, expected)


def test_flat_rows_have_the_shape_of_the_classifier(lungs, small_classifier):
    X = lungs.images.reshape(12, -1)
    y = np.arange(12) % 2
    clf = small_classifier(image_shape=(32, 32), max_epochs=1).fit(X, y)
    np.testing.assert_array_equal(GrayImages(X, clf).open((8, 8)), lungs.images)


@pytest.mark.parametrize("wrap", [lambda clf: clf, lambda clf: _vote(clf)])
def test_files_are_padded_as_the_classifier_pads_them(
    lung_files, small_classifier, wrap
):
    X, y = lung_files.images, np.arange(12) % 2
    clf = small_classifier(keep_aspect_ratio=True, image_size=(16, 32), max_epochs=1)
    shown = GrayImages(X, wrap(clf).fit(X, y))
    assert shown.pads_files
    expected = read_image(X[0], (16, 32), keep_aspect_ratio=True)
    np.testing.assert_array_equal(shown.open((16, 32))[0], expected)


def _vote(clf):
    return VotingClassifier([("a", clf), ("b", clf)], voting="soft")


def test_pipeline_shows_the_image_of_the_user(lungs, lung_files, small_classifier):
    clf = small_classifier(max_epochs=1)
    y = np.arange(12) % 2
    arrays = make_pipeline(IntensityNormalizer(), clf).fit(lungs.images, y)
    np.testing.assert_array_equal(
        GrayImages(lungs.images, arrays).open((8, 8)), lungs.images
    )
    reader = ImageReader((16, 24), keep_aspect_ratio=True)
    X = lung_files.images
    files = make_pipeline(reader, IntensityNormalizer(), clf).fit(X, y)
    shown = GrayImages(X, files)
    assert shown.pads_files
    np.testing.assert_array_equal(
        shown.open((8, 8)), ImageReader((16, 24), keep_aspect_ratio=True).transform(X)
    )


def test_too_many_images_are_refused_before_they_are_read():
    with pytest.raises(ValueError, match="20 images at most, but X has 21"):
        GrayImages([f"absent/{i}.png" for i in range(21)])
    assert len(GrayImages(["absent.png"] * 20)) == 20
