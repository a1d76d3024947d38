"""Paired comparisons, against the tests that they consist of."""

import csv

import numpy as np
import pytest

from cxrclf.metrics import (
    Predictions,
    compare_predictions,
    delong_test,
    holm,
    mcnemar_test,
)

N = 90
RNG = np.random.default_rng(0)
NAMES = np.array(["covid", "normal", "pneumonia"])
CODES = RNG.integers(0, 3, N)
GROUPS = np.arange(N) // 2


def predict(skill, order=None, **options):
    logits = np.random.default_rng(int(10 * skill)).normal(size=(N, 3))
    logits[np.arange(N), CODES] += skill
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    rows = np.arange(N) if order is None else order
    groups = options.pop("groups", GROUPS)
    return Predictions(
        NAMES[CODES][rows],
        NAMES[scores.argmax(axis=1)][rows],
        scores[rows],
        rows=rows,
        groups=None if groups is None else groups[rows],
        **options,
    )


def test_comparisons_are_those_of_the_tests():
    one, two, three = predict(2), predict(1), predict(0)
    order = RNG.permutation(N)
    table = compare_predictions(
        {
            "one": one,
            "two": predict(1, order, fold=np.arange(N) % 4),  # another order
            "three": three,
        },
        confidence_level=0.9,
    )
    assert len(table) == 12
    options = {"groups": GROUPS, "confidence_level": 0.9}
    y_true = NAMES[CODES]
    expected = mcnemar_test(y_true, one.y_pred, two.y_pred, **options)
    assert table["one", "two", "accuracy"].comparison == expected
    expected = delong_test(
        y_true == "normal", two.y_score[:, 1], three.y_score[:, 1], **options
    )
    assert table["two", "three", "auc_normal"].comparison == expected
    adjusted = holm([pair.comparison.p_value for pair in table])
    assert [pair.adjusted_p_value for pair in table] == adjusted.tolist()


def test_choices_of_scores():
    pair = {"one": predict(2), "two": predict(1)}
    scores = [found.score for found in compare_predictions(pair, classes="covid")]
    assert scores == ["accuracy", "auc_covid"]
    two = predict(1)
    pair["two"] = Predictions(two.y_true, two.y_pred, groups=GROUPS)
    with pytest.raises(ValueError, match=r"classes need y_score, .* of \['two'\] lack"):
        compare_predictions(pair, classes="covid")
    assert [found.score for found in compare_predictions(pair)] == ["accuracy"]


def test_formats(tmp_path):
    table = compare_predictions({"a_b": predict(2), "c": predict(0)}, classes="covid")
    text = str(table)
    value, low, high = table["a_b", "c", "accuracy"].comparison.difference
    assert f"{value:.3f} [{low:.3f}, {high:.3f}]" in text
    assert text.endswith("DeLong (AUC), paired over 90 samples of 45 patients.")
    assert table.confidence_level == 0.95
    alone = {name: predict(skill, groups=None) for name, skill in [("a", 1), ("b", 2)]}
    assert str(compare_predictions(alone)).endswith("paired over 90 samples.")
    assert r"a\_b" in table.to_latex()
    assert r"a\_b" in table.to_markdown()
    frame = table.to_frame()
    assert frame.shape == (2, 8)
    assert frame["difference_low"][0] == low
    table.to_csv(tmp_path / "table.csv")
    with open(tmp_path / "table.csv", newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert list(lines[0]) == frame.columns.tolist()
    assert float(lines[1]["p_value"]) == frame["p_value"][1]
    with pytest.raises(KeyError, match="No comparison"):
        table["c", "a_b", "accuracy"]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda: predict(1).subset(np.arange(N - 1)), "rows"),
        (lambda: predict(1, groups=np.arange(N)), "groups"),
        (lambda: predict(1, groups=None), "groups"),
        (
            lambda: Predictions(NAMES[::-1][CODES], NAMES[CODES], groups=GROUPS),
            "y_true",
        ),
    ],
)
def test_other_samples(change, what):
    with pytest.raises(ValueError, match=f"'one' and 'two' differ in {what}"):
        compare_predictions({"one": predict(2), "two": change()})


def test_what_cannot_be_compared():
    one = predict(1)
    with pytest.raises(ValueError, match=r"two classifiers or more, got \['one'\]"):
        compare_predictions({"one": one})
    with pytest.raises(TypeError, match="mapping of names"):
        compare_predictions([one, one])
    with pytest.raises(TypeError, match="mapping of names"):
        compare_predictions({"one": one, "two": one.y_pred})
    with pytest.raises(ValueError, match="Two classifiers have the name '1'"):
        compare_predictions({1: one, "1": predict(2)})
    with pytest.raises(ValueError, match="classes must be some of"):
        compare_predictions({"one": one, "two": one}, classes=["flu"])
