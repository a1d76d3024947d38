"""The model behind an estimator: wrappers, pipelines, ensembles."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from imblearn.pipeline import make_pipeline as make_imblearn_pipeline
from PIL import Image
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from cxrclf import LabelMapClassifier
from cxrclf.images import ImageReader
from cxrclf.inspection import Lime, Occlusion, lime_explanation, saliency_maps
from cxrclf.inspection._explained_model import (
    NetworkModel,
    PredictorModel,
    explain_model,
    find_network,
)
from cxrclf.preprocessing import CLAHE, LungMasker
from cxrclf.sampling import AugmentedOverSampler, PhasedBalancedSplit, PhasedClassifier


def flatten(images):
    return np.asarray(images).reshape(len(images), -1)


WRAPPERS = {
    "pipeline": lambda clf: make_pipeline("passthrough", clf),
    "sampler": lambda clf: make_imblearn_pipeline(
        AugmentedOverSampler(random_state=0), clf
    ),
    "label map": lambda clf: LabelMapClassifier(clf, {"covid": "covid"}, rest="other"),
    "phases": lambda clf: PhasedClassifier(
        clf, PhasedBalancedSplit(n_phases=2), random_state=0
    ),
    "search": lambda clf: GridSearchCV(clf, {"learning_rate": [1e-3]}, cv=2),
    "calibrated": lambda clf: CalibratedClassifierCV(clf, cv=2, ensemble=False),
    "nested": lambda clf: make_pipeline(
        GridSearchCV(
            LabelMapClassifier(clf, {"covid": "covid"}, rest="other"),
            {"estimator__learning_rate": [1e-3]},
            cv=2,
        )
    ),
}


@pytest.mark.parametrize("name", WRAPPERS)
def test_maps_of_wrappers_are_those_of_the_inner_classifier(name, make, radiographs):
    wrapper = WRAPPERS[name](make()).fit(radiographs.images, radiographs.target)
    inner, steps, *_ = find_network(wrapper)
    assert steps == []
    images = radiographs.images[:3]
    found = saliency_maps(wrapper, images, wrapper.predict(images))
    np.testing.assert_array_equal(
        found, saliency_maps(inner, images, wrapper.predict(images))
    )
    np.testing.assert_array_equal(found, saliency_maps(wrapper, images))


def test_transformers_are_applied(make, radiographs):
    pipeline = make_pipeline(CLAHE(), FrozenEstimator(make()))
    pipeline[-1].estimator.fit(
        CLAHE().fit_transform(radiographs.images), radiographs.target
    )
    images = radiographs.images[:3]
    np.testing.assert_array_equal(
        saliency_maps(pipeline, images),
        saliency_maps(pipeline[-1], CLAHE().fit_transform(images)),
    )
    assert not np.array_equal(
        saliency_maps(pipeline, images), saliency_maps(pipeline[-1], images)
    )


class LeftHalf:
    """Segmenter that finds a box in the left half of each image."""

    def predict(self, images):
        masks = np.zeros(images.shape, bool)
        masks[:, 12:36, 6:24] = True
        return masks


def test_maps_of_cropped_images_are_placed_back(make, radiographs):
    masker = LungMasker(LeftHalf(), mode="crop", margin=0)
    pipeline = make_pipeline(masker, make()).fit(radiographs.images, radiographs.target)
    images = radiographs.images[:3]
    found = saliency_maps(pipeline, images, "covid", method="cam")
    cropped = masker.transform(images)
    inside = saliency_maps(pipeline[-1], cropped, "covid", method="cam", size=(24, 18))
    expected = np.zeros_like(found)
    expected[:, 12:36, 6:24] = inside
    # Maps are resized by way of the size of the network here, and at once there.
    np.testing.assert_allclose(found, expected, atol=1e-6)


class LowerHalf(TransformerMixin, BaseEstimator):
    """Crop images to their lower half."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        self.boxes_ = np.tile([0.5, 1.0, 0.0, 1.0], (len(X), 1))
        return np.repeat(X[:, X.shape[1] // 2 :], 2, 1)

    def __sklearn_is_fitted__(self):
        return True


@pytest.mark.parametrize(
    ("steps", "first_row"),
    [
        ([LowerHalf()], 24),
        ([LowerHalf(), LowerHalf()], 36),
        ([make_pipeline(LowerHalf(), LowerHalf())], 36),
        ([LowerHalf(), LungMasker(LeftHalf(), mode="mask")], 24),
    ],
)
def test_crops_follow_each_other(steps, first_row, make, radiographs):
    pipeline = make_pipeline(*steps, make())
    pipeline.fit(radiographs.images, radiographs.target)
    found = saliency_maps(pipeline, radiographs.images[:2], "covid", method="cam")
    assert not found[:, :first_row].any()
    assert found[:, first_row:].any(2).all()
    # The user's own transformer is not changed.
    box = getattr(pipeline[0], "boxes_", None)
    saliency_maps(pipeline, radiographs.images[:3])
    assert getattr(pipeline[0], "boxes_", None) is box


def test_padding_of_a_reader_is_removed(make, radiograph_files, tmp_path):
    X, y = radiograph_files.data, radiograph_files.target
    pads = {"image_size": 48, "keep_aspect_ratio": True}
    alone = make(**pads).fit(X, y)
    pipeline = make_pipeline(ImageReader(**pads), FrozenEstimator(alone))
    wide = tmp_path / "wide.png"
    Image.open(X[0, 0]).crop((0, 0, 48, 24)).save(wide)
    for size in ("image", (30, 60)):
        options = {"method": "cam", "size": size}
        np.testing.assert_allclose(
            saliency_maps(pipeline, [str(wide)], "covid", **options),
            saliency_maps(alone, [str(wide)], "covid", **options),
            atol=1e-5,
        )


def test_a_calibrated_classifier_is_explained_by_its_probabilities(make, radiographs):
    X, y = radiographs.images, radiographs.target
    calibrated = CalibratedClassifierCV(FrozenEstimator(make().fit(X, y))).fit(X, y)
    method = Occlusion(window=0.5, stride=0.5, fill=0.0)
    found = saliency_maps(calibrated, X[:1], "covid", method=method)[0]
    hidden = np.repeat(X[:1], 4, 0)
    for number, (top, left) in enumerate([(0, 0), (0, 24), (24, 0), (24, 24)]):
        hidden[number, top : top + 24, left : left + 24] = 0
    falls = (calibrated.predict_proba(X[:1]) - calibrated.predict_proba(hidden))[:, 0]
    expected = np.repeat(np.repeat(falls.reshape(2, 2), 24, 0), 24, 1)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    # Grad-CAM explains the network inside.
    inner = calibrated.calibrated_classifiers_[0].estimator
    np.testing.assert_array_equal(
        saliency_maps(calibrated, X[:1], "covid"), saliency_maps(inner, X[:1], "covid")
    )


def test_ensembles_get_images_in_their_own_form(make, radiographs):
    X, y = radiographs.images, radiographs.target
    method = Occlusion(window=0.5, stride=0.5)
    expected = saliency_maps(make().fit(X, y), X[:2], "covid", method=method)
    forms = [
        (X.astype(np.uint16) * 16, {"bits_stored": 12}),
        (X.reshape(len(X), -1), {"image_shape": (48, 48)}),
    ]
    for images, parameters in forms:
        voting = VotingClassifier([("a", make(**parameters))], voting="soft")
        voting.fit(images, y)
        found = saliency_maps(voting, images[:2], "covid", method=method)
        single = saliency_maps(
            make(**parameters).fit(images, y), images[:2], "covid", method=method
        )
        np.testing.assert_allclose(found, single, atol=1e-4)
    # Without bits_stored the images are the same as 8 bits.
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_threads_explain_and_predict_at_the_same_time(make, radiographs):
    clf = make(n_threads=1).fit(radiographs.images, radiographs.target)
    X = radiographs.images[:2]
    maps, probabilities = saliency_maps(clf, X, "covid"), clf.predict_proba(X)

    def explain(number):
        if number % 2:
            return clf.predict_proba(X)
        return saliency_maps(clf, X, "covid")

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(explain, range(40)))
    for number, own in enumerate(found):
        # Exact: one thread computes a batch, and has the same rows.
        np.testing.assert_array_equal(own, probabilities if number % 2 else maps)
    assert {p.device.type for p in clf.net_.module_.parameters()} == {"cpu"}


def test_superpixels_of_cropped_images_are_placed_back(make, radiographs):
    masker = LungMasker(LeftHalf(), mode="crop", margin=0)
    pipeline = make_pipeline(masker, make()).fit(radiographs.images, radiographs.target)
    images, method = radiographs.images[:2], Lime(n_segments=8, n_perturbations=20)
    found = lime_explanation(pipeline, images, method=method)
    outside = np.ones((48, 48), bool)
    outside[12:36, 6:24] = False
    assert (found.segments[:, outside] == -1).all()
    assert (found.segments[:, ~outside] >= 0).all()
    assert not found.maps[:, outside].any()
    for own, weights in zip(found.segments, found.weights, strict=True):
        assert set(np.unique(own)) <= {-1, *range(len(weights))}


def test_a_threshold_decides_the_explained_class(make, radiographs):
    y = radiographs.target == "covid"
    clf = FixedThresholdClassifier(make(), threshold=0.0)
    clf.fit(radiographs.images, y)
    images = radiographs.images[:4]
    assert clf.predict(images).all()
    np.testing.assert_array_equal(
        saliency_maps(clf, images), saliency_maps(clf, images, True)
    )


def test_ensembles_have_no_network_but_probabilities(make, radiographs):
    X, y = radiographs.images, radiographs.target
    members = [(str(seed), make(random_state=seed)) for seed in (0, 1)]
    ensembles = [
        VotingClassifier(members, voting="soft").fit(X, y),
        CalibratedClassifierCV(make(), cv=2).fit(X, y),
    ]
    for ensemble in ensembles:
        assert isinstance(explain_model(ensemble, X[:2]), PredictorModel)
        with pytest.raises(TypeError, match=r"gradcam.*occlusion.*lime"):
            saliency_maps(ensemble, X[:2])
        assert saliency_maps(ensemble, X[:2], method="occlusion").any()
    with pytest.raises(TypeError, match=r"predict_proba, got VotingClassifier.*soft"):
        saliency_maps(VotingClassifier(members, voting="hard").fit(X, y), X[:2])


def predict_twice(model, pixels):
    """Return the probabilities of two copies of an image."""
    batch = torch.stack([pixels, pixels])
    return model.probabilities(lambda rows: batch[rows % 2], 2)


def test_unchanged_images_have_the_predicted_probabilities(make, radiographs, trained):
    X, y = radiographs.images, radiographs.target
    flat = make_pipeline(FunctionTransformer(flatten), LogisticRegression(max_iter=5))
    with pytest.warns(match="failed to converge"):
        flat.fit(X, y)
    voting = VotingClassifier([("a", make()), ("b", make())], voting="soft").fit(X, y)
    for estimator in (trained, flat, voting):
        for images in (X[:3], X[:3].astype(np.uint16) * 257, X[:3] / 255):
            if estimator is flat and images.dtype != np.uint8:
                continue  # it was fitted on pixels of another range
            model = explain_model(estimator, images)
            found = [predict_twice(model, pixels) for pixels in model.pixels()]
            expected = estimator.predict_proba(images)
            np.testing.assert_allclose(np.stack(found)[:, 0], expected, atol=1e-5)


def test_files_are_read_at_the_size_of_the_ensemble(make, radiograph_files):
    X, y = radiograph_files.data, radiograph_files.target
    voting = VotingClassifier(
        [("a", make(image_size=32)), ("b", make(image_size=32))], voting="soft"
    ).fit(X, y)
    assert saliency_maps(voting, X[:2], method="occlusion").shape == (2, 32, 32)
    model = explain_model(voting, X[:2])
    (first, _) = model.pixels()
    found = model.probabilities(lambda rows: first[None], 1)
    np.testing.assert_allclose(found, voting.predict_proba(X[:1]), atol=1e-5)


def test_colors_keep_their_layout(make, radiographs):
    images = np.stack([radiographs.images] * 3, -1)
    voting = VotingClassifier([("a", make())], voting="soft")
    voting.fit(images, radiographs.target)
    assert saliency_maps(voting, images[:2], method="occlusion").shape == (2, 48, 48)
    assert saliency_maps(voting.estimators_[0], images[:2]).shape == (2, 48, 48)


def test_other_estimators_are_refused(make, radiographs, small_segmenter):
    X = radiographs.images
    with pytest.raises(NotFittedError):
        saliency_maps(make(), X)
    search = GridSearchCV(make(), {"learning_rate": [1e-3]}, cv=2, refit=False)
    with pytest.raises(TypeError, match=r"got GridSearchCV. Set refit=True"):
        saliency_maps(search.fit(X, radiographs.target), X)
    with pytest.raises(TypeError, match="got DummyRegressor"):
        saliency_maps(DummyRegressor().fit(X[:, 0], np.arange(30)), X)
    segmenter = small_segmenter(max_epochs=1).fit(X, radiographs.masks)
    with pytest.raises(TypeError, match=r"got UNetSegmenter.*map already"):
        saliency_maps(segmenter, X)


def test_the_network_is_found(trained, radiographs):
    model = explain_model(trained, radiographs.images[:2])
    assert isinstance(model, NetworkModel)
    assert model.module is trained.net_.module_
