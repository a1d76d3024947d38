from dataclasses import replace

import pytest
from sklearn.metrics import accuracy_score

from cxrclf.studies import StudyResults
from cxrclf.studies._report_overview import (
    find_published,
    format_seconds,
    list_published,
    name_score,
    name_study,
    report_overview,
)
from cxrclf.studies._study_scores import StudyScores
from study_results import make_study_results


@pytest.fixture(scope="module")
def scores():
    published = [
        ["a", "accuracy", 0.95, None, None],
        ["a", "accuracy", 0.5, "covid", None],
        ["b", "accuracy", 0.9, None, "2 classes"],
        ["a", "f1", 0.9, None, None],
    ]
    results = make_study_results(["a", "b"], audit=False, published=published)
    return StudyScores(results)


def test_one_paragraph_and_one_table(scores):
    report = report_overview(scores)
    (paragraph,) = report.reading
    assert (
        "2 networks were trained and tested in 3 folds on 60 images of 10" in paragraph
    )
    assert "20 covid, 20 normal, 20 pneumonia" in paragraph
    assert "The run took 1 min 15 s." in paragraph
    table = report.tables["result"]
    assert table["network"] == scores.order
    found = scores.predictions["a"]
    right = accuracy_score(found.y_true, found.y_pred)
    assert table["accuracy"][scores.order.index("a")].value == pytest.approx(right)
    published = dict(zip(table["network"], table["published accuracy"], strict=True))
    assert published == {"a": 0.95, "b": None}


def test_images_that_several_folds_test_are_counted_once():
    results = make_study_results(["a"], audit=False)
    again = [replace(fit, fold=fit.fold + 3) for fit in results.fits]
    results = StudyResults(results.description, results.data, [*results.fits, *again])
    (paragraph,) = report_overview(StudyScores(results)).reading
    assert "have 60 images (20 covid, 20 normal, 20 pneumonia)" in paragraph
    assert "the scores are over 120 predictions of them" in paragraph


def test_faithful_variant_is_named():
    results = make_study_results(["a"], faithful=True, leaks=["One.", "Two."])
    text = " ".join(report_overview(StudyScores(results)).reading)
    assert "It has 2 known leaks" in text
    assert "Its scores are too good." in text
    assert "to the letter. It" in text
    results.description["scaled"] = {"max_epochs": "1"}
    text = " ".join(report_overview(StudyScores(results)).reading)
    assert "to the letter, but for the changed parameters." in text


def test_a_scaled_study_is_named():
    changes = {"image_size": "96", "max_epochs": "3"}
    results = make_study_results(
        ["a"],
        audit=False,
        scaled=changes,
        published=[["a", "accuracy", 0.95, None, None]],
    )
    report = report_overview(StudyScores(results))
    assert report.reading[0] == (
        "Scaled, not the networks and settings of the publication: image_size=96, "
        "max_epochs=3."
    )
    assert "published accuracy" not in report.tables["result"].columns
    assert name_study(results.description) == "Small study (scaled)"
    assert name_study(make_study_results(["a"]).description) == "Small study"


def test_published_scores_of_the_class_scheme():
    rows = [["a", "auc", 0.9, None, "2 classes"], ["a", "auc", 0.8, None, "3 classes"]]
    description = {"scheme": "3 classes", "published": rows}
    assert list_published(description) == [tuple(rows[1])]
    assert find_published(description, "auc") == {"a": 0.8}
    assert find_published({}, "auc") == {}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "less than 1 s"), (59.4, "59 s"), (75, "1 min 15 s"), (7500, "2 h 5 min")],
)
def test_seconds(seconds, text):
    assert format_seconds(seconds) == text


def test_names_of_scores():
    names = ["auc", "f1", "balanced_accuracy", "precision"]
    expected = ["AUC", "F1", "balanced accuracy", "precision"]
    assert [name_score(name) for name in names] == expected
