import csv
import io
import json
import os
import re

import numpy as np
import pytest

from cxrclf import CXRClassifier
from cxrclf._cli.main import main
from cxrclf.metrics import Predictions
from dicom_files import dicom, written


def predict(saved_model, *arguments):
    return main(["predict", str(saved_model), *map(str, arguments)])


def read_table(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def expected(saved_model, scans):
    return CXRClassifier.load(saved_model).predict_proba(scans.paths)


def test_the_table_is_printed_in_full_precision(saved_model, scans, expected, capsys):
    assert predict(saved_model, scans.folder) == 0
    rows = read_table(capsys.readouterr().out)
    assert [row["path"] for row in rows] == scans.paths
    classes = ["covid", "normal", "pneumonia"]
    assert list(rows[0]) == ["path", "y_pred", *(f"score_{name}" for name in classes)]
    scores = np.array([[row[f"score_{name}"] for name in classes] for row in rows])
    np.testing.assert_array_equal(scores.astype(expected.dtype), expected)
    assert [row["y_pred"] for row in rows] == [
        classes[column] for column in expected.argmax(axis=1)
    ]


def test_a_file_of_predictions(saved_model, scans, expected, tmp_path, capsys):
    path = tmp_path / "new" / "p.csv"
    assert predict(saved_model, scans.folder, "--out", path) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("3 images: covid ")
    assert sum(map(int, re.findall(r" (\d+)", lines[0].partition(":")[2]))) == 3
    assert lines[1] == f"Written: {path}"
    # With the true classes, the table is a file of the library.
    header, *rows = path.read_text("utf-8").splitlines()
    labeled = [f'{header},"y_true"', *(f'{row},"covid"' for row in rows)]
    path.write_text("\n".join(labeled), "utf-8")
    predictions = Predictions.from_csv(path)
    np.testing.assert_array_equal(predictions.y_score.astype(expected.dtype), expected)


def test_json(saved_model, scans, expected, capsys):
    assert predict(saved_model, scans.folder, "--json") == 0
    values = json.loads(capsys.readouterr().out)
    assert values["classes"] == ["covid", "normal", "pneumonia"]
    assert values["failures"] == {}
    assert [row["path"] for row in values["predictions"]] == scans.paths
    found = [list(row["scores"].values()) for row in values["predictions"]]
    np.testing.assert_array_equal(np.array(found, expected.dtype), expected)


def test_unreadable_files_are_named(saved_model, scans, expected, capsys):
    (scans.folder / "b" / "damaged.png").write_bytes(b"no image")
    assert predict(saved_model, scans.folder, "missing.png", "--json") == 1
    captured = capsys.readouterr()
    values = json.loads(captured.out)
    assert [row["path"] for row in values["predictions"]] == scans.paths
    assert list(map(os.path.basename, values["failures"])) == [
        "damaged.png",
        "missing.png",
    ]
    assert "2 of 5 files cannot be read and are left out:" in captured.err
    assert "  missing.png: no such file\n" in captured.err
    found = [list(row["scores"].values()) for row in values["predictions"]]
    np.testing.assert_array_equal(np.array(found, expected.dtype), expected)


def test_fail_fast(saved_model, scans, capsys, tmp_path):
    out = ["--out", tmp_path / "p.csv"]
    assert predict(saved_model, scans.folder, "missing.png", "--fail-fast", *out) == 2
    assert "1 image file cannot be read" in capsys.readouterr().err
    assert not (tmp_path / "p.csv").exists()


@pytest.mark.parametrize("form", ["--quiet", "--json"])
def test_no_readable_file_is_an_error(saved_model, capsys, tmp_path, form):
    (tmp_path / "damaged.png").write_bytes(b"no image")
    files = ["nowhere", tmp_path / "damaged.png"]
    assert predict(saved_model, *files, "--out", tmp_path / "p.csv", form) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "error: 2 image files cannot be read" in captured.err
    assert "  nowhere: no such file\n" in captured.err
    assert not (tmp_path / "p.csv").exists()


def test_one_image(saved_model, scans, capsys, tmp_path):
    out = tmp_path / "p.csv"
    assert predict(saved_model, scans.paths[0], "--out", out) == 0
    assert capsys.readouterr().out.startswith("1 image: covid ")


def test_dicom_is_predicted_as_the_same_pixels(saved_model, scans, tmp_path, capsys):
    pixels = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)
    inverted = dicom(4095 - pixels, bits=12, PhotometricInterpretation="MONOCHROME1")
    paths = [
        written(tmp_path, dicom(pixels, bits=12), "a.dcm"),
        written(tmp_path, inverted, "b.dcm"),
    ]
    assert predict(saved_model, *paths, "--quiet", "--json") == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    first, second = json.loads(captured.out)["predictions"]
    assert first["scores"] == pytest.approx(second["scores"], abs=1e-6)


def test_no_long_work_before_the_checks(scans, tmp_path, capsys, saved_model):
    (tmp_path / "p.csv").touch()
    assert predict("no/model", scans.folder, "--out", tmp_path / "p.csv") == 2
    assert "p.csv exists already" in capsys.readouterr().err
    assert predict("no/model", scans.folder) == 2
    assert "no/model holds no saved model" in capsys.readouterr().err.replace("\\", "/")
    assert predict(saved_model, tmp_path / "none*.png") == 2
    assert "No file matches" in capsys.readouterr().err
