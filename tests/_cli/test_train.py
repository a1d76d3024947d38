import json
import os
import re

import numpy as np
import pytest

from cxrclf import CXRClassifier
from cxrclf._cli.main import main
from cxrclf.audit import StratifiedPatientKFold
from cxrclf.metrics import classification_table

QUICK = ["--backbone", "test_resnet", "--weights", "none"]
QUICK += ["--image-size", "32", "--epochs", "2"]
EXACT = ["--set", "n_threads=1", "--set", "precision=float32"]
PATIENT = r"^(patient\d+)"


@pytest.fixture
def folder(radiograph_files):
    return os.path.dirname(os.path.dirname(radiograph_files.data[0, 0]))


@pytest.fixture
def train(folder, tmp_path):
    def call(*arguments):
        command = ["train", folder, "--out", str(tmp_path / "model"), *QUICK]
        return main([*command, *arguments])

    return call


def test_the_model_is_the_one_of_the_same_calls_in_python(
    train, radiograph_files, tmp_path, capsys
):
    arguments = ["--groups", PATIENT, "--trainable", "all", "--json", "--seed", "3"]
    assert train(*arguments, *EXACT, "--set", "augmentation__rotation=5") == 0
    captured = capsys.readouterr()
    result = json.loads(captured.out)
    assert "warning" not in captured.err
    data = radiograph_files
    splitter = StratifiedPatientKFold(5, shuffle=True, random_state=3)
    rows, valid = next(splitter.split(data.data, data.target, data.groups))
    expected = CXRClassifier(
        "test_resnet",
        weights=None,
        trainable="all",
        image_size=32,
        max_epochs=2,
        precision="float32",
        n_threads=1,
        random_state=3,
    ).set_params(augmentation__rotation=5)
    expected.fit(
        data.data[rows],
        data.target[rows],
        X_val=data.data[valid],
        y_val=data.target[valid],
    )
    loaded = CXRClassifier.load(tmp_path / "model")
    scores = loaded.predict_proba(data.data[valid])
    # One thread and the same batches give the same bits on one machine.
    np.testing.assert_array_equal(scores, expected.predict_proba(data.data[valid]))
    assert loaded.augmentation.rotation == 5
    assert (result["n_train"], result["n_validation"]) == (len(rows), len(valid))
    assert result["history"]["valid_loss"] == expected.history_["valid_loss"]
    table = classification_table(
        data.target[valid], loaded.predict(data.data[valid]), scores
    )
    found = result["validation_scores"]["classes"]["normal"]
    assert found["accuracy"] == pytest.approx(table["normal", "accuracy"])
    assert found["accuracy_low"] < found["accuracy_high"]


def test_the_text_says_what_the_scores_are(train, capsys, tmp_path):
    assert train("--set", "max_epochs=23") == 0
    captured = capsys.readouterr()
    assert "Trained on 24 images." in captured.out
    history = captured.out.partition("Scores")[0]
    epochs = re.findall(r"^(\d+) .*\d\.\d{4}$", history, re.MULTILINE)
    assert {"1", "3", "21", "23"} <= set(epochs)
    assert len(epochs) < 12
    assert captured.out.count("(best)") == 1
    assert "Scores of the 6 images that were held out:" in captured.out
    assert "95 % confidence intervals, 6 samples" in captured.out
    assert "optimistic: the best epoch was chosen on the same images.\n" in captured.out
    assert captured.out.splitlines()[-1] == f"Written: {tmp_path / 'model'}"
    assert "training: 100%" in captured.err
    warning = "cxrclf: warning: without --groups, each file counts as a patient"
    assert captured.err.count(warning) == 1
    assert "\r" not in captured.err


def test_without_validation(train, capsys):
    arguments = ["--validation-fraction", "0", "--class-weight", "balanced"]
    assert train(*arguments) == 0
    captured = capsys.readouterr()
    assert "Trained on 30 images." in captured.out
    assert "nothing is known about new images" in captured.out
    assert train(*arguments, "--quiet") == 2
    assert "has a model already. Pass another folder" in capsys.readouterr().err
    assert train(*arguments, "--quiet", "--overwrite") == 0
    assert capsys.readouterr() == ("", "")


def test_progress_of_the_library_is_not_in_the_json(train, capsys):
    # The training tells how it uses the frozen body.
    assert train("--json", "--trainable", "head", "--validation-fraction", "0") == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["n_train"] == 30
    assert "The output of the frozen layers is stored, and reused" in captured.err


def test_scores_that_chose_no_epoch(train, capsys):
    assert train("--set", "keep_best=False") == 0
    assert "These scores rest on one split.\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--backbone", "nonet"], "There is no network named 'nonet'"),
        (["--weights", "missing.pth"], "missing.pth"),
        (["--set", "learning_rate=-1"], "learning_rate' parameter of CXRClassifier"),
        (["--set", "learn_rate=1"], "'learn_rate'. Did you mean learning_rate"),
        (["--set", "xyz__rate=1"], "no parameter 'xyz__rate'. Check --set."),
        (["--device", "tpu"], "device='tpu' is not available here"),
        (["--groups", "("], "is not a regular expression"),
        (["--validation-fraction", ".01"], "holds out one image in 100"),
    ],
)
def test_errors_before_the_long_work(train, capsys, monkeypatch, arguments, message):
    def find_duplicates(*_, **__):
        raise AssertionError("The search has begun.")

    monkeypatch.setattr("cxrclf.audit.find_duplicates", find_duplicates)
    assert train(*arguments) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("cxrclf: error: ")
    assert message in error


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "verbose=1"], "verbose cannot be set here: use --quiet"),
        (["--set", "learning_rate"], "'learning_rate' is not an assignment"),
        (["--trainable", "some"], "'some' is not a part of a network"),
        (["--validation-fraction", "0.9"], "'0.9' is not a fraction from 0 to 0.5"),
        (["--validation-fraction", "x"], "'x' is not a fraction from 0 to 0.5"),
    ],
)
def test_bad_arguments(train, capsys, arguments, message):
    with pytest.raises(SystemExit) as exit_info:
        train(*arguments)
    assert exit_info.value.code == 2
    assert message in capsys.readouterr().err


def test_other_files_are_not_mixed_with_a_model(train, tmp_path, capsys):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "notes.txt").touch()
    assert train("--overwrite") == 2
    assert "files of no model, such as 'notes.txt'" in capsys.readouterr().err
