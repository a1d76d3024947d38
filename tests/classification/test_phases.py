"""Phases: one training on one part of the rows after another."""

import numpy as np
import pytest
from imblearn.pipeline import make_pipeline
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_validate

from cxrclf import Augmentation, CXRClassifier, DualBackboneConcat
from cxrclf._training.samples import PixelSamples
from cxrclf._training.weights import training_weights
from cxrclf.datasets import make_chest_radiographs
from cxrclf.sampling import (
    AugmentedOverSampler,
    PhasedBalancedSplit,
    PhasedClassifier,
)
from tolerances import assert_same_predictions

PHASES = [np.arange(0, 18), np.arange(6, 30), np.arange(12, 24)]


@pytest.fixture(scope="module")
def imbalanced():
    return make_chest_radiographs(
        60,
        weights=(8 / 60, 30 / 60, 22 / 60),
        image_size=32,
        random_state=0,
    )


@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("schedule", ["constant", "cosine"])
@pytest.mark.parametrize("trainable", ["head", "all"])
def test_phases_are_partial_fits_in_one_training(
    radiographs, small_classifier, trainable, schedule, class_weight
):
    X, y = radiographs.images, radiographs.target
    settings = {
        "trainable": trainable,
        "learning_rate_schedule": schedule,
        "class_weight": class_weight,
        "augmentation": Augmentation(rotation=10),
        "optimizer": "nadam",
        "batch_size": 5,
        "precision": "float64",
    }
    step_by_step = small_classifier(**settings)
    for rows in PHASES:
        step_by_step.partial_fit(X[rows], y[rows], classes=np.unique(y))
    at_once = small_classifier(**settings)
    at_once.fit(X, y, phases=PHASES, restart_schedule=True)
    # Features of all phases are computed together: batches have other rows.
    assert_same_predictions(
        at_once.predict_proba(X), step_by_step.predict_proba(X), "float64", trained=True
    )
    assert at_once.n_epochs_ == 6
    for column in ("epoch", "learning_rate"):
        assert at_once.history_[column] == step_by_step.history_[column]
    assert_same_predictions(
        at_once.history_["train_loss"], step_by_step.history_["train_loss"], "float64",
        trained=True,
    )  # fmt: skip


