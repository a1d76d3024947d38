import csv
import statistics

import numpy as np
import pytest

from cxrclf.metrics import (
    Predictions,
    classification_table,
    fold_summary,
    table_from_confusion,
)


@pytest.fixture
def fold_tables():
    matrices = ([[8, 2], [1, 9]], [[0, 0], [2, 8]], [[6, 4], [3, 7]])
    return [table_from_confusion(matrix, ["covid", "normal"]) for matrix in matrices]


def test_mean_and_sd_agree_with_the_standard_library(fold_tables):
    summary = fold_summary(iter(fold_tables))
    assert summary.n_folds == 3
    for row in summary.rows:
        for column in summary.columns:
            defined = [
                table[row, column]
                for table in fold_tables
                if not np.isnan(table[row, column])
            ]
            score = summary[row, column]
            assert score.n_folds == len(defined)
            assert score.mean == pytest.approx(statistics.mean(defined))
            assert score.sd == pytest.approx(statistics.stdev(defined))
    accuracies = [table.overall["accuracy"] for table in fold_tables]
    assert summary.overall["accuracy"].sd == pytest.approx(statistics.stdev(accuracies))
    assert summary["covid", "sensitivity"].mean == pytest.approx((0.8 + 0.6) / 2)


def test_text_says_over_how_many_folds(fold_tables):
    text = str(fold_summary(fold_tables))
    covid = next(line for line in text.splitlines() if line.startswith("covid"))
    assert "0.700 ± 0.141 (2)" in covid
    assert "(k): over the k folds" in text
    assert "over 3 folds" in text
    assert "(k)" not in str(fold_summary(fold_tables[::2]))


def test_undefined_everywhere_and_a_single_fold(fold_tables):
    never = fold_summary([fold_tables[1]] * 2)["covid", "sensitivity"]
    assert never.n_folds == 0
    assert np.isnan(never.mean)
    assert np.isnan(never.sd)
    once = fold_summary(fold_tables[:1])
    assert once["covid", "sensitivity"].mean == 0.8
    assert "0.800 ± nan" in str(once)


def test_html(fold_tables):
    assert "<td>0.700 ± 0.141 (2)</td>" in fold_summary(fold_tables)._repr_html_()


def test_csv(fold_tables, tmp_path):
    path = tmp_path / "summary.csv"
    summary = fold_summary(fold_tables)
    summary.to_csv(path)
    with open(path, newline="", encoding="utf-8") as file:
        lines = {line["class"]: line for line in csv.DictReader(file)}
    assert list(lines) == [*summary.rows, "overall accuracy", "balanced accuracy"]
    assert float(lines["covid"]["sensitivity_mean"]) == pytest.approx(0.7)
    assert float(lines["covid"]["sensitivity_sd"]) == pytest.approx(0.02**0.5)
    assert lines["covid"]["sensitivity_folds"] == "2"
    overall = summary.overall["accuracy"]
    assert float(lines["overall accuracy"]["accuracy_mean"]) == overall.mean
    assert lines["overall accuracy"]["f1_mean"] == ""


def test_tables_that_do_not_fit(fold_tables):
    with pytest.raises(ValueError, match="no tables"):
        fold_summary([])
    other = table_from_confusion([[1, 0], [0, 1]], ["covid", "healthy"])
    with pytest.raises(ValueError, match="same rows"):
        fold_summary([*fold_tables, other])
    y = ["covid", "normal"]
    with pytest.raises(ValueError, match="same columns"):
        fold_summary([*fold_tables, classification_table(y, y, [0.1, 0.9])])


@pytest.fixture
def predictions():
    rng = np.random.default_rng(0)
    y_true = rng.permutation(np.repeat(["covid", "normal"], 30))
    score = rng.normal(size=60) + (y_true == "normal")
    # The last fold has scores of another scale.
    fold = np.arange(60) % 3
    y_pred = np.where(score > 0.5, "normal", "covid")
    return Predictions(
        y_true, y_pred, score + 5 * (fold == 2), fold=fold, groups=np.arange(60) // 2
    )


def test_pooled_predictions_have_intervals(predictions):
    summary = fold_summary(predictions.fold_tables(), predictions)
    table = predictions.table()
    text = str(summary)
    for row in summary.rows:
        assert summary.pooled.interval(row, "f1") == table.interval(row, "f1")
    low, high = table.interval("covid", "auc")[1:]
    pooled = next(line for line in text.splitlines() if "covid, pooled" in line)
    assert f"{table['covid', 'auc']:.3f} [{low:.3f}, {high:.3f}]" in pooled
    # The mean over folds is higher than the pooled AUC of folds on different scales.
    assert summary["covid", "auc"].mean > table["covid", "auc"] + 0.05
    assert "Pooled predictions of all folds: overall accuracy" in text
    assert "60 samples of 30 patients" in text
    assert str(predictions.fold_summary()) == text


def test_level_of_pooled_predictions(predictions):
    summary = predictions.fold_summary(confidence_level=0.8)
    expected = predictions.table(confidence_level=0.8)
    assert summary.pooled.interval("covid", "f1") == expected.interval("covid", "f1")
    assert "80 % confidence intervals" in str(summary)
    with pytest.raises(ValueError, match="confidence_level"):
        predictions.fold_summary(confidence_level=80)


def test_frame_and_csv_of_pooled_predictions(predictions, tmp_path):
    summary = predictions.fold_summary()
    frame = summary.to_frame()
    assert frame.columns.tolist()[:7] == [
        "accuracy_mean", "accuracy_sd", "accuracy_folds", "accuracy_pooled",
        "accuracy_low", "accuracy_high", "precision_mean",
    ]  # fmt: skip
    assert frame.loc["covid", "auc_mean"] == summary["covid", "auc"].mean
    assert frame.loc["covid", "auc_folds"] == 3
    assert frame.loc["covid", "auc_low"] == summary.pooled.interval("covid", "auc").low
    summary.to_csv(tmp_path / "summary.csv")
    with open(tmp_path / "summary.csv", newline="", encoding="utf-8") as file:
        lines = {line["class"]: line for line in csv.DictReader(file)}
    for name in frame.columns:
        found = float(lines["normal"][name] or "nan")
        assert found == pytest.approx(frame.loc["normal", name], nan_ok=True)
    balanced = summary.pooled.overall_intervals["balanced_accuracy"]
    assert float(lines["balanced accuracy"]["accuracy_low"]) == balanced.low


def test_a_frame_without_pooled_predictions(fold_tables):
    frame = fold_summary(fold_tables).to_frame()
    assert frame.shape == (3, 18)
    assert frame.loc["covid", "sensitivity_folds"] == 2


def test_predictions_that_do_not_fit(predictions):
    tables = predictions.fold_tables()
    y = ["covid", "healthy"]
    with pytest.raises(ValueError, match="predictions has .*'healthy'"):
        fold_summary(tables, Predictions(y, y))
    without = Predictions(predictions.y_true, predictions.y_pred)
    with pytest.raises(ValueError, match="with or without y_score"):
        fold_summary(tables, without)
