from types import SimpleNamespace

import numpy as np
import pytest

from cxrclf._cli.train_text import describe_training, training_to_dict
from cxrclf.metrics import table_from_confusion

OPTIONS = SimpleNamespace(out="model", folder="data")


def make_classifier(n_epochs, **settings):
    """Return what the text needs of a fitted classifier."""
    settings = {"keep_best": True, "best_epoch_": 7, **settings}
    history = {
        "epoch": list(range(1, n_epochs + 1)),
        "train_loss": [1 / epoch for epoch in range(1, n_epochs + 1)],
        "duration": [0.1] * n_epochs,
    }
    return SimpleNamespace(
        classes_=np.array(["a", "b"]),
        history_=history,
        get_params=lambda: {"max_epochs": n_epochs},
        **settings,
    )


@pytest.mark.parametrize(
    ("n_epochs", "shown"),
    [
        (8, ["1", "2", "3", "4", "5", "6", "7 (best)", "8"]),
        (25, ["1", "3", "6", "7 (best)", "9", "12", "15", "18", "21", "24", "25"]),
    ],
)
def test_first_best_and_last_epoch_are_shown(n_epochs, shown):
    split = np.arange(5), np.arange(0)
    text = describe_training(OPTIONS, make_classifier(n_epochs), split, None)
    lines = text.split("\n\n")[1].splitlines()
    assert lines[0].split() == ["epoch", "train", "loss"]
    assert [line[:9].strip() for line in lines[1:]] == shown
    assert lines[-1].split()[-1] == f"{1 / n_epochs:.4f}"
    assert "nothing is known about new images" in text


@pytest.mark.parametrize(
    ("keep_best", "why"),
    [(True, "These scores are optimistic"), (False, "These scores rest on")],
)
def test_scores_have_a_warning(keep_best, why):
    table = table_from_confusion([[8, 2], [1, 9]], ["a", "b"])
    split = np.arange(5), np.arange(20)
    classifier = make_classifier(8, keep_best=keep_best)
    text = describe_training(OPTIONS, classifier, split, table)
    assert f"Scores of the 20 images that were held out:\n\n{table}\n\n{why}" in text
    values = training_to_dict(OPTIONS, classifier, split, table)
    assert (values["n_train"], values["n_validation"]) == (5, 20)
    assert values["best_epoch"] == 7
    assert values["validation_scores"]["overall"]["accuracy"] == 0.85
