"""A training in a fold is a plain fit on its rows."""

import numpy as np
import pytest
from imblearn.pipeline import make_pipeline
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.svm import LinearSVC

from cxrclf._training.run_record import RunRecord
from cxrclf.preprocessing import CLAHE
from cxrclf.sampling import AugmentedOverSampler, PhasedBalancedSplit, PhasedClassifier
from cxrclf.studies import _fit_fold
from cxrclf.studies._epoch_file import read_epoch
from cxrclf.studies._fit_fold import FitTask, fit_fold, set_parameters
from cxrclf.studies._plan_folds import Fold

ROWS = np.arange(24)
NONE = np.array([], int)


@pytest.fixture(scope="module")
def fold(images):
    number = np.unique(images.groups, return_inverse=True)[1]
    return Fold(ROWS[number % 3 > 0], ROWS[number % 3 == 0], NONE)


@pytest.fixture
def make_task(tmp_path, fold):
    def make(estimator, *, fold=fold, out=False, explain=None):
        folder = tmp_path / "out" if out else None
        estimator = set_parameters(clone(estimator), "random_state", 0)
        return FitTask(
            "net", 2, estimator, fold, folder, "abc", tmp_path / "epoch", explain
        )

    return make


def fit(task, images, X=None):
    return fit_fold(task, images.X if X is None else X, images.y, images.groups)


def test_predictions_are_those_of_a_plain_fit(make_task, images, fold, small_net):
    net = small_net(max_epochs=2)
    result = fit(make_task(net), images)
    plain = small_net(max_epochs=2, random_state=0)
    plain.fit(images.X[fold.train], images.y[fold.train])
    # The same training in one thread gives the same bits.
    found = result.predictions
    expected = plain.predict_proba(images.X[fold.test])
    np.testing.assert_array_equal(found.y_score, expected)
    assert found.y_pred.tolist() == plain.predict(images.X[fold.test]).tolist()
    assert found.rows.tolist() == fold.test.tolist()
    assert found.y_true.tolist() == images.y[fold.test].tolist()
    assert found.groups.tolist() == images.groups[fold.test].tolist()
    assert set(found.fold) == {1}
    assert result.history["train_loss"] == plain.history_["train_loss"]
    assert result.counts["train"] == dict(
        zip(*np.unique(images.y[fold.train], return_counts=True), strict=True)
    )
    assert result.details["n_epochs"] == 2
    assert result.details["seconds_fit"] > result.details["seconds_predict"] > 0
    assert not hasattr(net, "classes_")


def test_a_validation_set_selects_the_best_epoch(make_task, images, fold, small_net):
    parts = Fold(fold.train[:-6], fold.test, fold.train[-6:])
    net = small_net(max_epochs=2)
    result = fit(make_task(make_pipeline(CLAHE(), net), fold=parts), images)
    clahe = CLAHE().fit(images.X)
    X = clahe.transform(images.X)
    plain = small_net(max_epochs=2, random_state=0)
    train, test, valid = parts
    plain.fit(X[train], images.y[train], X_val=X[valid], y_val=images.y[valid])
    assert result.history["valid_loss"] == plain.history_["valid_loss"]
    assert result.details["best_epoch"] == plain.best_epoch_
    # The same training in one thread gives the same bits.
    np.testing.assert_array_equal(
        result.predictions.y_score, plain.predict_proba(X[test])
    )
    assert sum(result.counts["valid"].values()) == 6


def test_the_last_epoch_is_not_called_the_best_one(make_task, images, fold, small_net):
    parts = Fold(fold.train[:-6], fold.test, fold.train[-6:])
    net = PhasedClassifier(small_net(keep_best=False), PhasedBalancedSplit(n_phases=2))
    for one in (small_net(keep_best=False), net):
        result = fit(make_task(one, fold=parts), images)
        assert "valid_loss" in result.history
        assert result.details["best_epoch"] is None


def test_phases_are_described(make_task, images, small_net):
    net = PhasedClassifier(small_net(), PhasedBalancedSplit(n_phases=2))
    result = fit(make_task(net), images)
    assert result.history["phase"] == [1, 2]
    assert result.details["phases"].startswith("2 phases of ")
    assert result.details["parameters"] > 0


def test_a_sampler_is_a_step(make_task, images, fold, small_net):
    rare = Fold(fold.train[2:], fold.test, NONE)
    net = make_pipeline(AugmentedOverSampler(), small_net())
    result = fit(make_task(net, fold=rare), images)
    found = list(result.counts["train"].items())
    names, counts = np.unique(images.y[rare.train], return_counts=True)
    assert len(set(counts)) > 1  # the sampler has something to do
    assert found == list(zip(names.tolist(), counts.tolist(), strict=True))
    assert result.predictions.rows.tolist() == fold.test.tolist()


