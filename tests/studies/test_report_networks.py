import pytest

from cxrclf.audit import ReportTable
from cxrclf.metrics import Estimate, compare_predictions
from cxrclf.studies._report_networks import report_networks, split_summary
from cxrclf.studies._study_scores import StudyScores
from study_results import make_study_results


def make_scores(networks, **options):
    return StudyScores(
        make_study_results(networks, audit=False, examples=False, **options)
    )


def test_scores_and_costs_are_two_tables():
    summary = ReportTable(
        {
            "network": ["a", "b"],
            "accuracy": [Estimate(0.5, 0.4, 0.6), Estimate(0.9, 0.8, 1.0)],
            "auc": [Estimate(0.9, 0.8, 1.0), None],
            "MB": [1.0, 2.0],
            "GFLOPs": [None, None],
        },
        "Scores with 95 % intervals. Sizes. Times.",
    )
    scored, costs = split_summary(summary, ["b", "a"])
    assert scored.columns == {
        "network": ["b", "a"],
        "accuracy": [(0.9, 0.8, 1.0), (0.5, 0.4, 0.6)],
        "macro AUC": [None, (0.9, 0.8, 1.0)],
    }
    assert costs.columns == {"network": ["b", "a"], "MB": [2.0, 1.0]}
    assert costs.caption == "Sizes. Times."
    del summary.columns["MB"]
    assert split_summary(summary, ["a"])[1] is None


def test_few_differences_are_shown_at_once():
    scores = make_scores(["a", "b"])
    *_, report, _ = report_networks(scores)
    table = report.tables["differences"]
    expected = list(
        compare_predictions({name: scores.predictions[name] for name in scores.order})
    )
    assert table["difference"] == [pair.comparison.difference for pair in expected]
    labels = ["covid", "normal", "pneumonia"]
    assert table["score"] == ["accuracy", *(f"AUC of {label}" for label in labels)]
    assert not report.parts


def test_many_differences_begin_with_the_best_network():
    scores = make_scores(["a", "b", "c", "d"])
    *_, report, _ = report_networks(scores)
    table = report.tables["differences_to_the_best"]
    assert set(table["first"]) == {scores.order[0]}
    assert len(table) == 3 * 4
    (everything,) = report.parts
    assert len(everything.tables["all_differences"]) == 6 * 4


def test_published_scores_only_if_there_are_any():
    published = [["a", "accuracy", 0.01, None, None], ["x", "auc", 0.5, None, None]]
    titles = [r.title for r in report_networks(make_scores(["a"], published=published))]
    assert titles == ["Networks", "Published and measured scores", "Time and size"]
    report = report_networks(make_scores(["a"], published=published))[1]
    text = "Of 2 published scores, 1 differs and 1 was not measured."
    assert report.reading[0].endswith(text)
    assert len(report.reading) == 1
    scaled = make_scores(["a"], published=published, scaled={"max_epochs": 3})
    report = report_networks(scaled)[1]
    assert "published scores belong to other networks or settings" in report.reading[1]
    other = [["a", "accuracy", 0.5, None, "2 classes"]]
    titles = [r.title for r in report_networks(make_scores(["a"], published=other))]
    assert titles == ["Networks", "Time and size"]


def test_many_published_scores_are_folded():
    names = ["accuracy", "sensitivity", "precision", "f1", "auc"]
    classes = [None, "covid", "normal", "pneumonia", "other"]
    published = [["a", name, 0.5, label, None] for name in names for label in classes]
    report = report_networks(make_scores(["a"], published=published))[1]
    shown = report.tables["scores_of_all_classes_together"]
    assert shown["score"] == ["accuracy", "sensitivity", "precision", "F1", "AUC"]
    assert set(shown["class"]) == {"all classes"}
    (part,) = report.parts
    assert len(part.tables["published_scores"]) == 25


def test_figure_names_the_published_accuracy():
    pytest.importorskip("matplotlib.pyplot")
    published = [["a", "accuracy", 0.5, None, None]]
    (text,) = report_networks(make_scores(["a"], published=published))[0].figures
    assert text.endswith("and the published accuracy.")
    (text,) = report_networks(make_scores(["a"]))[0].figures
    assert "published" not in text
