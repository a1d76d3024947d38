"""The two ways to train a classifier on one phase after another."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LinearRegression, LogisticRegression, SGDClassifier

from cxrclf.sampling._phase_routes import choose_route, fit_at_once, fit_in_turn

X = np.arange(12.0)[:, None]
Y = np.arange(12) % 3
PHASES = [np.array([0, 1, 2, 9]), np.array([3, 4, 5, 9])]


class AtOnce(ClassifierMixin, BaseEstimator):
    """Notes what `fit` got."""

    def __init__(self, validation_fraction=None):
        self.validation_fraction = validation_fraction

    def fit(self, X, y, *, phases=None, **options):
        self.got_ = X, y, phases, options
        self.best_epoch_ = 3
        return self


class Whole(AtOnce):
    def fit(self, X, y, *, phases=None, X_val=None, y_val=None, restart_schedule=False):
        return self


class InTurn(ClassifierMixin, BaseEstimator):
    """Notes its phases; scores by a script."""

    def __init__(self, scores=()):
        self.scores = scores
        self.calls = []

    def partial_fit(self, X, y, classes):
        self.calls.append((X.ravel().tolist(), y.tolist(), classes.tolist()))
        return self

    def score(self, X, y):
        return self.scores[len(self.calls) - 1]


def phased(estimator, n_epochs=1, schedule="continuous"):
    return SimpleNamespace(estimator=estimator, n_epochs=n_epochs, schedule=schedule)


def test_a_fit_that_takes_phases_is_called_once():
    route = choose_route(phased(AtOnce()), has_validation=False)
    assert route.func is fit_at_once
    found = route(AtOnce(), X, Y, PHASES, None)
    X_got, y_got, phases, options = found["estimator_"].got_
    # Rows of no phase are left out, and the phases renumbered.
    assert X_got.ravel().tolist() == [0, 1, 2, 3, 4, 5, 9]
    assert y_got.tolist() == Y[[0, 1, 2, 3, 4, 5, 9]].tolist()
    assert [phase.tolist() for phase in phases] == [[0, 1, 2, 6], [3, 4, 5, 6]]
    assert options == {}
    assert found["best_epoch_"] == 3
    assert "history_" not in found


def test_options_of_a_fit_that_takes_phases():
    route = choose_route(phased(Whole(), schedule="restart"), has_validation=True)
    assert route.keywords == {"restart": True}
    found = fit_at_once(AtOnce(), X, Y, PHASES, ("X_val", "y_val"), restart=True)
    assert found["estimator_"].got_[3] == {
        "restart_schedule": True,
        "X_val": "X_val",
        "y_val": "y_val",
    }


def test_partial_fit_gets_phase_after_phase():
    route = choose_route(phased(InTurn(), n_epochs=2), has_validation=False)
    assert route.func is fit_in_turn
    found = route(InTurn(), X, Y, PHASES, None)
    assert list(found) == ["estimator_"]
    first, second = ([0.0, 1, 2, 9], [0, 1, 2, 0]), ([3.0, 4, 5, 9], [0, 1, 2, 0])
    expected = [(*phase, [0, 1, 2]) for phase in (first, first, second, second)]
    assert found["estimator_"].calls == expected


def test_the_first_best_epoch_is_kept():
    estimator = InTurn(scores=[0.3, 0.7, 0.7, 0.5])
    found = fit_in_turn(estimator, X, Y, PHASES, (X, Y), n_epochs=2)
    assert found["best_epoch_"] == 2
    assert len(found["estimator_"].calls) == 2
    assert len(estimator.calls) == 4
    assert found["history_"] == {
        "phase": [1, 1, 2, 2],
        "epoch": [1, 2, 3, 4],
        "valid_accuracy": [0.3, 0.7, 0.7, 0.5],
    }


@pytest.mark.parametrize(
    ("settings", "has_validation", "error", "message"),
    [
        ((LinearRegression(),), False, TypeError, "estimator must be a classifier"),
        ((LogisticRegression(),), False, TypeError, "has no partial_fit"),
        (
            (SGDClassifier(), 1, "restart"),
            False,
            ValueError,
            "SGDClassifier is trained",
        ),
        ((Whole(), 2), False, ValueError, "n_epochs=2 is for classifiers"),
        ((Whole(0.1),), False, ValueError, "validation_fraction of Whole would hold"),
        ((AtOnce(), 1, "restart"), False, TypeError, "must take restart_schedule"),
        ((AtOnce(),), True, TypeError, "fit of AtOnce must take X_val"),
    ],
)
def test_ways_that_are_not_open(settings, has_validation, error, message):
    with pytest.raises(error, match=message):
        choose_route(phased(*settings), has_validation)
