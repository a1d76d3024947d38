"""An error of one training is described, and an interrupt is not hidden."""

import pickle
from types import SimpleNamespace

import pytest

from cxrclf.studies import _try_fit
from cxrclf.studies._try_fit import Failure, try_fit

TASK = SimpleNamespace(network="VGG16", number=3)


class StateError(Exception):
    def __init__(self, first, second):
        super().__init__(f"{first} {second}")
        self.state = lambda: None


def raise_error(error):
    def fit_fold(task, X, y, groups):
        raise error

    return fit_fold


def test_an_error_becomes_text(monkeypatch):
    monkeypatch.setattr(_try_fit, "fit_fold", raise_error(StateError("no", "memory")))
    found = pickle.loads(pickle.dumps(try_fit(TASK, None, None, None)))
    assert isinstance(found, Failure)
    assert str(found) == "VGG16, fold 3 failed: StateError: no memory"
    assert "in fit_fold" in found.traceback


def test_an_interrupt_remains(monkeypatch):
    monkeypatch.setattr(_try_fit, "fit_fold", raise_error(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        try_fit(TASK, None, None, None)


def test_a_result_is_returned(monkeypatch):
    monkeypatch.setattr(_try_fit, "fit_fold", lambda *values: values)
    assert try_fit(TASK, 1, 2, 3) == (TASK, 1, 2, 3)
