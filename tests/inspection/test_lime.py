"""LIME, compared with its formulas, the truth and scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import Ridge
from sklearn.metrics import pairwise_distances, r2_score

from cxrclf.inspection import Lime, lime_explanation, saliency_maps
from cxrclf.inspection._lime import _mean_correlation, _weighted_r2


class TwoPatches(ClassifierMixin, BaseEstimator):
    """Classifier that is linear in the brightness of two patches."""

    classes_ = np.array([0, 1])

    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        X = np.asarray(X, float)
        p = 0.5 + 0.4 * X[:, 4:12, 4:12].mean((1, 2))
        p -= 0.3 * X[:, 20:28, 20:28].mean((1, 2))
        return np.stack([1 - p, p], 1)

    def predict(self, X):
        return self.predict_proba(X).argmax(1)

    def __sklearn_is_fitted__(self):
        return True


@pytest.fixture
def patches():
    image = np.full((32, 32), 0.2)
    image[4:12, 4:12] = image[20:28, 20:28] = 0.9
    return image[None]


def test_a_linear_classifier_is_recovered(patches):
    method = Lime(n_segments=16, fill=0.0, alpha=1e-6, compactness=0.01)
    found = lime_explanation(TwoPatches(), patches, 1, method=method)
    assert found.r2[0] > 0.999
    assert found.stability[0] > 0.9
    maps = found.maps[0]
    segments, weights = found.segments[0], found.weights[0]
    # A superpixel's weight is its part in the two sums.
    for number, weight in enumerate(weights):
        own = segments == number
        expected = 0.4 * (own * patches[0])[4:12, 4:12].sum() / 64
        expected -= 0.3 * (own * patches[0])[20:28, 20:28].sum() / 64
        assert weight == pytest.approx(expected, abs=1e-4)
    assert maps[8, 8] > 0 > maps[24, 24]
    np.testing.assert_array_equal(maps, weights[segments])


def test_the_kernel_and_the_fit_are_those_of_lime():
    method = Lime(n_perturbations=50)
    visible = method._draw(20)
    assert visible[[0, 25]].all()  # the original image begins each draw
    assert 0.4 < visible.mean() < 0.6
    distance = pairwise_distances(visible.astype(float), np.ones((1, 20)), "cosine")
    expected = np.sqrt(np.exp(-(distance[:, 0] ** 2) / 0.25**2))
    np.testing.assert_allclose(method._kernel(visible), expected, atol=1e-12)
    found = np.random.default_rng(0).random((50, 2))
    ridge = Ridge(alpha=1.0).fit(visible, found, sample_weight=expected)
    own = method._regress(visible, found, method._kernel(visible))
    np.testing.assert_allclose(own.coef_, ridge.coef_)
    predicted = ridge.predict(visible)
    np.testing.assert_allclose(
        _weighted_r2(found, predicted, expected),
        r2_score(found, predicted, sample_weight=expected, multioutput="raw_values"),
    )


def test_the_seed_decides_the_map(trained, radiographs):
    X = radiographs.images[:2]
    maps = [
        saliency_maps(
            trained, X, method=Lime(n_segments=8, n_perturbations=40, random_state=seed)
        )
        for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(maps[0], maps[1])
    assert not np.array_equal(maps[0], maps[2])
    # The map of an image does not depend on the other images.
    alone = saliency_maps(trained, X[1:], method=Lime(n_segments=8, n_perturbations=40))
    np.testing.assert_allclose(alone[0], maps[0][1], atol=1e-6)


@pytest.mark.parametrize("fill", ["mean", "blur", "segment", 0.5])
def test_fills(fill, trained, radiographs):
    method = Lime(n_segments=8, n_perturbations=20, fill=fill)
    assert saliency_maps(trained, radiographs.images[:1], method=method).any()


def test_hidden_superpixels_have_their_mean():
    image = torch.rand(1, 6, 6, generator=torch.Generator().manual_seed(0))
    index = torch.arange(36).reshape(6, 6) // 12
    found = Lime()._fill(image, index, 3)
    for number in range(3):
        own = image[0][index == number]
        np.testing.assert_allclose(found[0][index == number], own.mean(), rtol=1e-6)


def test_constant_predictions_have_no_fit():
    visible = np.random.default_rng(0).random((30, 5)) < 0.5
    constant = np.full((30, 2), 0.5)
    assert np.isnan(_weighted_r2(constant, constant, np.ones(30))).all()
    assert not Lime()._regress(visible, constant, np.ones(30)).coef_.any()


def test_the_stability_is_the_mean_correlation_of_the_fits():
    fits = list(np.random.default_rng(0).random((3, 2, 7)))  # (repeats, classes, ...)
    for number, found in enumerate(_mean_correlation(fits)):
        table = np.corrcoef([fit[number] for fit in fits])
        assert found == pytest.approx((table[0, 1] + table[0, 2] + table[1, 2]) / 3)
    assert np.isnan(_mean_correlation(fits[:1])).all()
    assert np.isnan(_mean_correlation([np.ones((2, 1))] * 2)).all()


def test_bad_parameters():
    with pytest.raises(ValueError, match="too small for n_repeats=5"):
        Lime(n_perturbations=20, n_repeats=5)._check()
