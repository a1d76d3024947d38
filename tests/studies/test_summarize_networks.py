"""The summary has the scores of scikit-learn, and mean costs."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, recall_score, roc_auc_score

from cxrclf.metrics import Predictions, join_predictions
from cxrclf.studies import FitResult
from cxrclf.studies._summarize_networks import summarize_networks, table_scores

RNG = np.random.default_rng(0)
Y = np.repeat(["a", "b", "c"], 10)


def make_results(networks):
    """Results of networks with or without probabilities, over two folds."""
    fits = []
    for name, scored in networks.items():
        for fold in (1, 2):
            scores = RNG.dirichlet([1, 1, 1], 30)
            details = {"seconds_fit": fold, "seconds_predict": 0.3, "flops": 2e9}
            details |= {"parameters": 3e6, "megabytes": None} if scored else {}
            predictions = Predictions(
                Y,
                np.array(["a", "b", "c"])[scores.argmax(axis=1)],
                scores if scored else None,
                fold=np.full(30, fold - 1),
                rows=np.arange(30) + 30 * (fold - 1),
            )
            fits.append(FitResult(name, fold, predictions, details=details))

    def predictions(name):
        return join_predictions(
            [fit.predictions for fit in fits if fit.network == name]
        )

    return SimpleNamespace(
        networks=list(networks),
        n_folds=2,
        fits=fits,
        predictions=predictions,
        table=lambda name: predictions(name).table(),
    )


@pytest.mark.parametrize("order", [1, -1])
def test_networks_with_and_without_probabilities_share_a_table(order):
    networks = [("scored", True), ("labels only", False)][::order]
    results = make_results(dict(networks))
    table = summarize_networks(results)
    names = table["network"]
    scored = results.predictions("scored")
    aucs = dict(zip(names, table["auc"], strict=True))
    assert aucs["labels only"] is None
    assert aucs["scored"].value == pytest.approx(
        roc_auc_score(scored.y_true, scored.y_score, multi_class="ovr")
    )
    for name, accuracy, sensitivity, f1 in zip(
        names, table["accuracy"], table["sensitivity"], table["f1"], strict=True
    ):
        found = results.predictions(name)
        truth, predicted = found.y_true, found.y_pred
        assert accuracy.value == pytest.approx(accuracy_score(truth, predicted))
        assert f1.value == pytest.approx(f1_score(truth, predicted, average="macro"))
        assert sensitivity.value == pytest.approx(
            recall_score(truth, predicted, average="macro")
        )
        assert accuracy.low < accuracy.value < accuracy.high


def test_costs_are_means_over_folds():
    table = summarize_networks(make_results({"a": True, "b": False}))
    assert table["training (s)"] == [1.5, 1.5]
    # 0.6 seconds for 60 images
    assert table["prediction (ms)"] == pytest.approx([10, 10])
    assert table["GFLOPs"] == [2, 2]
    assert table["parameters (M)"] == [3, None]
    assert table["trainable (M)"] == [None, None]
    assert table["MB"] == [None, None]


def test_networks_with_missing_folds_are_named():
    results = make_results({"a": True, "b": False})
    assert "Not complete" not in summarize_networks(results).caption
    del results.fits[-1]
    caption = summarize_networks(results).caption
    assert caption.endswith("Not complete: b: 1 of 2 folds.")


def test_a_run_without_a_complete_training_has_no_summary():
    with pytest.raises(ValueError, match="no complete training"):
        summarize_networks(make_results({}))


def test_scores_have_their_intervals():
    table = make_results({"a": True}).table("a")
    scores = table_scores(table)
    assert list(scores) == [
        "accuracy",
        "sensitivity",
        "precision",
        "specificity",
        "f1",
        "auc",
    ]
    assert scores["f1"] == table.interval("macro average", "f1")
