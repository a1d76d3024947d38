"""Displays of curves: what both of them do."""

import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.naive_bayes import GaussianNB

from cxrclf.classification import LabelMapClassifier
from cxrclf.exceptions import MissingDependencyError
from cxrclf.metrics import (
    PrecisionRecallDisplay,
    Predictions,
    RocDisplay,
)

plt = pytest.importorskip("matplotlib.pyplot")

DISPLAYS = [RocDisplay, PrecisionRecallDisplay]
CLASSES = ["covid", "normal", "pneumonia"]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def draw(n_classes=3, fold=None):
    rng = np.random.default_rng(0)
    codes = np.arange(60) % n_classes
    logits = rng.normal(size=(60, n_classes))
    logits[np.arange(60), codes] += 1
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    names = np.array(CLASSES[:n_classes])
    return Predictions(
        names[codes],
        names[scores.argmax(axis=1)],
        scores,
        fold=fold,
        groups=np.arange(60) // 2,
    )


@pytest.mark.parametrize("display", DISPLAYS)
def test_one_line_per_class_with_its_band(display):
    shown = display.from_predictions(draw())
    assert list(shown.lines_) == CLASSES
    assert len(shown.ax_.collections) == 3  # bands
    entries = [text.get_text() for text in shown.ax_.get_legend().get_texts()]
    for label, entry in zip(CLASSES, entries, strict=True):
        value, low, high = shown.curves[label].area
        assert entry == f"{label}: {value:.3f} [{low:.3f}, {high:.3f}]"
        assert_allclose(shown.lines_[label].get_xdata(), shown.curves[label].x)
    assert shown.figure_ is shown.ax_.figure


@pytest.mark.parametrize("display", DISPLAYS)
def test_folds_have_a_mean_curve(display):
    shown = display.from_predictions(draw(fold=np.arange(60) // 20))
    entries = [text.get_text() for text in shown.ax_.get_legend().get_texts()]
    assert len(entries) == 6
    folds = shown.curves["covid"].folds
    assert entries[0].startswith("covid, pooled: ")
    assert entries[1] == (f"covid, mean of 3 folds: {folds.mean:.3f} ± {folds.sd:.3f}")


@pytest.mark.parametrize("display", DISPLAYS)
def test_one_fold_has_no_mean_curve(display):
    texts = []
    for fold in (np.zeros(60, int), None):
        legend = display.from_predictions(draw(fold=fold)).ax_.get_legend()
        texts.append([text.get_text() for text in legend.get_texts()])
    assert texts[0] == texts[1]


@pytest.mark.parametrize("display", DISPLAYS)
def test_curves_on_the_same_axes(display):
    one = display.from_predictions(draw(2), band=False)
    two = display.from_predictions(draw(2))
    assert two.plot(one.ax_).ax_ is one.ax_  # ax is the first parameter
    colors = [of.lines_["normal"].get_color() for of in (one, two)]
    assert colors == ["#0072b2", "#d55e00"]


@pytest.mark.parametrize("display", DISPLAYS)
def test_choices(display):
    assert list(display.from_predictions(draw(2)).curves) == ["normal"]
    _, ax = plt.subplots()
    shown = display.from_predictions(draw(), classes="covid", band=False, ax=ax)
    assert list(shown.curves) == ["covid"]
    assert shown.ax_ is ax
    assert not ax.collections
    again = shown.plot()
    assert again is shown
    assert shown.ax_ is not ax


@pytest.mark.parametrize("display", DISPLAYS)
def test_a_fitted_estimator(display):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3))
    y = np.array(CLASSES)[np.arange(80) % 3]
    model = GaussianNB().fit(X[:40], y[:40])
    groups = np.arange(40) // 2
    one = display.from_estimator(model, X[40:], y[40:], groups=groups)
    predictions = Predictions(
        y[40:], model.predict(X[40:]), model.predict_proba(X[40:]), groups=groups
    )
    other = display.from_predictions(predictions)
    for label in CLASSES:
        assert_allclose(one.curves[label].y, other.curves[label].y)
        assert one.curves[label].area == other.curves[label].area
    scheme = LabelMapClassifier(LogisticRegression(), {"covid": "covid"}, rest="rest")
    scheme.fit(X[:40], y[:40])
    assert list(display.from_estimator(scheme, X[40:], y[40:]).curves) == ["rest"]


@pytest.mark.parametrize("display", DISPLAYS)
def test_what_cannot_be_drawn(display):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 2)), np.arange(30) % 2
    with pytest.raises(ValueError, match="no y_score"):
        display.from_estimator(RidgeClassifier().fit(X, y), X, y)
    with pytest.raises(ValueError, match=r"classes must be some of .*'flu'"):
        display.from_predictions(draw(), classes=["flu"])
    only = draw().subset(np.arange(60) % 3 == 0)
    with pytest.raises(ValueError, match="All samples belong to one class"):
        display.from_predictions(only)
    with pytest.raises(ValueError, match="confidence_level"):
        display.from_predictions(draw(), confidence_level=95)


def test_a_class_without_samples_has_no_curve():
    some = draw().subset(np.arange(60) % 3 > 0)
    assert list(RocDisplay.from_predictions(some).curves) == CLASSES[1:]


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependencyError, match="plot"):
        RocDisplay.from_predictions(draw())