def test_a_classifier_without_probabilities(make_task, images, fold):
    X = images.X.reshape(24, -1) / 255
    result = fit(make_task(LinearSVC(), explain="gradcam"), images, X)
    plain = LinearSVC(random_state=0).fit(X[fold.train], images.y[fold.train])
    assert result.predictions.y_score is None
    assert result.predictions.y_pred.tolist() == plain.predict(X[fold.test]).tolist()
    assert result.history == {}
    assert result.details["n_epochs"] == 0
    assert result.details["best_epoch"] is None
    assert (result.examples, result.details["no_maps"]) == (
        None,
        "no network of this library",
    )


def test_a_threshold_decides(make_task, images, fold):
    X, y = images.X.reshape(24, -1) / 255, np.where(images.y == "covid", "covid", "no")
    classifier = FixedThresholdClassifier(
        LogisticRegression(), threshold=0.001, pos_label="covid"
    )
    task = make_task(classifier)
    found = fit_fold(task, X, y, None).predictions
    plain = clone(classifier).fit(X[fold.train], y[fold.train])
    assert found.y_pred.tolist() == plain.predict(X[fold.test]).tolist()
    most_probable = plain.classes_[plain.predict_proba(X[fold.test]).argmax(axis=1)]
    assert found.y_pred.tolist() != most_probable.tolist()
    assert found.groups is None


class Reader(ClassifierMixin, BaseEstimator):
    """Classifier with a history of another form."""

    def __init__(self, history=None):
        self.history = history

    def fit(self, X, y):
        self.classes_, self.history_ = np.unique(y), self.history
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([0.1, 0.2], {}),
        ({"loss": [1], "accuracy": [1, 2]}, {}),
        ({"loss": np.array([1.0, 2.0])}, {"loss": [1.0, 2.0]}),
    ],
)
def test_a_history_of_another_form_loses_no_training(
    make_task, images, history, expected
):
    assert fit(make_task(Reader(history)), images).history == expected


def test_a_map_that_fails_loses_no_training(make_task, images, small_net, monkeypatch):
    def fail(*values, **options):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(_fit_fold, "choose_examples", fail)
    result = fit(make_task(small_net(), explain="gradcam"), images)
    assert result.examples is None
    assert result.details["no_maps"] == "RuntimeError: out of memory"


def test_the_outcome_is_written_and_the_checkpoint_removed(
    make_task, images, small_net, tmp_path
):
    task = make_task(small_net(), out=True)
    fit(task, images)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"fit.json", "history.csv", "predictions.csv"}
    assert read_epoch(task.epoch_file) == 1


class Counter:
    """Callback with a state, which a checkpoint does not contain."""

    seen = 0

    def on_epoch_end(self, net, **kwargs):
        type(self).seen += 1


@pytest.fixture
def long_epochs(monkeypatch):
    """Let epoch n last n thousand seconds, and stop after the epochs in a list."""
    stops = []
    write = RunRecord.add

    def add(self, progress):
        progress.history[-1]["duration"] = 1000.0 * progress.done
        write(self, progress)
        if progress.done in stops:
            raise KeyboardInterrupt

    monkeypatch.setattr(RunRecord, "add", add)
    return stops


@pytest.mark.parametrize(("n_kept", "earlier"), [(1, 1000), (2, 1000 + 2000)])
def test_the_seconds_of_a_killed_run_count(
    make_task, images, small_net, tmp_path, long_epochs, n_kept, earlier
):
    net = small_net(max_epochs=3)
    long_epochs.append(n_kept)
    with pytest.raises(KeyboardInterrupt):
        fit(make_task(net, out=True), images)
    long_epochs.clear()
    (tmp_path / "epoch").unlink()  # each run has a file of its own
    result = fit(make_task(net, out=True), images)
    # The clock runs in the second run, and its epochs really last milliseconds.
    assert result.details["seconds_fit"] == pytest.approx(earlier, abs=500)
    assert result.history["duration"] == [1000, 2000, 3000]


@pytest.mark.parametrize("has_callbacks", [False, True])
def test_the_clock_alone_counts_in_a_run_that_was_not_killed(
    make_task, images, small_net, long_epochs, has_callbacks
):
    # With callbacks of the user, there is no file of epochs.
    net = small_net(max_epochs=2, callbacks=[Counter()] if has_callbacks else None)
    task = make_task(net, out=True)
    result = fit(task, images)
    assert task.epoch_file.exists() != has_callbacks
    assert result.history["duration"] == [1000, 2000]
    assert result.details["seconds_fit"] < 500


def test_callbacks_of_the_user_are_called(make_task, images, small_net):
    Counter.seen = 0
    fit(make_task(small_net(callbacks=[Counter()], max_epochs=2), out=True), images)
    assert Counter.seen == 2


def test_parameters_are_set_in_all_steps_that_have_the_old_value(small_net):
    pipeline = make_pipeline(AugmentedOverSampler(random_state=5), small_net())
    set_parameters(pipeline, "random_state", 3)
    assert pipeline[0].random_state == 5
    assert pipeline[1].random_state == 3
    assert set_parameters(DummyClassifier(), "callbacks", [1]).get_params()