def test_a_continuous_schedule_spans_the_phases(radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    settings = {"learning_rate_schedule": "linear", "trainable": "head"}
    clf = small_classifier(**settings).fit(X, y, phases=PHASES)
    rates = clf.history_["learning_rate"]
    np.testing.assert_allclose(rates, 1e-3 * (1 - np.arange(6) / 6))
    clf.fit(X, y, phases=PHASES, restart_schedule=True)
    np.testing.assert_allclose(clf.history_["learning_rate"], [1e-3, 5e-4] * 3)


def test_class_weights_are_those_of_the_phase(
    radiographs, small_classifier, monkeypatch
):
    y, classes = radiographs.target, np.unique(radiographs.target)
    seen = []
    init = PixelSamples.__init__

    def spy(self, data, *args, **kwargs):
        seen.append(data.schedule)
        init(self, data, *args, **kwargs)

    monkeypatch.setattr(PixelSamples, "__init__", spy)
    clf = small_classifier(class_weight={"covid": 2.0}, max_epochs=1)
    clf.fit(radiographs.images, y, phases=PHASES)
    (schedule,) = seen
    for (rows, weights), given in zip(schedule.phases, PHASES, strict=True):
        np.testing.assert_array_equal(rows, given)
        expected = training_weights(y[rows], classes, {"covid": 2.0}, None)
        np.testing.assert_array_equal(weights, expected)


def test_class_weights_are_those_of_the_rows_that_are_trained_on(
    radiographs, small_classifier, monkeypatch
):
    """Not of those before a patient with many images of a class is held out."""
    seen = []
    init = PixelSamples.__init__

    def spy(self, data, *args, **kwargs):
        seen.append(data.schedule)
        init(self, data, *args, **kwargs)

    monkeypatch.setattr(PixelSamples, "__init__", spy)
    X, y = radiographs.images, radiographs.target
    groups = np.where(y == "covid", "one", np.arange(30).astype(str))
    groups[np.flatnonzero(y == "covid")[:2]] = ["two", "three"]
    differed = False
    for seed in range(4):
        seen.clear()
        clf = small_classifier(
            validation_fraction=0.2,
            class_weight="balanced",
            max_epochs=1,
            trainable="head",
            random_state=seed,
        ).fit(X, y, groups=groups)
        ((rows, weights),) = seen[0].phases
        expected = training_weights(y[rows], clf.classes_, "balanced", None)
        np.testing.assert_array_equal(weights, expected)
        before = training_weights(y, clf.classes_, "balanced", None)[rows]
        differed |= not np.allclose(before, weights)
    assert differed


def test_a_hold_out_leaves_rows_in_every_phase(radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    clf = small_classifier(validation_fraction=0.3)
    with pytest.raises(ValueError, match="holds out all rows of a phase"):
        clf.fit(X, y, phases=[np.arange(30), *np.arange(30)[:, None]])


def test_a_validation_set_is_no_phase_when_a_run_is_resumed(
    radiographs, small_classifier, tmp_path
):
    X, y = radiographs.images, radiographs.target
    settings = {"checkpoint_dir": tmp_path, "max_epochs": 1}
    one, two = np.arange(15), np.arange(15, 30)
    small_classifier(**settings).fit(
        X, y, phases=[one], X_val=X[two], y_val=y[two], restart_schedule=True
    )
    again = small_classifier(**settings)
    again.fit(X, y, phases=[one, two], restart_schedule=True)
    assert "valid_loss" not in again.history_
    assert again.history_["epoch"] == [1, 2]


def test_the_best_epoch_of_all_phases_is_kept(radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    valid = np.arange(24, 30)
    clf = small_classifier(learning_rate=0.1, body_learning_rate=0.1, max_epochs=3)
    phases = [np.arange(0, 12), np.arange(8, 24)]
    clf.fit(X, y, phases=phases, X_val=X[valid], y_val=y[valid])
    losses = clf.history_["valid_loss"]
    assert len(losses) == 6
    assert clf.best_epoch_ == 1 + np.argmin(losses)
    proba = clf.predict_proba(X[valid])
    codes = np.searchsorted(clf.classes_, y[valid])
    loss = -np.log(proba[np.arange(6), codes]).mean()
    assert loss == pytest.approx(min(losses), rel=1e-2)


def test_a_killed_training_goes_on_in_its_phase(
    radiographs, small_classifier, tmp_path, monkeypatch
):
    X, y = radiographs.images, radiographs.target
    settings = {"learning_rate_schedule": "cosine", "batch_size": 5}
    expected = small_classifier(**settings).fit(X, y, phases=PHASES)
    clf = small_classifier(checkpoint_dir=tmp_path, **settings)

    class Killed(BaseException):
        pass

    def killed(epoch, n):
        if epoch == 3:
            raise Killed
        return float(0.5 * (1 + np.cos(np.pi * epoch / n)))

    from cxrclf._training import trainer

    usual = trainer.schedule_factor
    monkeypatch.setattr(trainer, "schedule_factor", lambda s, e, n: killed(e, n))
    with pytest.raises(Killed):
        clf.fit(X, y, phases=PHASES)
    monkeypatch.setattr(trainer, "schedule_factor", usual)
    clf.fit(X, y, phases=PHASES)
    # Exact: the same training, in which one thread computes each layer.
    assert clf.history_["train_loss"] == expected.history_["train_loss"]
    np.testing.assert_array_equal(clf.predict_proba(X), expected.predict_proba(X))


def test_phased_classifier_trains_on_phases(imbalanced, small_classifier):
    X, y = imbalanced.images, imbalanced.target
    split = PhasedBalancedSplit(
        n_phases=3, per_phase={"normal": 10, "pneumonia": 7}, random_state=0
    )
    clf = small_classifier()
    phased = PhasedClassifier(clf, split).fit(X, y)
    assert [len(rows) for rows in phased.phases_] == [25] * 3
    by_hand = clone(clf).fit(X, y, phases=phased.phases_)
    # Exact: the same training, in which one thread computes each layer.
    np.testing.assert_array_equal(phased.predict_proba(X), by_hand.predict_proba(X))
    assert phased.history_["epoch"] == [1, 2, 3, 4, 5, 6]
    assert phased.history_["phase"] == [1, 1, 2, 2, 3, 3]


def test_validation_is_held_out_before_the_rows_are_cut(
    imbalanced, small_classifier, monkeypatch
):
    seen = []
    init = PixelSamples.__init__

    def spy(self, data, *args, **kwargs):
        seen.append(data.images.keys[data.schedule.all_rows()])
        init(self, data, *args, **kwargs)

    monkeypatch.setattr(PixelSamples, "__init__", spy)
    X, y = imbalanced.images, imbalanced.target
    split = PhasedBalancedSplit(n_phases=3, random_state=0)
    phased = PhasedClassifier(
        small_classifier(), split, validation_fraction=0.25, random_state=0
    ).fit(X, y)
    trained = np.unique(np.concatenate(phased.phases_))
    assert len(trained) == phased.plan_.n_used <= 45
    train_keys, valid_keys = seen
    assert not set(train_keys.tolist()) & set(valid_keys.tolist())
    assert len(set(valid_keys.tolist())) == 60 - len(trained)
    assert 1 <= phased.best_epoch_ <= 6
    assert len(phased.history_["valid_loss"]) == 6
    with pytest.raises(ValueError, match="validation_fraction"):
        PhasedClassifier(small_classifier(validation_fraction=0.2)).fit(X, y)


def test_phases_need_rows_that_are_there(radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    clf = small_classifier()
    for phases, message in (
        ([], "one phase and one row at least"),
        (5, "list with an array of row numbers"),
        ([0, 1, 2], "list with an array"),
        ([[0, 30]], "from 0 to 29"),
        ([[-1, 3]], "from 0 to 29"),
        ([[0.5, 1]], "row numbers"),
        ([[]], "one row at least"),
    ):
        with pytest.raises(ValueError, match=message):
            clf.fit(X, y, phases=phases)
    with pytest.raises(ValueError, match="lack them"):
        small_classifier(class_weight="balanced").fit(X, y, phases=[[0], [1, 2]])


def test_a_grid_over_phases_samplers_and_backbones(imbalanced):
    """Two workers find what one process finds."""
    X, y = imbalanced.images, imbalanced.target
    settings = {
        "weights": None,
        "max_epochs": 1,
        "random_state": 0,
        "n_threads": 1,
        "feature_cache": None,
        "image_size": 32,
    }
    single = CXRClassifier("test_resnet", **settings)
    dual = DualBackboneConcat(
        ("test_resnet", "test_efficientnet"), pointwise_channels=8, **settings
    )
    pipe = make_pipeline(
        "passthrough", PhasedClassifier(single, PhasedBalancedSplit(random_state=0))
    )
    sampler = AugmentedOverSampler(sampling_strategy={"covid": 8}, random_state=0)
    grid = GridSearchCV(
        pipe,
        [
            {
                "passthrough": ["passthrough", sampler],
                "phasedclassifier__split__n_phases": [2],
                "phasedclassifier__estimator__backbone": ["test_resnet", "test_vit"],
                "phasedclassifier__estimator__image_size": [160],
            },
            {
                "phasedclassifier__estimator": [dual],
                "phasedclassifier__split__n_phases": ["auto", 2],
            },
        ],
        cv=2,
        scoring="neg_log_loss",
        error_score="raise",
    )
    alone = clone(grid).fit(X, y)
    assert len(alone.cv_results_["params"]) == 6
    scores = alone.cv_results_["mean_test_score"]
    assert len(np.unique(scores)) > 4
    workers = clone(grid).set_params(n_jobs=2).fit(X, y)
    # Exact: one thread computes each layer, in the workers and here.
    np.testing.assert_array_equal(workers.cv_results_["mean_test_score"], scores)


def test_what_belongs_to_rows_cannot_pass_a_sampler(imbalanced, small_classifier):
    X, y = imbalanced.images, imbalanced.target
    pipe = make_pipeline(AugmentedOverSampler(random_state=0), small_classifier())
    for name, values, cure in (
        ("sample_weight", np.ones(60), "use class_weight"),
        ("groups", np.arange(60), "hold out a validation set by patients"),
    ):
        with pytest.raises(ValueError, match=f"resample X and y only, so {cure}"):
            pipe.fit(X, y, **{f"cxrclassifier__{name}": values})
    pipe = make_pipeline(
        AugmentedOverSampler(random_state=0),
        PhasedClassifier(small_classifier(), validation_fraction=0.2),
    )
    with pytest.raises(ValueError, match="resample X and y only, so hold out"):
        pipe.fit(X, y, phasedclassifier__groups=np.arange(60))


def test_a_sampler_comes_before_the_classifier(imbalanced, small_classifier):
    pipe = make_pipeline(small_classifier(), AugmentedOverSampler())
    with pytest.raises(TypeError, match="All intermediate steps"):
        pipe.fit(imbalanced.images, imbalanced.target)


def test_weights_of_a_class_that_a_fold_lacks(imbalanced, small_classifier):
    X, y = imbalanced.images, imbalanced.target
    clf = small_classifier(class_weight={"covid": 3.0})
    rows = y != "covid"
    with pytest.raises(ValueError, match=r"unknown classes \['covid'\].*classes in y"):
        clf.fit(X[rows], y[rows])
    split = PhasedBalancedSplit(2, per_phase={"covid": 2})
    with pytest.raises(ValueError, match="covid"):
        PhasedClassifier(small_classifier(), split).fit(X[rows], y[rows])


def test_balancing_twice_warns(radiographs, small_classifier):
    clf = small_classifier(balanced_batches=True, class_weight="balanced", max_epochs=1)
    with pytest.warns(UserWarning, match="count the rare ones twice"):
        clf.fit(radiographs.images, radiographs.target)


def test_balanced_batches_in_cross_validation(imbalanced, small_classifier):
    clf = small_classifier(balanced_batches=True, trainable="head")
    X, y = imbalanced.images, imbalanced.target
    scores = cross_validate(clf, X, y, cv=3, error_score="raise")
    assert np.isfinite(scores["test_score"]).all()
    covid = small_classifier(
        balanced_batches=True, max_epochs=10, learning_rate=0.01, trainable="head"
    ).fit(X, y)
    plain = clone(covid).set_params(balanced_batches=False).fit(X, y)
    column = covid.classes_.tolist().index("covid")
    means = [c.predict_proba(X)[:, column].mean() for c in (covid, plain)]
    # Four seeds gave differences from 0.18 to 0.20.
    assert means[0] > means[1] + 0.05
