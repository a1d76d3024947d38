"""The outcome of a training is written completely, or counts as missing."""

import json

import numpy as np
import pytest

from cxrclf.metrics import Predictions
from cxrclf.studies import Examples, FitResult, _fit_result
from cxrclf.studies._fit_result import read_fingerprint, read_json, write_json

LABELS = ["1", "a,b", "<script>"]
SCORES = np.random.default_rng(0).dirichlet([1, 1, 1], 4)


def make_result(**changes):
    values = {
        "network": "Net/64",
        "fold": 2,
        "predictions": Predictions(
            ["1", "a,b", "<script>", "1"],
            ["1", "1", "<script>", "a,b"],
            SCORES,
            classes=LABELS,
            fold=[1, 1, 1, 1],
            rows=[3, 5, 8, 9],
            groups=["p1", "p1", "02", "p3"],
        ),
        "history": {
            "epoch": [1, 2],
            "train_loss": [0.1 + 0.2, 1e-17],
            "valid_loss": [float("nan"), 0.5],
            "lesson": ["head", "all"],
        },
        "counts": {"train": {"1": 3, "a,b": 0}},
        "details": {"seconds_fit": 0.1, "best_epoch": None, "phases": "2 phases\nof 3"},
        "examples": Examples(
            np.array([3, 9]),
            ["typical", "worst"],
            ["1", "1"],
            ["1", "a,b"],
            np.array([0.5, 0.75]),
            np.arange(8, dtype=np.uint8).reshape(2, 2, 2),
            np.linspace(0, 1, 8, dtype=np.float32).reshape(2, 2, 2),
        ),
        "fingerprint": "abc",
    }
    return FitResult(**values | changes)


def test_a_saved_outcome_is_the_same(tmp_path):
    result = make_result()
    result.save(tmp_path / "fit")
    found = FitResult.load(tmp_path / "fit")
    for name in ("network", "fold", "counts", "details", "fingerprint"):
        assert getattr(found, name) == getattr(result, name)
    # Numbers are written in full precision.
    np.testing.assert_equal(found.history, result.history)
    assert [type(epoch) for epoch in found.history["epoch"]] == [int, int]
    for name in ("y_true", "y_pred", "y_score", "classes", "fold", "rows", "groups"):
        expected = getattr(result.predictions, name)
        assert getattr(found.predictions, name).tolist() == expected.tolist()
    for one, other in zip(found.examples, result.examples, strict=True):
        np.testing.assert_array_equal(one, other)
        assert type(one) is type(other)
    assert repr(found) == "<FitResult of 'Net/64' in fold 2>"


def test_an_outcome_without_history_and_maps(tmp_path):
    make_result(history={}, examples=None).save(tmp_path)
    found = FitResult.load(tmp_path)
    assert found.history == {}
    assert found.examples is None


def test_nothing_of_an_earlier_outcome_remains(tmp_path):
    make_result().save(tmp_path)
    make_result(history={}, examples=None, fingerprint="new").save(tmp_path)
    found = FitResult.load(tmp_path)
    assert (found.history, found.examples, found.fingerprint) == ({}, None, "new")


def test_a_half_written_outcome_counts_as_missing(tmp_path, monkeypatch):
    make_result().save(tmp_path)
    assert read_fingerprint(tmp_path) == "abc"

    def fail(path, examples):
        raise OSError("disk full")

    monkeypatch.setattr(_fit_result, "_save_examples", fail)
    with pytest.raises(OSError, match="disk full"):
        make_result().save(tmp_path)
    assert read_fingerprint(tmp_path) is None
    assert read_fingerprint(tmp_path / "nothing") is None


def test_a_damaged_file_is_an_error_with_a_remedy(tmp_path):
    make_result().save(tmp_path)
    path = tmp_path / "fit.json"
    path.write_text(path.read_text()[:-20])
    with pytest.raises(ValueError, match=r"fit.json is damaged: .*run the study again"):
        FitResult.load(tmp_path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="is damaged"):
        read_json(path)


def test_missing_predictions_are_an_error(tmp_path):
    make_result().save(tmp_path)
    (tmp_path / "predictions.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"predictions\.csv is missing"):
        FitResult.load(tmp_path)


def test_the_files_are_plain(tmp_path):
    make_result().save(tmp_path)
    content = json.loads((tmp_path / "fit.json").read_text())
    assert content["details"]["seconds_fit"] == 0.1
    lines = (tmp_path / "history.csv").read_text().splitlines()
    assert lines[0] == "epoch,train_loss,valid_loss,lesson"
    assert lines[1] == "1,0.30000000000000004,nan,head"


def test_numbers_of_numpy_and_paths_are_plain_in_json(tmp_path):
    content = {"a": np.int64(3), "b": [np.float32(0.5)], "c": tmp_path, "d": np.True_}
    write_json(tmp_path / "x.json", content)
    expected = {"a": 3, "b": [0.5], "c": str(tmp_path), "d": True}
    assert read_json(tmp_path / "x.json") == expected
    with pytest.raises(TypeError, match="cannot be written to a JSON file"):
        write_json(tmp_path / "y.json", {"a": object()})
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]
