"""The epochs of a training: validation, the best of them, early stopping, rates."""

import gc
import weakref

import numpy as np
import pytest
import torch
from imblearn.over_sampling import RandomOverSampler

from cxrclf import Augmentation, CXRClassifier
from cxrclf._training.samples import PixelSamples


def body_state(clf):
    return {
        name: tensor.clone()
        for name, tensor in clf.net_.module_.backbone.state_dict().items()
    }


def changed(before, after):
    return {name for name in before if not torch.equal(before[name], after[name])}


@pytest.fixture
def float_images():
    rng = np.random.default_rng(0)
    return rng.random((12, 32, 32), dtype=np.float32), np.arange(12) % 2


def classifier_of(**parameters):
    defaults = {"weights": None, "max_epochs": 2, "random_state": 0}
    return CXRClassifier("test_resnet", **{**defaults, **parameters})


@pytest.mark.parametrize("monitor", ["valid_loss", "valid_accuracy"])
def test_the_best_epoch_is_kept(radiographs, small_classifier, monitor):
    X, y = radiographs.images, radiographs.target
    clf = small_classifier(max_epochs=6, learning_rate=3e-2, monitor=monitor)
    clf.fit(X[:20], y[:20], X_val=X[20:], y_val=y[20:])
    column = np.array(clf.history_[monitor])
    best = column.argmin() if monitor == "valid_loss" else column.argmax()
    assert clf.best_epoch_ == best + 1
    kept = clf.score(X[20:], y[20:])
    assert kept == pytest.approx(clf.history_["valid_accuracy"][best])
    last = small_classifier(max_epochs=6, learning_rate=3e-2, keep_best=False)
    last.fit(X[:20], y[:20], X_val=X[20:], y_val=y[20:])
    assert last.score(X[20:], y[20:]) == pytest.approx(
        last.history_["valid_accuracy"][-1]
    )


def test_early_stopping_waits_and_stops(radiographs, small_classifier):
    clf = small_classifier(
        max_epochs=50,
        learning_rate=1e-9,
        body_learning_rate=1e-9,
        trainable="head",
        early_stopping=True,
        n_iter_no_change=3,
        validation_fraction=0.3,
    ).fit(radiographs.images, radiographs.target)
    # Nothing improves at this rate: the first epoch, and three that wait.
    assert clf.n_epochs_ == 4


def test_rows_of_a_patient_or_repeats_of_an_image_are_not_split(
    radiographs, small_classifier, monkeypatch
):
    seen = []
    init = PixelSamples.__init__

    def spy(self, data, *args, **kwargs):
        seen.append(data.schedule.all_rows())
        init(self, data, *args, **kwargs)

    monkeypatch.setattr(PixelSamples, "__init__", spy)
    X, y, groups = radiographs.images, radiographs.target, radiographs.groups
    clf = small_classifier(max_epochs=1, validation_fraction=0.3)
    clf.fit(X, y, groups=groups)
    train, valid = seen
    assert len(train) + len(valid) == len(X)
    assert not set(groups[train]) & set(groups[valid])

    seen.clear()
    rows, _ = RandomOverSampler(
        sampling_strategy={"covid": 30}, random_state=0
    ).fit_resample(np.arange(len(X))[:, None], y)
    rows = rows[:, 0]
    clf.fit(X[rows], y[rows])
    train, valid = seen
    assert not set(rows[train]) & set(rows[valid])


def test_history_has_a_plain_column_for_everything(radiographs, small_classifier):
    clf = small_classifier(validation_fraction=0.3, learning_rate_schedule="linear")
    clf.fit(radiographs.images, radiographs.target, groups=radiographs.groups)
    assert list(clf.history_) == [
        "epoch",
        "train_loss",
        "train_accuracy",
        "valid_loss",
        "valid_accuracy",
        "duration",
        "learning_rate",
    ]
    assert clf.history_["epoch"] == [1, 2]
    assert clf.history_["learning_rate"] == [1e-3, 5e-4]
    assert {type(value) for value in clf.history_["train_loss"]} == {float}


@pytest.mark.parametrize("trainable", ["head", 1, "all"])
def test_a_fitted_network_is_in_inference_mode(
    radiographs, small_classifier, trainable
):
    clf = small_classifier(trainable=trainable, validation_fraction=0.3)
    clf.fit(radiographs.images, radiographs.target)
    assert not any(module.training for module in clf.net_.module_.modules())


def test_progress_is_shown_on_request(radiographs, small_classifier, capsys):
    X, y = radiographs.images, radiographs.target
    small_classifier().fit(X, y).predict(X)
    assert capsys.readouterr() == ("", "")
    small_classifier(verbose=1, trainable="head").fit(X, y).predict(X)
    shown = capsys.readouterr().err
    for text in ("features", "training", "train_loss=", "prediction"):
        assert text in shown


def test_partial_fit_goes_on_where_fit_stopped(radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    settings = {"augmentation": Augmentation(rotation=20), "dropout": 0.2}
    whole = small_classifier(max_epochs=4, n_threads=1, **settings).fit(X, y)
    parts = small_classifier(max_epochs=2, n_threads=1, **settings).fit(X, y)
    parts.partial_fit(X, y)
    assert parts.history_["train_loss"] == whole.history_["train_loss"]
    np.testing.assert_array_equal(parts.predict_proba(X), whole.predict_proba(X))


def test_the_head_starts_alone(radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    alone = small_classifier(max_epochs=2, head_epochs=2).fit(X, y)
    head_only = small_classifier(max_epochs=2, trainable="head", n_threads=1).fit(X, y)
    assert not changed(body_state(head_only), body_state(alone))
    both = small_classifier(max_epochs=3, head_epochs=2).fit(X, y)
    assert changed(body_state(alone), body_state(both))


def test_a_training_that_diverges_says_so(float_images):
    clf = classifier_of(optimizer="sgd", learning_rate=1e38, trainable="all")
    with pytest.raises(ValueError, match="diverged: the loss of epoch"):
        clf.fit(*float_images)


def test_a_fitted_classifier_does_not_hold_the_images(float_images):
    X, y = float_images[0].copy(), float_images[1]
    reference = weakref.ref(X)
    clf = classifier_of(validation_fraction=0.5).fit(X, y)
    del X
    gc.collect()
    assert reference() is None
    assert clf.n_epochs_ == 2
