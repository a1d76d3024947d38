import re

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from cxrclf.metrics import Predictions
from cxrclf.studies._report_network import has_probabilities, report_network
from cxrclf.studies._study_scores import StudyScores
from study_results import make_study_results


@pytest.fixture(scope="module")
def scores():
    return StudyScores(make_study_results(["strong", "weak"], audit=False))


@pytest.fixture(scope="module")
def parts(scores):
    report = report_network(scores, "weak")
    assert report.title == "weak"
    return {part.title: part for part in report.parts}


def test_parts_of_a_network(parts):
    assert list(parts) == ["Scores", "Curves", "Training", "Calibration", "Cases"]
    assert [len(part.figures) for part in parts.values()] == [1, 2, 1, 1, 3]


def test_confusion_matrix_and_most_frequent_error(scores, parts):
    found = scores.predictions["weak"]
    expected = confusion_matrix(found.y_true, found.y_pred)
    table = parts["Scores"].tables["confusion_matrix"]
    for column, label in enumerate(found.classes):
        assert table[f"predicted {label}"] == expected[:, column].tolist()
    (reading,) = report_network(scores, "weak").reading
    errors = expected - np.diag(np.diag(expected))
    assert f"error: {errors.max()} of 20 images of the class" in reading
    assert reading.startswith(f"{np.trace(expected)} of 60 test images")


def test_mean_over_folds_and_pooled_scores_are_told_apart(scores, parts):
    table = parts["Scores"].tables["over_folds"]
    rows = list(zip(table["class"], table["score"], strict=True))
    row = rows.index(("covid", "AUC"))
    folds = [t["covid", "auc"] for t in scores.predictions["weak"].fold_tables()]
    assert table["mean"][row] == pytest.approx(np.mean(folds))
    assert table["SD"][row] == pytest.approx(np.std(folds, ddof=1))
    assert table["pooled"][row] == scores.tables["weak"].interval("covid", "auc")
    assert ("all classes", "balanced accuracy") in rows


def test_legend_of_the_roc_curves_agrees_with_the_tables(parts):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    draw = next(draw for text, draw in parts["Curves"].figures.items() if "ROC" in text)
    figure = draw()
    legend = figure.axes[0].get_legend()
    legend = "\n".join(text.get_text() for text in legend.get_texts())
    table = parts["Scores"].tables["over_folds"]
    checked = 0
    for label, score, mean, sd, pooled in zip(
        *(table[name] for name in ("class", "score", "mean", "SD", "pooled")),
        strict=True,
    ):
        if score == "AUC" and label != "macro average":
            value, low, high = pooled
            assert f"{label}, pooled: {value:.3f} [{low:.3f}, {high:.3f}]" in legend
            assert f"{label}, mean of 3 folds: {mean:.3f} ± {sd:.3f}" in legend
            checked += 1
    assert checked == 3
    pyplot.close("all")


def test_worst_errors_and_saliency_have_probabilities(scores, parts):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    typical, worst, sheet = parts["Cases"].figures.values()
    for draw in (typical, worst):
        titles = [ax.get_title() for ax in draw().axes[:8]]
        assert all(title.startswith("true: ") for title in titles[::2])
        found = [re.match(r"predicted: \w+\s+(0\.\d\d)$", t)[1] for t in titles[1::2]]
        assert len(found) == 4
    values = [float(value) for value in found]
    assert values == sorted(values, reverse=True)
    assert sheet().axes[0].get_title(loc="left").startswith("image-")
    pyplot.close("all")


def test_saliency_of_text_with_dollars():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    results = make_study_results(["a"], classes=["$x_{", "b"], audit=False)
    cases = report_network(StudyScores(results), "a").parts[-1]
    for draw in cases.figures.values():
        draw().canvas.draw()
    pyplot.close("all")


def test_scores_that_are_no_probabilities():
    assert has_probabilities(Predictions([0, 1], [0, 1], [0.2, 0.7]))
    assert not has_probabilities(Predictions([0, 1], [0, 1], [-2.0, 3.0]))
    assert not has_probabilities(Predictions([0, 1], [0, 1]))


def test_network_without_probabilities_and_without_history():
    results = make_study_results(
        ["a"], strength=1.0, audit=False, examples=False, n_epochs=0
    )
    for fit in results.fits:
        object.__setattr__(fit.predictions, "y_score", None)
    report = report_network(StudyScores(results), "a")
    assert [part.title for part in report.parts] == ["Scores", "Cases"]
    assert "probability" not in str(report.parts[1].tables["worst_errors"].columns)
