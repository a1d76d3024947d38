"""Correlation of maps with the maps of randomized networks."""

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from cxrclf.inspection import (
    Occlusion,
    randomization_check,
    randomize_weights,
    saliency_maps,
)
from cxrclf.inspection import _randomization_check as module


@pytest.fixture(scope="module")
def images(radiographs):
    return radiographs.images[:6]


@pytest.fixture
def fitted(radiographs, small_classifier):
    return small_classifier(image_size=48).fit(radiographs.images, radiographs.target)


def test_scores_are_the_rank_correlations_of_scipy(fitted, images):
    scores = randomization_check(
        fitted, images, method="cam", n_groups=3, n_repeats=2, random_state=4
    )
    labels = fitted.predict(images)
    trained = saliency_maps(fitted, images, labels, method="cam")
    levels = {"head": "head", "head + last 2 of 5 stages": 2, "all layers": "all"}
    assert list(scores.values) == list(levels)
    for name, layers in levels.items():
        expected = []
        for seed in (4, 5):
            random = randomize_weights(fitted, layers, random_state=seed)
            maps = saliency_maps(random, images, labels, method="cam")
            expected.append(
                [
                    spearmanr(a.ravel(), b.ravel()).statistic
                    for a, b in zip(trained, maps, strict=True)
                ]
            )
        np.testing.assert_allclose(scores.values[name], np.mean(expected, 0), atol=1e-4)


def test_constant_maps_are_left_out(fitted, images, monkeypatch):
    number = iter(range(100))

    def make_maps(estimator, X, *args, **kwargs):
        maps = np.arange(2 * 9.0).reshape(2, 3, 3)
        if next(number) == 2:  # the second random network of the first level
            maps[0] = 0
        return maps * [[[1]], [[0]]]

    monkeypatch.setattr(
        "cxrclf.inspection._randomization_check.saliency_maps", make_maps
    )
    scores = randomization_check(fitted, images[:2], n_groups=2, n_repeats=2)
    np.testing.assert_allclose(scores.values["head"], [1, np.nan])
    assert scores.n_used == {"head": 1, "all layers": 1}


def test_target_is_the_class_of_the_trained_network(fitted, images):
    options = {"method": "cam", "n_groups": 2, "n_repeats": 1}
    found = randomization_check(fitted, images, **options)
    labels = fitted.predict(images)
    expected = randomization_check(fitted, images, labels, **options)
    other = randomization_check(fitted, images, fitted.classes_[0], **options)
    for name, values in expected.values.items():
        np.testing.assert_array_equal(found.values[name], values)
        assert not np.array_equal(other.values[name], values, equal_nan=True)


def test_pipeline_and_object_of_a_method(fitted, images, radiographs):
    pipeline = make_pipeline(FunctionTransformer(np.ascontiguousarray), fitted)
    method = Occlusion(window=0.5, stride=0.5)
    options = {"method": method, "n_groups": 2, "n_repeats": 1}
    groups = radiographs.groups[:6]
    found = randomization_check(pipeline, images, groups=groups, **options)
    expected = randomization_check(fitted, images, groups=groups, **options)
    for name, values in expected.values.items():
        np.testing.assert_allclose(found.values[name], values)
    assert found.n_patients == len(set(groups))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_groups": 1}, "n_groups must be an int, 2 or more"),
        ({"n_repeats": 0}, "n_repeats must be an int, 1 or more"),
        ({"method": "gradient"}, "method must be one of"),
        ({"target": "all"}, 'and not target="all"'),
        ({"target": "fracture"}, "target has 'fracture'"),
        ({"groups": [1]}, "groups has 1 values"),
        ({"random_state": 0.5}, "random_state must be an int"),
    ],
)
def test_bad_input(fitted, images, parameters, message):
    with pytest.raises(ValueError, match=message):
        randomization_check(fitted, images, **parameters)


def test_levels_without_a_score_are_named(trained, radiographs, monkeypatch):
    def constant(classifier, X, labels, **options):
        return np.zeros((len(X), 8, 8))

    monkeypatch.setattr(module, "saliency_maps", constant)
    X = radiographs.images[:3]
    with pytest.warns(UserWarning, match=r"No image has a score for .*'head'.*\"cam\""):
        randomization_check(trained, X, n_groups=2, n_repeats=1)


def test_branches(dual, radiographs):
    X = radiographs.images[:3]
    options = {"method": "cam", "n_groups": 2, "n_repeats": 1}
    checks = [randomization_check(dual, X, branch=b, **options) for b in (0, 1)]
    one, other = (np.stack([*check.values.values()]) for check in checks)
    assert not np.array_equal(one, other)
