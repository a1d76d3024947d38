"""Errors and warnings of the library, as the commands print them."""

import os
import re

import pytest

from cxrclf._cli.main import main
from cxrclf._cli.wording import use_options
from cxrclf.exceptions import ImageReadError

# Parameters, functions and classes of Python that a command does not have.
PYTHON = re.compile(
    r"label_map|callable|save\(\)|`|\w=\.\.\.|\bload_\w+\(|\bgroups=|\by "
)


@pytest.fixture
def run(capsys, tmp_path):
    """Run a command that fails, and return its error or its warnings."""

    def call(*arguments, command="train"):
        extra = () if command == "audit" else ("--out", str(tmp_path / "out"))
        assert main([command, *map(str, arguments), *extra]) == 2
        error = " ".join(capsys.readouterr().err.split())
        assert not PYTHON.search(error)
        return error

    return call


@pytest.fixture
def folder(radiograph_files):
    return os.path.dirname(os.path.dirname(radiograph_files.data[0, 0]))


def test_patterns_of_patients(run, folder):
    error = run(folder, "--groups", r"^p\d+$")
    assert r"error: --groups '^p\d+$' finds no id for 30 of 30 files" in error
    assert "or end it with |.+ to count each other file as a patient" in error
    error = run(folder, "--groups", r"(\d", command="audit")
    assert r"--groups '(\d' is not a regular expression" in error


def test_a_split_folder(run, folder, tmp_path):
    (tmp_path / "split").mkdir()
    (tmp_path / "split" / "train").symlink_to(folder)
    error = run(tmp_path / "split")
    assert f"Pass one part, such as {str(tmp_path / 'split' / 'train')!r}" in error


def test_a_folder_without_a_model(run, tmp_path):
    error = run(tmp_path, "a.png", command="predict")
    assert "model.json is missing. Pass the folder of a saved model." in error


@pytest.mark.filterwarnings("always")
def test_files_of_other_types(run, tmp_path):
    for name in ("a", "b"):
        (tmp_path / "data" / name).mkdir(parents=True)
        (tmp_path / "data" / name / "1.heic").touch()
    (tmp_path / "data" / "a" / "1.png").touch()
    error = run(tmp_path / "data")
    assert "convert them to PNG. cxrclf: error: No image" in error
    assert error.endswith("Remove folders that are no classes.")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["covid=covid"], "The folders have the classes ['covid'], and study "),
        (["NORMAL=normal"], "--label names ['NORMAL'], and the folders are ['covid', "),
    ],
)
def test_classes_of_a_study(run, folder, labels, message):
    options = [part for label in labels for part in ("--label", label)]
    error = run("makris2020", "--data", folder, *options, command="study")
    assert message in error


def test_renamed_classes_of_a_study(run, tmp_path, radiograph_files):
    for name, path in zip(
        ("Covid", "NORMAL"), radiograph_files.data[:2, 0], strict=True
    ):
        (tmp_path / "data" / name).mkdir(parents=True)
        (tmp_path / "data" / name / "1.png").symlink_to(path)
    error = run("makris2020", "--data", tmp_path / "data", command="study")
    assert error.endswith("Pass --label FOLDER=CLASS to rename classes.")


def test_other_messages():
    many = ImageReadError({f"{number}.png": "damaged" for number in range(30)})
    assert use_options(str(many)).endswith("... and 10 more")
    for path in ("a.png", "~/a.png"):
        text = use_options(str(ImageReadError({path: "no such file"})))
        assert "older" in text
        assert "os.path" not in text
    text = (
        "Class 'a': Rename the classes of y, or pass a label_map to the run of a study."
    )
    assert (
        use_options(text) == "Class 'a': Pass --label FOLDER=CLASS to rename classes."
    )
    assert use_options("A text of another kind.") == "A text of another kind."
