"""Insertion and deletion curves."""

import numpy as np
import pytest
from scipy import ndimage
from scipy.integrate import trapezoid
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from cxrclf.inspection import insertion_deletion, saliency_maps
from tolerances import assert_same_predictions


class MeanClassifier(ClassifierMixin, BaseEstimator):
    """Classifier with the probability of "bright" equal to the mean of an image."""

    def fit(self, X, y):
        self.classes_ = np.array(["bright", "dark"])
        return self

    def predict_proba(self, X):
        mean = np.asarray(X).reshape(len(X), -1).mean(1)
        return np.stack([mean, 1 - mean], 1)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(1)]


@pytest.fixture(scope="module")
def bright():
    """One bright and three dark pixels out of 16, and a map that is the image."""
    image = np.zeros((1, 4, 4))
    image[0, 1, 2] = 1
    return image


def test_curves_of_a_mean_by_hand(bright):
    classifier = MeanClassifier().fit(None, None)
    scores = insertion_deletion(
        classifier, bright, bright, "bright", n_steps=16, fill=0.0
    )
    inserted = np.array([0.0] + [1 / 16] * 16)
    np.testing.assert_allclose(scores.curves["insertion"], [inserted])
    np.testing.assert_allclose(scores.curves["deletion"], [1 / 16 - inserted])
    np.testing.assert_allclose(
        scores.values["insertion"], trapezoid(inserted, dx=1 / 16)
    )
    np.testing.assert_allclose(
        scores.values["deletion"], trapezoid(1 / 16 - inserted, dx=1 / 16)
    )
    for name in ("insertion", "deletion"):
        difference = scores.values[name] - scores.values[f"random {name}"]
        np.testing.assert_allclose(scores.values[f"{name} - random"], difference)


def test_opposite_map_is_the_worst_order(bright):
    classifier = MeanClassifier().fit(None, None)
    options = {"target": "bright", "n_steps": 16, "fill": 0.0}
    best = insertion_deletion(classifier, bright, bright, **options)
    worst = insertion_deletion(classifier, bright, -bright, **options)
    for found, sign in ((best, 1), (worst, -1)):
        assert sign * found["insertion - random"].value > 0
        assert sign * found["deletion - random"].value < 0


def test_steps_change_equal_numbers_of_pixels():
    rng = np.random.default_rng(0)
    classifier = MeanClassifier().fit(None, None)
    maps = rng.random((2, 7, 9))
    # Each pixel has the brightness 1, so the mean is the fraction of shown pixels.
    scores = insertion_deletion(
        classifier, np.ones((2, 7, 9)), maps, "bright", n_steps=5, fill=0.0
    )
    shown = np.ceil(np.arange(6) * 63 / 5) / 63
    for name, curve in scores.curves.items():
        expected = 1 - shown if "deletion" in name else shown
        np.testing.assert_allclose(curve, [expected, expected])


def test_equal_values_are_ordered_at_random_with_a_seed(bright):
    classifier = MeanClassifier().fit(None, None)

    def compute(seed):
        return insertion_deletion(
            classifier, bright, np.ones((1, 4, 4)), n_steps=16, random_state=seed
        ).curves["insertion"]

    np.testing.assert_array_equal(compute(0), compute(0))
    assert len({compute(seed).tobytes() for seed in range(5)}) > 1


@pytest.fixture
def fitted(radiographs, small_classifier):
    return small_classifier(image_size=48).fit(radiographs.images, radiographs.target)


@pytest.mark.parametrize("fill", ["blur", "mean", 0.25])
def test_curves_are_predictions_of_changed_images(fitted, radiographs, fill):
    image = radiographs.images[:1]
    maps = np.random.default_rng(0).permutation(48 * 48).reshape(1, 48, 48)
    scores = insertion_deletion(fitted, image, maps, n_steps=3, fill=fill)
    pixels = image[0] / 255
    filled = {
        "blur": ndimage.gaussian_filter(pixels, 0.05 * 48),
        "mean": np.full_like(pixels, pixels.mean()),
        0.25: np.full_like(pixels, 0.25),
    }[fill]
    top = maps[0] >= 48 * 48 * 2 / 3  # a third of the pixels
    changed = np.stack(
        [pixels, filled, np.where(top, pixels, filled), np.where(top, filled, pixels)]
    )
    code = fitted.predict_proba(image)[0].argmax()
    whole, hidden, inserted, deleted = fitted.net_.predict_proba(
        changed.astype(np.float32)
    )[:, code]
    found = [
        scores.curves["insertion"][0, [0, 1, -1]],
        scores.curves["deletion"][0, [0, 1, -1]],
    ]
    expected = [[hidden, inserted, whole], [whole, deleted, hidden]]
    assert_same_predictions(found, expected, "float32")
    ends = scores.curves["random insertion"][0, [0, -1]]
    assert_same_predictions(ends, [hidden, whole], "float32")


def test_groups_target_and_pipeline(fitted, radiographs):
    images, groups = radiographs.images[:6], radiographs.groups[:6]
    labels = radiographs.target[:6]
    pipeline = make_pipeline(FunctionTransformer(np.ascontiguousarray), fitted)
    maps = saliency_maps(fitted, images, labels)
    options = {"n_steps": 2, "groups": groups}
    found = insertion_deletion(pipeline, images, maps, labels, **options)
    expected = insertion_deletion(fitted, images, maps, labels, **options)
    for name, values in expected.values.items():
        assert_same_predictions(found.values[name] + 1, values + 1, "float32")
    assert found.n_patients == len(set(groups))
    codes = np.searchsorted(fitted.classes_, labels)
    probabilities = fitted.predict_proba(images)[np.arange(6), codes]
    ends = found.curves["insertion"][:, -1]
    assert_same_predictions(ends, probabilities, "float32")


def test_global_state_and_network_stay(fitted, radiographs):
    images = radiographs.images[:2]
    before = fitted.predict_proba(images)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    insertion_deletion(fitted, images, np.ones((2, 48, 48)), n_steps=2)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    # The same images in the same batch.
    np.testing.assert_array_equal(fitted.predict_proba(images), before)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"maps": np.ones((2, 24, 24))}, r"\(2, 24, 24\).*\(2, 48, 48\).*network"),
        ({"maps": np.ones((3, 48, 48))}, r"\(3, 48, 48\).*\(2, 48, 48\)"),
        ({"n_steps": 0}, "n_steps must be an int, 1 or more"),
        ({"fill": "black"}, "fill must be .* got 'black'"),
        ({"fill": 2}, "fill must be .* got 2"),
        ({"target": "all"}, 'and not target="all"'),
        ({"target": "fracture"}, "target has 'fracture'"),
        ({"groups": [1]}, "groups has 1 values"),
    ],
)
def test_bad_input(fitted, radiographs, parameters, message):
    arguments = {"maps": np.ones((2, 48, 48))} | parameters
    with pytest.raises(ValueError, match=message):
        insertion_deletion(fitted, radiographs.images[:2], **arguments)


def test_cropping_pipeline(fitted, radiographs):
    class Cropper(FunctionTransformer):
        boxes_ = np.array([[0, 1, 0, 0.5]])

    pipeline = make_pipeline(Cropper(), fitted)
    with pytest.raises(ValueError, match="crops the images"):
        insertion_deletion(pipeline, radiographs.images[:1], np.ones((1, 48, 48)))
