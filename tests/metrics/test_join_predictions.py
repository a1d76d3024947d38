"""Folds are joined in the order of the images."""

import numpy as np
import pytest

from cxrclf.metrics import Predictions, join_predictions


def make_part(rows, classes, fold, y, *, scores=True, groups=True):
    n = len(rows)
    rng = np.random.default_rng(fold)
    return Predictions(
        y,
        rng.choice(classes, n),
        rng.dirichlet(np.ones(len(classes)), n) if scores else None,
        classes=classes,
        fold=np.full(n, fold),
        rows=rows,
        groups=[f"p{row}" for row in rows] if groups else None,
    )


PARTS = [
    make_part([5, 0, 2], ["a", "b", "c"], 0, ["a", "b", "c"]),
    make_part([4, 1], ["a", "c"], 1, ["a", "c"]),
    make_part([0, 3], ["b", "c"], 2, ["b", "c"]),  # row 0 again
]


def test_rows_classes_and_scores_are_those_of_the_parts():
    found = join_predictions(PARTS)
    expected = {}
    for part in PARTS:
        for i, row in enumerate(part.rows.tolist()):
            scores = dict(zip(part.classes, part.y_score[i], strict=True))
            expected[row, int(part.fold[i])] = (
                part.y_true[i],
                part.y_pred[i],
                [scores.get(label, 0.0) for label in "abc"],
                part.groups[i],
            )
    keys = list(zip(found.rows.tolist(), found.fold.tolist(), strict=True))
    assert keys == sorted(expected)
    for i, key in enumerate(keys):
        y_true, y_pred, scores, group = expected[key]
        assert (found.y_true[i], found.y_pred[i]) == (y_true, y_pred)
        assert found.y_score[i].tolist() == scores
        assert found.groups[i] == group
    assert found.classes.tolist() == ["a", "b", "c"]


@pytest.mark.parametrize("missing", ["scores", "groups"])
def test_what_one_part_lacks_is_missing(missing):
    part = make_part([9], ["a", "b", "c"], 3, ["a"], **{missing: False})
    found = join_predictions([*PARTS, part])
    assert (found.y_score is None) == (missing == "scores")
    assert (found.groups is None) == (missing == "groups")
    assert len(found) == 8


def test_parts_need_folds():
    with pytest.raises(ValueError, match="one or more Predictions"):
        join_predictions([])
    with pytest.raises(ValueError, match="each with fold="):
        join_predictions([*PARTS, Predictions(["a"], ["a"])])
