"""The model behind an estimator: wrappers, pipelines, ensembles."""

import numpy as np
import pytest
import torch
from imblearn.pipeline import make_pipeline as make_imblearn_pipeline
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
from cxrclf.inspection import Lime, lime_explanation, saliency_maps
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
    with pytest.raises(TypeError, match="got DummyRegressor"):
        saliency_maps(DummyRegressor().fit(X[:, 0], np.arange(30)), X)
    segmenter = small_segmenter(max_epochs=1).fit(X, radiographs.masks)
    with pytest.raises(TypeError, match=r"got UNetSegmenter.*map already"):
        saliency_maps(segmenter, X)


def test_the_network_is_found(trained, radiographs):
    model = explain_model(trained, radiographs.images[:2])
    assert isinstance(model, NetworkModel)
    assert model.module is trained.net_.module_
