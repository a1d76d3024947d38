"""Published scores lie beside scores that other code computes from the files."""

import csv
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, recall_score

from cxrclf.metrics import Estimate, Predictions
from cxrclf.studies import PublishedScore
from cxrclf.studies._compare_published import _judge, compare_published, measure


def read_predictions(folder, network):
    """Return true and predicted classes of all folds, read without the library."""
    rows = []
    for path in sorted(Path(folder).glob(f"fits/{network}/fold-*/predictions.csv")):
        with open(path, newline="", encoding="utf-8") as file:
            rows += list(csv.DictReader(file))
    return tuple([row[name] for row in rows] for name in ("y_true", "y_pred"))


def test_scores_are_those_of_scikit_learn(results, results_folder):
    table = results.compare()
    assert table["network"] == ["Net/64", *["Constant"] * 3, "VGG16"]
    assert table["class"] == [*["all classes"] * 3, "covid", "all classes"]
    net = accuracy_score(*read_predictions(results_folder, "Net_64-*"))
    truth, predicted = read_predictions(results_folder, "Constant")
    found = [estimate.value for estimate in table["measured"]]
    np.testing.assert_allclose(
        found,
        [
            net,
            accuracy_score(truth, predicted),
            # The mean of the recalls of "not this class", over three classes.
            np.mean(
                [
                    recall_score(
                        [one != label for one in truth],
                        [one != label for one in predicted],
                    )
                    for label in sorted(set(truth))
                ]
            ),
            recall_score(truth, predicted, labels=["covid"], average=None)[0],
            np.nan,
        ],
    )


def test_a_score_differs_if_it_lies_outside_the_interval(results):
    table = results.compare()
    expected = []
    for published, (value, low, high) in zip(
        table["published"], table["measured"], strict=True
    ):
        if np.isnan(value):
            expected.append("not measured")
        else:
            expected.append("agrees" if low <= published <= high else "differs")
    assert table["difference"] == expected
    assert set(expected) >= {"differs", "agrees", "not measured"}


def make_results(published, scheme=None):
    predictions = Predictions(list("aabb") * 5, list("abbb") * 5)
    return SimpleNamespace(
        networks=["net"],
        table=lambda name: predictions.table(),
        description={
            "name": "own",
            "scheme": scheme,
            "published": [list(score) for score in published],
        },
    )


def test_scores_of_other_schemes_are_left_out():
    published = [
        PublishedScore("net", "accuracy", 0.75),
        PublishedScore("net", "accuracy", 0.1, scheme="2 classes"),
        PublishedScore("net", "accuracy", 0.2, scheme="3 classes"),
    ]
    table = compare_published(make_results(published, "2 classes"))
    assert table["published"] == [0.75, 0.1]
    assert table["difference"] == ["agrees", "differs"]
    with pytest.raises(ValueError, match="'own' has no published scores"):
        compare_published(make_results(published[1:]))


@pytest.mark.parametrize(
    ("score", "value"),
    [
        (PublishedScore("net", "accuracy", 0.9), 0.75),
        (PublishedScore("net", "sensitivity", 0.9, label="a"), 0.5),
        (PublishedScore("net", "precision", 0.9), (1 + 2 / 3) / 2),
        (PublishedScore("net", "auc", 0.9), None),  # no probabilities
        (PublishedScore("net", "sensitivity", 0.9, label="c"), None),
        (PublishedScore("other", "accuracy", 0.9), None),
    ],
)
def test_one_score_is_measured(score, value):
    found = measure(make_results([score]), score)
    assert isinstance(found, Estimate)
    if value is None:
        assert np.isnan(found).all()
    else:
        assert found.value == pytest.approx(value)
        assert found.low <= value <= found.high


@pytest.mark.parametrize(
    ("measured", "judgment"),
    [
        (Estimate(0.8, 0.7, 0.9), "agrees"),
        (Estimate(0.8, 0.754, 0.9), "agrees"),  # 0.754 is printed as 0.75
        (Estimate(0.8, 0.756, 0.9), "differs"),
        (Estimate(0.6, 0.5, 0.7), "differs"),
        (Estimate(0.8, np.nan, np.nan), "no interval"),
        (Estimate(np.nan, np.nan, np.nan), "not measured"),
    ],
)
def test_a_published_score_is_judged_by_the_interval(measured, judgment):
    assert _judge(0.75, measured) == judgment


@pytest.mark.parametrize(
    ("low", "judgment"), [(0.91344, "agrees"), (0.91346, "differs")]
)
def test_four_digits_of_a_paper_are_rounded_less(low, judgment):
    assert _judge(0.9134, Estimate(0.95, low, 0.97)) == judgment
