import numpy as np
import pytest

from cxrclf.studies._draw_histories import draw_histories, list_scores, stack_epochs

pyplot = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def close():
    yield
    pyplot.close("all")


def test_mean_and_range_over_folds_of_different_lengths():
    histories = [
        {"train_loss": [1.0, 0.5, 0.25], "phase": [1, 1, 2]},
        {"train_loss": [2.0, 1.5], "phase": [1, 1]},
    ]
    (ax,) = draw_histories(histories).axes
    mean, phase = ax.lines
    assert mean.get_xdata().tolist() == [1, 2, 3]
    assert mean.get_ydata().tolist() == [1.5, 1.0, 0.25]
    corners = ax.collections[0].get_paths()[0].vertices
    assert {(1, 1), (1, 2), (2, 0.5), (2, 1.5)} <= set(map(tuple, corners.tolist()))
    assert list(phase.get_xdata()) == [2.5, 2.5]


def test_two_scores_of_training_and_validation():
    nan = float("nan")
    history = {
        "train_loss": [1.0, 0.5],
        "train_accuracy": [0.5, 0.9],
        "valid_loss": [nan, nan],
        "valid_accuracy": [0.4, 0.6],
        "phase": [nan, nan],
    }
    loss, accuracy = draw_histories([history]).axes
    assert (loss.get_ylabel(), accuracy.get_ylabel()) == ("loss", "accuracy")
    assert len(loss.lines) == 1  # a validation loss of nan is not drawn
    assert len(accuracy.lines) == 2
    assert accuracy.get_xlabel() == "epoch"


def test_scores_that_have_values():
    assert list_scores([{"train_loss": [1.0]}, {}]) == ["loss"]
    assert list_scores([{"valid_accuracy": [float("nan")]}]) == []
    assert list_scores([]) == []


def test_missing_epochs_are_nan():
    stacked = stack_epochs([[1.0], [2.0, 3.0], []])
    nan = np.nan
    assert np.array_equal(stacked, [[1, nan], [2, 3], [nan, nan]], equal_nan=True)
