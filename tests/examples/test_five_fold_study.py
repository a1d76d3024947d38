"""The example that `make demo` runs, on few and small radiographs."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import (
    confusion_matrix,
    recall_score,
    roc_auc_score,
)

from cxrclf.datasets import (
    load_image_folder,
    make_chest_radiographs,
    save_image_folder,
)

SCRIPT = Path(__file__).parents[2] / "examples" / "five_fold_study.py"
CLASSES = ["covid", "normal", "pneumonia"]
N_IMAGES = 48
SMALL = [
    *("--backbone", "test_resnet", "--weights", "none", "--image-size", "32"),
    *("--images", str(N_IMAGES), "--folds", "3", "--epochs", "2"),
]


@pytest.fixture(scope="module")
def study(import_example):
    """Return the script as a module."""
    return import_example("five_fold_study")


@pytest.fixture(scope="module")
def out(study, tmp_path_factory):
    """Return the results of a study on synthetic radiographs."""
    folder = tmp_path_factory.mktemp("a study") / "the results"
    study.main([*SMALL, "--out", str(folder)])
    return folder


@pytest.fixture
def few(tmp_path):
    """Return a folder of 12 images whose file names tell no patient."""
    drawn = make_chest_radiographs(12, image_size=32, random_state=0)
    return save_image_folder(drawn.images, drawn.target, tmp_path / "few")


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def column(rows, name, dtype=str):
    return np.array([row[name] for row in rows]).astype(dtype)


def probabilities_of(rows):
    names = [f"probability_{name}" for name in CLASSES]
    return np.column_stack([column(rows, name, float) for name in names])


def test_every_image_is_predicted_once(out):
    rows = rows_of(out / "predictions.csv")
    drawn = [str(path) for path in out.glob("radiographs-*/*/*.png")]
    assert len(drawn) == N_IMAGES
    assert sorted(column(rows, "path")) == sorted(drawn)
    assert set(column(rows, "fold")) == {"1", "2", "3"}
    for row in rows:
        path = Path(row["path"])
        assert row["true"] == path.parent.name
        assert row["patient"] == path.name.split("_")[0]


def test_no_patient_is_in_two_folds(out):
    rows = rows_of(out / "predictions.csv")
    patients = column(rows, "patient")
    pairs = set(zip(patients, column(rows, "fold"), strict=True))
    assert len(set(patients)) < len(patients)  # else there is nothing to keep together
    assert len(pairs) == len(set(patients))


def test_probabilities(out):
    rows = rows_of(out / "predictions.csv")
    probabilities = probabilities_of(rows)
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-9)
    most_probable = np.array(CLASSES)[probabilities.argmax(axis=1)]
    np.testing.assert_array_equal(column(rows, "predicted"), most_probable)


def test_scores_are_those_of_the_predictions(out):
    rows = rows_of(out / "predictions.csv")
    fold, true, predicted = (
        column(rows, name) for name in ("fold", "true", "predicted")
    )
    probabilities = probabilities_of(rows)
    scores = {row["class"]: row for row in rows_of(out / "scores.csv")}
    masks = [fold == number for number in ("1", "2", "3")]
    for number, name in enumerate(CLASSES):
        references = {
            "sensitivity": [
                recall_score(true[m] == name, predicted[m] == name) for m in masks
            ],
            "specificity": [
                recall_score(true[m] != name, predicted[m] != name) for m in masks
            ],
            "auc": [
                roc_auc_score(true[m] == name, probabilities[m, number]) for m in masks
            ],
        }
        for score, values in references.items():
            mean, sd = (float(scores[name][f"{score}_{x}"]) for x in ("mean", "sd"))
            assert mean == pytest.approx(np.mean(values), abs=1e-12), (name, score)
            assert sd == pytest.approx(np.std(values, ddof=1), abs=1e-12), (name, score)
    accuracy = float(scores["overall accuracy"]["accuracy_mean"])
    assert accuracy == pytest.approx(
        np.mean([np.mean(true[m] == predicted[m]) for m in masks])
    )


def test_texts(out):
    assert "Mean ± standard deviation over 3 folds." in (out / "scores.txt").read_text(
        encoding="utf-8"
    )
    description = json.loads((out / "study.json").read_text(encoding="utf-8"))
    assert description["settings"]["seed"] == 0
    assert set(description["versions"]) >= {"cxrclf", "torch", "scikit-learn"}
    counts = description["data"]["classes"]
    assert sum(count["images"] for count in counts.values()) == N_IMAGES
    assert counts["covid"]["images"] == min(c["images"] for c in counts.values())
    assert sum(fold["test_images"] for fold in description["folds"]) == N_IMAGES
    for history in description["learning_curves"]:
        assert len(history["train_loss"]) == len(history["valid_accuracy"]) == 2


def test_pictures_and_nothing_else(out):
    for name in ("confusion_matrix.png", "roc.png", "learning_curves.png"):
        with Image.open(out / name) as image:
            assert min(image.size) > 500
            assert len(image.convert("L").getcolors()) > 20  # not an empty page
    files = {path.name for path in out.iterdir() if path.is_file()}
    assert files == {
        "confusion_matrix.png",
        "learning_curves.png",
        "predictions.csv",
        "roc.png",
        "scores.csv",
        "scores.txt",
        "study.json",
    }


@pytest.fixture(scope="module")
def written(study, out):
    """Return data and results of the study, as its files have them."""
    rows = rows_of(out / "predictions.csv")
    data = load_image_folder(out / f"radiographs-{N_IMAGES}-seed0")
    np.testing.assert_array_equal(column(rows, "path"), data.data[:, 0])
    fold, probabilities = column(rows, "fold", int), probabilities_of(rows)
    return data, study.Results(np.array(CLASSES), fold, probabilities, [], [])


def test_confusion_matrix_shows_the_counts(study, written):
    data, results = written
    figure = study.draw_confusion_matrix(data, results)
    shown = [int(text.get_text().split("\n")[0]) for text in figure.axes[0].texts]
    expected = confusion_matrix(data.target, results.predicted)
    np.testing.assert_array_equal(np.reshape(shown, expected.shape), expected)


def test_roc_curves_name_their_areas(study, written):
    data, results = written
    legend = study.draw_roc(data, results).axes[0].get_legend()
    expected = [
        f"{name} (AUC {roc_auc_score(data.target == name, p):.3f})"
        for name, p in zip(CLASSES, results.probabilities.T, strict=True)
    ]
    assert [text.get_text() for text in legend.get_texts()] == [*expected, "chance"]


def test_the_left_out_fold_chooses_nothing(study, out):
    args = study.make_parser().parse_args([*SMALL, "--out", str(out)])
    data, folds = study.prepare(args)
    train, test = folds[0]
    pipeline = study.make_classifier(args)
    shown = study.run_fold(1, pipeline, data, train, test)
    alone = pipeline.fit(data.data[train], data.target[train])
    np.testing.assert_array_equal(
        shown.probabilities, alone.predict_proba(data.data[test])
    )


def test_files_of_unknown_patients(study, few, tmp_path, capsys):
    out = tmp_path / "results"
    study.main([*SMALL, "--data", str(few), "--out", str(out)])
    assert "Patients are not known" in capsys.readouterr().out
    assert "Patients are not known" in (out / "scores.txt").read_text(encoding="utf-8")
    rows = rows_of(out / "predictions.csv")
    assert len(rows) == 12
    assert set(column(rows, "patient")) == {""}


@pytest.mark.slow
def test_folds_at_once_give_the_same_predictions(tmp_path):
    found = []
    for n_jobs in ("1", "2"):
        out = tmp_path / n_jobs
        command = [sys.executable, SCRIPT, *SMALL, "--out", out, "--jobs", n_jobs]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        subprocess.run(command, check=True, env=environment)
        found.append(probabilities_of(rows_of(out / "predictions.csv")))
    np.testing.assert_array_equal(*found)


def refused(study, capsys, *arguments):
    with pytest.raises(SystemExit) as exit_:
        study.main([*SMALL, *map(str, arguments)])
    assert exit_.value.code == 2
    printed = capsys.readouterr()
    assert "training on" not in printed.out
    return printed.err


def test_bad_settings_are_refused_before_any_training(study, few, tmp_path, capsys):
    out = tmp_path / "results"
    for arguments, message in [
        (["--data", tmp_path / "nowhere"], "does not exist"),
        (["--data", few, "--folds", "5"], "fewer images (4) than folds (5)"),
        (["--data", few, "--groups", r"^(person\d+)"], "finds no id for 12 of 12"),
        (["--data", few, "--groups", "^(image)"], "fewer patients (1) than folds (3)"),
        (["--weights", tmp_path / "none.pth"], "no file of weights"),
        (["--backbone", "resnet51"], "no network named 'resnet51'"),
        (["--trainable", "some"], "'some' is not a whole number"),
        (["--folds", "1"], "'1' is not a whole number from 2"),
    ]:
        error = refused(study, capsys, "--out", out, *arguments)
        assert message in error, arguments


def test_results_that_cannot_be_written_are_refused(study, few, tmp_path, capsys):
    taken = tmp_path / "taken"
    taken.write_text("a file")
    assert "exists" in refused(study, capsys, "--out", taken)
    inside = refused(study, capsys, "--data", few, "--out", few / "results")
    assert "Name a folder elsewhere with --out" in inside
    assert not (few / "results").exists()


def test_unreadable_files_are_named(study, few, tmp_path, capsys):
    for name in ("broken.png", "torn.png"):
        (few / "covid" / name).write_bytes(b"no picture")
    error = refused(study, capsys, "--data", few, "--out", tmp_path / "results")
    assert "broken.png" in error
    assert "torn.png" in error
