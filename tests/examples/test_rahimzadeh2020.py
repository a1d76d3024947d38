"""The study of Rahimzadeh and Attar, with tiny networks on few small radiographs."""

import csv
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import confusion_matrix
from sklearn.utils import Bunch

from cxrclf.datasets import make_chest_radiographs, save_image_folder
from cxrclf.metrics import table_from_confusion, table_from_counts

SCRIPT = Path(__file__).parents[2] / "examples" / "rahimzadeh2020.py"
CLASSES = ["covid", "normal", "pneumonia"]
NETWORKS = ["test_resnet", "test_efficientnet", "concatenation"]
RATES = ["accuracy", "specificity", "sensitivity", "precision"]
TINY = [
    *("--backbones", "test_resnet", "test_efficientnet", "--weights", "none"),
    *("--image-size", "32", "--folds", "3", "--phases", "2", "--epochs", "2"),
]


@pytest.fixture(scope="module")
def script():
    """Return the script as a module."""
    spec = importlib.util.spec_from_file_location("rahimzadeh2020", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Return a folder of 90 images of 60 patients."""
    drawn = make_chest_radiographs(90, weights=(1, 5, 4), image_size=32, random_state=0)
    folder = tmp_path_factory.mktemp("some images") / "radiographs"
    return save_image_folder(drawn.images, drawn.target, folder, groups=drawn.groups)


@pytest.fixture(scope="module")
def arguments(images):
    """Return the arguments of a small study, but for its results."""
    return [*TINY, "--data", str(images), "--groups", r"^(patient\d+)"]


@pytest.fixture(scope="module")
def out(script, arguments, tmp_path_factory):
    """Return the results of a study."""
    folder = tmp_path_factory.mktemp("a study") / "the results"
    script.main([*arguments, "--out", str(folder)])
    return folder


@pytest.fixture(scope="module")
def study(out):
    """Return what a study says of itself."""
    return json.loads((out / "study.json").read_text(encoding="utf-8"))


def read_rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def column_of(rows, name, dtype=str):
    return np.array([row[name] for row in rows]).astype(dtype)


def predicted_rows(out, network, fold):
    rows = read_rows(out / "predictions.csv")
    return [row for row in rows if (row["network"], row["fold"]) == (network, fold)]


def listed(counts, groups=None):
    """Return a data set of so many images of each class, none of which exists."""
    y = np.repeat(list(counts), list(counts.values()))
    paths = np.array([f"{number}.png" for number in range(len(y))], dtype=object)
    return Bunch(
        data=paths[:, None], target=y, target_names=sorted(counts), groups=groups
    )


def folds_of(script, data, *arguments):
    args = script.parse_args(script.make_parser(), arguments)
    return script.make_folds(data, "covid", args)


PUBLISHED = {"covid": 180, "normal": 8851, "pneumonia": 6054}


def numbers(y, rows):
    return [int(np.sum(y[rows] == name)) for name in CLASSES]


def test_published_numbers(script):
    data = listed(PUBLISHED)
    folds = folds_of(script, data, "--leaky-validation")
    assert len(folds) == 5
    for fold in folds:
        plan = fold.split.plan(data.target[fold.rows.train])
        assert (plan.n_phases, plan.phase_size, plan.n_used) == (8, 633, 3783)
        assert plan.shared == {"covid": 149, "normal": 0, "pneumonia": 34}
        assert plan.per_phase == {"covid": 0, "normal": 250, "pneumonia": 200}
        assert numbers(data.target, fold.rows.test) == [31, 6851, 4420]
        assert numbers(data.target, fold.rows.valid) == [31, 300, 300]
        assert set(fold.rows.valid) <= set(fold.rows.test)
    rare = [
        set(fold.rows.test[data.target[fold.rows.test] == "covid"]) for fold in folds
    ]
    assert len(set.union(*rare)) == 5 * 31


def test_the_default_validation_is_held_out_of_the_training_set(script):
    data = listed(PUBLISHED)
    for fold in folds_of(script, data):
        assert numbers(data.target, fold.rows.test) == [31, 6851, 4420]
        assert numbers(data.target, fold.rows.valid) == [15, 200, 163]
        together = np.concatenate(fold.rows)
        np.testing.assert_array_equal(np.sort(together), np.arange(len(data.target)))
        # Of 1,800 and 1,471 images: 1,800 / 8, 34 · 1,471 / 1,634 and (1,471 - 30) / 8.
        plan = fold.split.plan(data.target[fold.rows.train])
        assert plan.shared == {"covid": 134, "normal": 0, "pneumonia": 30}
        assert plan.per_phase == {"covid": 0, "normal": 225, "pneumonia": 180}


def test_frequent_classes_with_too_few_images_are_dealt_out(script):
    data = listed({"covid": 20, "normal": 145, "pneumonia": 140})
    for fold in folds_of(script, data, "--leaky-validation"):
        # 116 and 112 images are not left out: the parts of 8 · 250 and 8 · 200 + 34.
        plan = fold.split.plan(data.target[fold.rows.train])
        assert plan.shared == {"covid": 16, "normal": 0, "pneumonia": 2}
        assert plan.per_phase == {"covid": 0, "normal": 14, "pneumonia": 13}
        assert numbers(data.target, fold.rows.test) == [
            4,
            145 - 8 * 14,
            140 - 8 * 13 - 2,
        ]
        assert plan.n_used == len(fold.rows.train)


@pytest.mark.parametrize("leaky", [False, True])
def test_patients_stay_on_one_side(script, leaky):
    counts = {"covid": 60, "normal": 900, "pneumonia": 600}
    # Of 1 to 9 images each, also of several classes.
    groups = np.random.default_rng(0).integers(0, 400, sum(counts.values()))
    data = listed(counts, groups)
    arguments = ["--leaky-validation"] if leaky else []
    for fold in folds_of(script, data, *arguments):
        train, valid, test = (set(groups[rows]) for rows in fold.rows)
        assert not train & test
        assert not train & valid
        assert (valid <= test) if leaky else not (valid & test)
        plan = fold.split.plan(data.target[fold.rows.train])
        assert min(plan.per_phase["normal"], plan.per_phase["pneumonia"]) > 0
        assert len(fold.rows.test) > len(data.target) / 6


def test_every_network_predicts_the_test_set_of_every_fold(out, study, images):
    paths = {str(path) for path in images.glob("*/*.png")}
    for number, fold in enumerate(study["folds"], start=1):
        tested = []
        for network in NETWORKS:
            rows = predicted_rows(out, network, str(number))
            tested.append(column_of(rows, "path").tolist())
            assert all(Path(row["path"]).parent.name == row["true"] for row in rows)
            probabilities = np.column_stack(
                [column_of(rows, f"probability_{name}", float) for name in CLASSES]
            )
            np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-9)
            most_probable = np.array(CLASSES)[probabilities.argmax(axis=1)]
            np.testing.assert_array_equal(column_of(rows, "predicted"), most_probable)
        assert tested[0] == tested[1] == tested[2]
        assert len(set(tested[0])) == len(tested[0])
        assert set(tested[0]) < paths
        counts = fold["images"]
        assert len(tested[0]) == sum(counts["test"].values())
        # The rest trains or validates, unless a patient is on the other side.
        assert sum(sum(part.values()) for part in counts.values()) <= len(paths)
        for name, plan in fold["phases"]["n_rows"].items():
            assert plan == counts["train"][name]


def test_counts_and_rates_are_those_of_the_predictions(out):
    lines = {
        (row["network"], row["fold"], row["class"]): row
        for row in read_rows(out / "scores.csv")
    }
    assert len(lines) == 3 * (3 + 2) * (3 + 1)
    for network in NETWORKS:
        for fold in ("1", "2", "3"):
            rows = predicted_rows(out, network, fold)
            true, predicted = column_of(rows, "true"), column_of(rows, "predicted")
            matrix = confusion_matrix(true, predicted, labels=CLASSES)
            table = table_from_confusion(matrix, CLASSES)
            of_classes = [lines[network, fold, name] for name in CLASSES]
            counts = {
                name: [int(row[name]) for row in of_classes]
                for name in ("correct", "missed", "wrong")
            }
            assert counts["correct"] == np.diag(matrix).tolist()
            again = table_from_counts(CLASSES, **counts)
            np.testing.assert_array_equal(again.values, table.values)
            for row in of_classes:
                for rate in RATES:
                    shown = float(row[rate] or "nan")
                    expected = table[row["class"], rate]
                    assert shown == pytest.approx(expected, nan_ok=True)
            overall = float(lines[network, fold, "overall"]["accuracy"])
            assert overall == np.mean(true == predicted)


def test_means_and_deviations_are_those_of_the_folds(out):
    rows = read_rows(out / "scores.csv")
    for network in NETWORKS:
        for name in [*CLASSES, "overall"]:
            of_class = {
                row["fold"]: row
                for row in rows
                if (row["network"], row["class"]) == (network, name)
            }
            for rate in RATES if name != "overall" else ["accuracy"]:
                values = [of_class[fold][rate] for fold in ("1", "2", "3")]
                values = [float(value) for value in values if value]
                mean, sd = (of_class[what][rate] for what in ("mean", "sd"))
                if values:
                    assert float(mean) == pytest.approx(np.mean(values))
                if len(values) > 1:
                    assert float(sd) == pytest.approx(np.std(values, ddof=1), abs=1e-12)


def test_text_shows_the_scores(out):
    text = (out / "scores.txt").read_text(encoding="utf-8")
    assert "No patient is in the training and in the test part of a fold." in text
    assert "drawn from the test sets" not in text
    blocks = {
        block.split("\n")[0]: block.split("\n")[1:] for block in text.split("\n\n")
    }
    for row in read_rows(out / "scores.csv"):
        if row["class"] == "overall" or not row["fold"].isdecimal():
            continue
        rates = [f"{float(row[rate] or 'nan'):.3f}" for rate in RATES]
        cells = [
            row[name] for name in ("network", "fold", "correct", "missed", "wrong")
        ]
        shown = [line.split() for line in blocks[f"Class {row['class']}"]]
        assert [*cells, *rates] in shown


def test_each_training_keeps_its_best_epoch(study):
    trainings = study["trainings"]
    found = [(training["network"], training["fold"]) for training in trainings]
    assert found == [(name, fold) for name in NETWORKS for fold in (1, 2, 3)]
    for training in trainings:
        accuracy = training["learning_curves"]["valid_accuracy"]
        assert len(accuracy) == 2 * 2
        assert training["best_epoch"] == np.argmax(accuracy) + 1
    assert study["data"]["classes"] == {"covid": 9, "normal": 45, "pneumonia": 36}


def test_pictures_and_files(out):
    for name in ("rare_class.png", "learning_curves.png"):
        with Image.open(out / name) as image:
            assert min(image.size) > 500
            assert len(image.convert("L").getcolors()) > 20  # not an empty page
    assert {path.name for path in out.iterdir()} == {
        "learning_curves.png",
        "predictions.csv",
        "rare_class.png",
        "scores.csv",
        "scores.txt",
        "study.json",
    }


def test_picture_of_the_rare_class_has_a_point_for_each_fold(script):
    correct = {"a": (4, 0, 2), "b": (3, 1, 0), "c": (0, 2, 1)}
    scores = [
        script.Scores(
            network,
            fold,
            {},
            table_from_confusion([[n, 4 - n], [3 - n // 2, 9]], ["covid", "normal"]),
        )
        for network, of_folds in correct.items()
        for fold, n in enumerate(of_folds, start=1)
    ]
    figure = script.draw_rare_class(scores, "covid")
    for axes, rate in zip(figure.axes, ("sensitivity", "precision"), strict=True):
        shown = np.concatenate([c.get_offsets()[:, 1] for c in axes.collections[::2]])
        expected = [one.table["covid", rate] for one in scores]
        np.testing.assert_allclose(shown, expected)
        means = [c.get_segments()[0][0, 1] for c in axes.collections[1::2]]
        np.testing.assert_allclose(means, np.reshape(expected, (3, 3)).mean(axis=1))


def test_learning_curves_mark_the_phases(script, study):
    trainings = [
        script.Training(
            one["network"], one["fold"], None, one["learning_curves"], 1, 0.0
        )
        for one in study["trainings"]
    ]
    figure = script.draw_learning_curves(trainings, 2)
    for axes, name in zip(figure.axes, NETWORKS, strict=True):
        lines = {line.get_label(): line for line in axes.get_lines()}
        curves = [one.history for one in trainings if one.network == name]
        expected = np.mean([curve["valid_accuracy"] for curve in curves], axis=0)
        np.testing.assert_allclose(lines["validation"].get_ydata(), expected)
        borders = [line for line in axes.get_lines() if line.get_linestyle() == ":"]
        assert [line.get_xdata()[0] for line in borders] == [2.5]


def test_leaky_validation_says_so(script, arguments, tmp_path, capsys):
    small = [*arguments, "--folds", "2", "--epochs", "1", "--out", str(tmp_path)]
    script.main([*small, "--leaky-validation", "--pooling", "flatten"])
    printed = capsys.readouterr().out
    assert printed.index(script.LEAK) < printed.index("Fold 1:")
    assert script.LEAK in (tmp_path / "scores.txt").read_text(encoding="utf-8")


def test_a_study_goes_on_from_its_checkpoints(script, arguments, out, tmp_path):
    kept, again = tmp_path / "checkpoints", tmp_path / "again"
    resumed = [*arguments, "--checkpoint-dir", str(kept), "--out", str(again)]
    script.main(resumed)
    files = sorted(kept.iterdir())
    assert len(files) == len(NETWORKS) * 3
    files[0].unlink()  # as if the study had been killed before its last training
    before = [path.stat().st_mtime_ns for path in files[1:]]
    script.main(resumed)
    assert sorted(kept.iterdir()) == files
    assert [path.stat().st_mtime_ns for path in files[1:]] == before
    expected = (out / "predictions.csv").read_text(encoding="utf-8")
    assert (again / "predictions.csv").read_text(encoding="utf-8") == expected


def test_paper_settings(script):
    parser = script.make_parser()
    args = script.parse_args(parser, ["--paper", "--epochs", "3"])
    assert (args.backbones, args.epochs) == (["Xception", "ResNet50V2"], 3)
    args.weights = [None, None]
    networks = script.make_networks(args)
    concatenation = networks["concatenation"].get_params(deep=False)
    published = {
        "backbone": ["Xception", "ResNet50V2"],
        "batch_size": 20,
        "image_size": 300,
        "learning_rate": 1e-4,
        "body_learning_rate": 1e-4,
        "monitor": "valid_accuracy",
        "normalization": "unit",
        "optimizer": "nadam",
        "pointwise_channels": 1024,
        "pooling": "flatten",
        "trainable": "all",
    }
    assert published.items() <= concatenation.items()
    for name in ("Xception", "ResNet50V2"):
        assert networks[name].backbone == name
        assert networks[name].batch_size == 30
    assert script.parse_args(script.make_parser(), []).backbones != args.backbones


def test_synthetic_radiographs_in_the_published_proportions(script, tmp_path):
    folder = script.draw_radiographs(tmp_path / "drawn", 200, 0)
    counts = [len(list((folder / name).iterdir())) for name in CLASSES]
    assert sum(counts) == 200
    np.testing.assert_allclose(
        counts, np.array([180, 8851, 6054]) / 15085 * 200, atol=1
    )


@pytest.mark.slow
def test_trainings_at_once_give_the_same_predictions(arguments, tmp_path):
    found = []
    for n_jobs in ("1", "2"):
        out = tmp_path / n_jobs
        command = [sys.executable, SCRIPT, *arguments, "--out", out, "--jobs", n_jobs]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        subprocess.run(command, check=True, env=environment)
        found.append((out / "predictions.csv").read_text(encoding="utf-8"))
    assert found[0] == found[1]


def refused_study(script, capsys, *arguments):
    with pytest.raises(SystemExit) as exit_:
        script.main([*TINY, *map(str, arguments)])
    assert exit_.value.code == 2
    printed = capsys.readouterr()
    assert "Fold 1" not in printed.out
    return printed.err


def test_bad_settings_are_refused(script, images, tmp_path, capsys):
    out = tmp_path / "results"
    for arguments, message in [
        (["--data", tmp_path / "nowhere"], "does not exist"),
        (["--data", images, "--folds", "10"], "fewer images (9) than folds (10)"),
        (["--data", images, "--groups", "^(person)"], "finds no id for 90 of 90"),
        (["--data", images, "--groups", "^(patient)"], "fewer patients (1) than folds"),
        (["--data", images, "--phases", "50"], "are too few for 50 phases"),
        (["--data", images, "--rare", "measles"], "'measles' is none of the classes"),
        (["--weights", tmp_path / "none.pth"], "no file of weights"),
        (["--weights", "none", "none", "none"], "one for each"),
        (["--backbones", "test_resnet", "resnet51"], "no network named 'resnet51'"),
        (["--backbones", "test_resnet", "test_resnet"], "two different networks"),
        (["--trainable", "some"], "'some' is not a whole number"),
        (["--learning-rate", "0"], "'0' is not a number greater than 0"),
        (["--folds", "1"], "'1' is not a whole number from 2"),
    ]:
        error = refused_study(script, capsys, "--out", out, *arguments)
        assert message in error, arguments


def test_parts_without_a_class_are_refused(script):
    # The only two patients of a class: one is tested, the other one validates.
    counts = {"covid": 20, "normal": 300, "pneumonia": 200}
    groups = np.concatenate([np.arange(20) % 2, np.arange(2, 502)])
    with pytest.raises(ValueError, match=r"no image of \['covid'\] to train on"):
        folds_of(script, listed(counts, groups), "--folds", "2")


def test_results_that_cannot_be_kept_are_refused(script, images, tmp_path, capsys):
    taken = tmp_path / "taken"
    taken.write_text("a file")
    assert "exists" in refused_study(script, capsys, "--out", taken)
    for option in ("--out", "--checkpoint-dir"):
        inside = [option, images / "results"]
        if option != "--out":
            inside += ["--out", tmp_path / "results"]
        error = refused_study(script, capsys, "--data", images, *inside)
        assert f"Name a folder elsewhere with {option}" in error
    assert not (images / "results").exists()


def test_unreadable_images_are_named(script, tmp_path, capsys):
    drawn = make_chest_radiographs(60, image_size=32, random_state=0)
    folder = save_image_folder(drawn.images, drawn.target, tmp_path / "some")
    for name in ("broken.png", "torn.png"):
        (folder / "covid" / name).write_bytes(b"no picture")
    error = refused_study(script, capsys, "--data", folder, "--out", tmp_path / "out")
    assert "broken.png" in error
    assert "torn.png" in error
