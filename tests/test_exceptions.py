"""Errors that name what is wrong and its remedy."""

import pickle
from pathlib import Path

import pytest

from cxrclf.exceptions import NO_SUCH_FILE, ImageReadError
from cxrclf.images import read_image


def test_read_errors_show_some_and_keep_all():
    failures = {f"{i}.png": "empty" for i in range(30)}
    error = ImageReadError(failures)
    assert str(error).startswith("30 image files cannot be read")
    assert "and 10 more" in str(error)
    assert error.failures == failures


def test_read_errors_come_back_from_worker_processes():
    error = pickle.loads(pickle.dumps(ImageReadError({"a.png": "is empty"})))
    assert error.failures == {"a.png": "is empty"}
    assert str(error).startswith("1 image file cannot be read")


def test_most_files_are_missing_from_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    error = str(ImageReadError({"a/1.png": NO_SUCH_FILE, "a/2.png": NO_SUCH_FILE}))
    assert f"relative to the working folder {str(tmp_path)!r}" in error
    assert "os.path.join(folder, path)" in error
    some = {"1.png": NO_SUCH_FILE, "2.png": "is empty", "3.png": "is empty"}
    assert "working folder" not in str(ImageReadError(some))


def test_most_files_are_missing_from_a_folder_that_does_not_exist(tmp_path):
    path = str(tmp_path / "old" / "images" / "1.png")
    error = str(ImageReadError({path: NO_SUCH_FILE}))
    assert f"The folder {str(tmp_path / 'old')!r} does not exist" in error
    path = str(tmp_path / "1.png")
    assert "Check the names" in str(ImageReadError({path: NO_SUCH_FILE}))


def test_a_table_with_paths_relative_to_another_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ImageReadError, match=r"working folder .*os\.path\.join"):
        read_image(Path("images", "1.png"))


@pytest.mark.parametrize(
    ("path", "cure"),
    [
        ("~/scans/1.png", r"Pass os\.path\.expanduser\(path\)"),
        ("https://example.org/1.png", "is an address. Download the files"),
        ("ftp://example.org/1.png", "is an address"),
    ],
)
def test_paths_that_only_other_programs_understand(path, cure):
    with pytest.raises(ImageReadError, match=cure):
        read_image(path)
