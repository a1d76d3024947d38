"""Estimators that replace labels by numbers, around those with labels as parameters."""

import numpy as np
import pytest
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.naive_bayes import GaussianNB

from cxrclf.classification import LabelMapClassifier
from cxrclf.sampling import (
    AugmentedOverSampler,
    PhasedBalancedSplit,
    PhasedClassifier,
)

ENCODERS = {
    "voting": lambda clf, X, y: VotingClassifier([("a", clf)]).fit(X, y),
    "stacking": lambda clf, X, y: StackingClassifier([("a", clf)], cv=2).fit(X, y),
    "bagging": lambda clf, X, y: BaggingClassifier(clf, n_estimators=1).fit(X, y),
    "cross_val_predict": lambda clf, X, y: cross_val_predict(
        clf, X, y, cv=2, method="predict_proba"
    ),
}


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (12, 32, 32), dtype=np.uint8)


@pytest.fixture
def rows():
    return np.random.default_rng(0).random((12, 3))


@pytest.mark.parametrize("encoder", ["voting", "stacking", "cross_val_predict"])
@pytest.mark.parametrize(
    ("names", "class_weight"),
    [
        (["covid", "normal"], {"covid": 5}),
        ([1, 2], {1: 5}),
        ([1, 2], {2: 5}),
        ([1, 2], {1: 5, 2: 1}),
        ([0, 2], {0: 1, 2: 5}),
    ],
)
def test_class_weights_by_label_name_the_cause(
    encoder, names, class_weight, pixels, small_classifier
):
    y = np.array(names)[np.arange(12) % 2]
    clf = small_classifier(class_weight=class_weight, max_epochs=1)
    clf.fit(pixels, y)  # alone it knows the labels
    cross_val_predict(clf, pixels, y, cv=2)  # this keeps the labels
    with pytest.raises(ValueError, match="VotingClassifier, .* replace labels by the"):
        ENCODERS[encoder](clf, pixels, y)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_encoder_is_found_in_worker_processes(n_jobs, pixels, small_classifier):
    clf = small_classifier(class_weight={1: 5}, max_epochs=1)
    vote = VotingClassifier([("a", clf), ("b", clf)], n_jobs=n_jobs)
    with pytest.raises(ValueError, match="must name all classes here"):
        vote.fit(pixels, 1 + np.arange(12) % 2)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_one_class_of_0_and_1_may_have_a_weight(n_jobs, pixels, small_classifier):
    y = np.arange(12) % 2
    clf = small_classifier(max_epochs=1)
    grid = GridSearchCV(
        clf,
        {"class_weight": [{1: 2}, {1: 5}]},
        cv=2,
        error_score="raise",
        n_jobs=n_jobs,
    )
    assert grid.fit(pixels, y).best_params_["class_weight"] in ({1: 2}, {1: 5})


def test_class_weights_by_number_are_those_of_the_labels(pixels, small_classifier):
    y = np.array(["covid", "normal"])[np.arange(12) % 3 // 2]
    named = small_classifier(class_weight={"covid": 1, "normal": 50}).fit(pixels, y)
    numbered = small_classifier(class_weight={0: 1, 1: 50})
    vote = VotingClassifier([("a", numbered)], voting="soft").fit(pixels, y)
    np.testing.assert_array_equal(
        vote.predict_proba(pixels), named.predict_proba(pixels)
    )


@pytest.mark.parametrize("encoder", ["voting", "stacking", "bagging"])
@pytest.mark.parametrize(
    "make",
    [
        lambda: PhasedClassifier(
            SGDClassifier(), PhasedBalancedSplit(2, per_phase={"normal": 2})
        ),
        lambda: PhasedClassifier(
            SGDClassifier(),
            PhasedBalancedSplit(2, per_phase={"normal": 2}, shared={"normal": 1}),
        ),
    ],
    ids=["per_phase", "shared"],
)
def test_phases_by_label_name_the_cause(encoder, make, rows):
    y = np.array(["covid", "normal"])[np.arange(12) % 3 // 2]
    with pytest.raises(ValueError, match=r"'normal'.*VotingClassifier, .* replace"):
        ENCODERS[encoder](make(), rows, y)


def test_a_sampler_by_label_names_the_cause(pixels):
    y = np.arange(12) % 3 // 2
    sampler = AugmentedOverSampler(sampling_strategy={"covid": 10})
    with pytest.raises(ValueError, match=r"\['covid'\].*VotingClassifier, .* replace"):
        sampler.fit_resample(pixels, y)
    sampler = AugmentedOverSampler(sampling_strategy={1: 10})
    assert np.bincount(sampler.fit_resample(pixels, y)[1]).tolist() == [8, 10]


@pytest.mark.parametrize("encoder", ["voting", "stacking", "cross_val_predict"])
def test_a_label_map_of_numbers_names_the_cause(encoder, rows):
    y = np.arange(12) % 3 + 1
    clf = LabelMapClassifier(GaussianNB(), {1: 1}, rest=0)
    assert clf.fit(rows, y).label_map_ == {1: 1, 2: 0, 3: 0}
    with pytest.raises(ValueError, match="VotingClass.*rest=0.* List all these ints"):
        ENCODERS[encoder](clf, rows, y)


def test_labels_of_a_validation_set_are_not_replaced(pixels, small_classifier):
    y = np.arange(12) % 2
    with pytest.raises(ValueError, match="y_val has labels .*VotingClassifier"):
        small_classifier().fit(
            pixels, y, X_val=pixels, y_val=np.array(["covid", "normal"])[y]
        )
