import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from cxrclf._cli.main import main
from cxrclf.datasets import make_chest_radiographs

PATIENT = r"^(p\d+)"


def write_images(folder, seed=0, n=24, prefix="p"):
    """Write one image per patient into one subfolder per class."""
    data = make_chest_radiographs(n, image_size=32, random_state=seed)
    for row, (image, label) in enumerate(zip(data.images, data.target, strict=True)):
        path = folder / str(label) / f"{prefix}{row}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return folder


@pytest.fixture
def folder(tmp_path):
    return write_images(tmp_path / "data")


def audit(folder, *arguments):
    return main(["audit", str(folder), "--cv", "3", *arguments])


@pytest.fixture
def no_search(monkeypatch):
    """Refuse the long work."""

    def find_duplicates(*_, **__):
        raise AssertionError("The search has begun.")

    monkeypatch.setattr("cxrclf.audit.find_duplicates", find_duplicates)


def test_clean_folder(folder, capsys, tmp_path):
    arguments = ["--fail-on", "leakage", "--cache-dir", str(tmp_path / "cache")]
    assert audit(folder, "--groups", PATIENT, *arguments) == 0
    captured = capsys.readouterr()
    assert "Leakage of folds by image\n====" in captured.out
    assert "Shortcuts\n=========" in captured.out
    assert "0 of 24 test images depend on training images" in captured.out
    # All reports use the same decoded files and copies.
    assert captured.err.count("decoding: 100%") == 1
    assert captured.err.count("searching: 100%") == 1


def test_copies_of_a_split_folder(tmp_path, capsys):
    write_images(tmp_path / "train")
    write_images(tmp_path / "test", seed=1, n=12, prefix="q")
    source = next((tmp_path / "train" / "covid").iterdir())
    shutil.copy(source, tmp_path / "test" / "normal" / "q99.png")
    assert audit(tmp_path, "--no-shortcuts") == 0
    text = capsys.readouterr().out
    assert "1 of 13 test images" in text
    assert "q99.png" in text
    for kind in ("leakage", "labels"):
        assert audit(tmp_path, "--no-shortcuts", "--quiet", "--fail-on", kind) == 1
    assert capsys.readouterr().out == ""


def test_patients_of_a_split_folder(tmp_path, capsys):
    write_images(tmp_path / "train")
    write_images(tmp_path / "test", seed=1, n=12)  # the same patient ids
    assert audit(tmp_path, "--no-shortcuts", "--groups", PATIENT) == 0
    text = capsys.readouterr().out
    assert "12 of 12 test images (100.0 %) are of 12 patients" in text


def test_page(folder, tmp_path, capsys):
    page = tmp_path / "audit.html"
    arguments = ["--no-shortcuts", "--quiet", "--html", str(page)]
    assert audit(folder, *arguments) == 0
    assert "Audit of" in page.read_text("utf-8")
    assert capsys.readouterr() == ("", "")
    assert audit(folder, *arguments) == 2
    assert "audit.html exists already" in capsys.readouterr().err
    assert audit(folder, *arguments, "--overwrite") == 0


def test_json(folder, capsys):
    assert audit(folder, "--no-shortcuts", "--json") == 0
    reports = json.loads(capsys.readouterr().out)["reports"]
    assert [report["title"] for report in reports] == [
        "Duplicates",
        "Leakage of folds by image",
    ]
    splits = reports[1]["tables"]["splits"]
    assert sum(splits["n_test"]) == 24


def test_planted_corner_mark(tmp_path):
    data = make_chest_radiographs(90, image_size=32, random_state=0)
    for row, (image, label) in enumerate(zip(data.images, data.target, strict=True)):
        path = tmp_path / "data" / str(label) / f"p{row}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if label == "covid":
            image[1:5, 1:5] = 255
        Image.fromarray(np.ascontiguousarray(image)).save(path)
    assert audit(tmp_path / "data", "--quiet", "--fail-on", "shortcut") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--groups", "("], "--groups '\\(' is not a regular expression: missing \\)"),
        (["--groups", "^(x)"], r"--groups '\^\(x\)' finds no id for 24 of 24 files"),
        (["--cv", "30"], "--cv 30 is more than the number of images of the class"),
        (["--cv", "1"], "--cv must be 2 or more, got 1"),
        (["--html", "."], r"\. is a folder. Pass the name of a file"),
    ],
)
@pytest.mark.usefixtures("no_search")
def test_bad_options(folder, capsys, arguments, message):
    assert audit(folder, *arguments) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("cxrclf: error: ")
    assert re.search(message, error), error


def test_unknown_patients_are_not_counted(folder, capsys):
    assert audit(folder, "--quiet", "--json") == 0
    reports = json.loads(capsys.readouterr().out)["reports"]
    text = " ".join(reports[-1]["reading"])
    assert "The probes predict 24 images. Chance" in text
    assert "No patient ids were passed." in text


def test_truncated_file(folder, capsys):
    path = next((folder / "normal").iterdir())
    path.write_bytes(path.read_bytes()[:200])
    assert audit(folder, "--no-shortcuts") == 2
    assert path.name in capsys.readouterr().err


@pytest.mark.usefixtures("no_search")
def test_one_class(tmp_path, capsys):
    write_images(tmp_path / "data")
    for name in ("normal", "pneumonia"):
        shutil.rmtree(tmp_path / "data" / name)
    assert audit(tmp_path / "data") == 2
    assert "has images of one class, covid" in capsys.readouterr().err


def test_a_folder_without_a_test_set_has_no_leakage(tmp_path, capsys):
    write_images(tmp_path / "data")
    for path in list((tmp_path / "data").glob("*/p*.png")):
        shutil.copy(path, path.with_name(f"{path.stem}_2.png"))  # the same patient
    arguments = ["--groups", PATIENT, "--no-shortcuts", "--fail-on"]
    assert audit(tmp_path / "data", *arguments, "leakage") == 0
    text = capsys.readouterr().out
    assert "The folder has no test set. If 3 folds were made by image" in text
    assert "same_patient" in text
    assert audit(tmp_path / "data", *arguments, "duplicates") == 1


def test_finished_reports_are_printed_before_an_error(folder, capsys, monkeypatch):
    def fail(*_, **__):
        raise ValueError("no shortcuts today")

    monkeypatch.setattr("cxrclf.audit.shortcut_report", fail)
    assert audit(folder) == 2
    captured = capsys.readouterr()
    assert "Leakage of folds by image" in captured.out
    assert captured.err.endswith("cxrclf: error: no shortcuts today\n")


def test_last_lines_are_a_summary(folder, tmp_path, capsys):
    page = tmp_path / "audit.html"
    assert audit(folder, "--no-shortcuts", "--html", str(page)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == ["Findings: none", f"Written: {page}"]


def test_validation_set_without_a_test_set(tmp_path, capsys):
    write_images(tmp_path / "train")
    write_images(tmp_path / "val", seed=1, n=12)
    assert audit(tmp_path, "--no-shortcuts") == 0
    assert "0 of 12 test images" in capsys.readouterr().out
    write_images(tmp_path / "test", seed=2, n=9)
    assert audit(tmp_path, "--no-shortcuts") == 0
    assert "0 of 9 test images" in capsys.readouterr().out
