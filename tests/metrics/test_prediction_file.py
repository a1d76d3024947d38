"""CSV files of predictions: text and numbers stay apart, floats are exact."""

import csv

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from cxrclf.metrics import Predictions

SCORES = np.random.default_rng(0).dirichlet([1, 1, 1], 4)


def assert_same(one, other):
    for name in ("y_true", "y_pred", "y_score", "classes", "fold", "rows", "groups"):
        first, second = getattr(one, name), getattr(other, name)
        if first is None:
            assert second is None
        else:
            assert_array_equal(first, second)
            assert first.dtype.kind == second.dtype.kind


@pytest.mark.parametrize(
    "classes",
    [
        ["covid", "no finding", "viral, bacterial"],
        ["1", "10", "2"],
        [1, 2, 10],
        [1.0, 2.0, 10.0],
        ['a "quoted"\nlabel', "b;c", "é | ü\u2028x"],
    ],
)
@pytest.mark.parametrize("with_scores", [True, False])
def test_a_file_is_read_back_exactly(classes, with_scores, tmp_path):
    labels = np.array(classes)
    predictions = Predictions(
        labels[[0, 1, 0, 1]],
        labels[[1, 1, 0, 0]],  # the last class occurs in the scores only
        SCORES if with_scores else None,
        classes=labels,
        fold=[1, 0, 0, 1],
        rows=[7, 3, 3, 2**60],
        groups=["1", "nn", "2", "1"] if with_scores else [2**60 + 1, 4, 5, 5],
    )
    path = tmp_path / "new" / "predictions.csv"
    predictions.to_csv(path)
    assert_same(Predictions.from_csv(path), predictions)


def test_optional_columns_stay_away(tmp_path):
    path = tmp_path / "predictions.csv"
    predictions = Predictions([True, False], [True, True])
    predictions.to_csv(path)
    again = Predictions.from_csv(path)
    assert again.fold is again.groups is again.y_score is None
    assert again.classes.tolist() == [0, 1]


def test_other_programs_read_and_write_the_file(tmp_path):
    path = tmp_path / "predictions.csv"
    labels = ["a", "b", "c", "a"]
    predictions = Predictions(labels, labels, SCORES, groups=[4, 4, 5, 6])
    predictions.to_csv(path)
    with open(path, newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [line["y_true"] for line in lines] == labels
    assert [float(line["score_b"]) for line in lines] == SCORES[:, 1].tolist()
    # A program that drops the quotation marks and changes the order of the columns:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, sorted(lines[0], reverse=True))
        writer.writeheader()
        writer.writerows(lines)
    assert '"' not in path.read_text(encoding="utf-8")
    assert_same(Predictions.from_csv(path), predictions)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            [["y_true", "f1"], ["a", "b"]],
            r"no columns \['y_pred'\].*\['y_true', 'f1'\]",
        ),
        ([["y_true", "y_pred"]], "no samples"),
        ([["y_true", "y_pred"], ["a"]], "Sample 0 .* has 1 cells"),
        (
            [["y_true", "y_pred", "score_a", "score_b"], ["a", "b", "x", 1]],
            "column 'score_a' .* numbers: .*'x'",
        ),
        ([["y_true", "y_pred", "fold"], ["a", "b", 0.5]], "column 'fold'"),
    ],
)
def test_files_that_do_not_fit(lines, message, tmp_path):
    path = tmp_path / "other.csv"
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(lines)
    with pytest.raises(ValueError, match=message):
        Predictions.from_csv(path)
