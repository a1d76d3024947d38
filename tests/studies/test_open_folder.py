"""A folder has the results of one study only."""

import json
import re

import pytest

from cxrclf.studies._fit_result import write_json
from cxrclf.studies._open_folder import open_folder
from cxrclf.studies._study_results import _KEYS

X = [[[0] * 8] * 8] * 3


def describe(**changes):
    description = dict.fromkeys(sorted(_KEYS), "same")
    return description | {"networks": {"A": 1}, "seconds": 5.0} | changes


def complete(folder):
    """Write the last file of a training."""
    write_json(folder / "fits" / "A" / "fold-1" / "fit.json", {})


def test_a_new_folder_has_the_description(tmp_path):
    folder = open_folder(tmp_path / "deep" / "out", X, describe())
    assert json.loads((folder / "study.json").read_text()) == describe()


def test_networks_and_seconds_of_earlier_runs_are_added(tmp_path):
    open_folder(tmp_path, X, describe())
    new = describe(networks={"B": 2}, seconds=0.0)
    open_folder(tmp_path, X, new)
    assert new["networks"] == {"A": 1, "B": 2}
    assert new["seconds"] == 5.0
    # The run writes the file after it has checked the complete trainings.
    assert json.loads((tmp_path / "study.json").read_text()) == describe()


@pytest.mark.parametrize("key", ["name", "faithful", "scheme", "cv", "validation"])
def test_the_results_of_another_study_are_refused(tmp_path, key):
    open_folder(tmp_path, X, describe())
    complete(tmp_path)
    with pytest.raises(ValueError, match=f"their {key} is 'same', and now 'other'"):
        open_folder(tmp_path, X, describe(**{key: "other"}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": 4}, "of 3 images, and now of 4. Name"),
        ({"patients": None}, "of 2 patients, and now of unknown. Name"),
        ({"classes": {"b": 3}}, "classes are {'a': 3}, and now {'b': 3}. Name"),
        ({"fingerprint": "y"}, "of other images, classes or patients. Name"),
    ],
)
def test_other_data_are_described_in_words(tmp_path, change, message):
    data = {"images": 3, "patients": 2, "classes": {"a": 3}, "fingerprint": "x"}
    open_folder(tmp_path, X, describe(data=data))
    complete(tmp_path)
    with pytest.raises(ValueError, match=re.escape(message)):
        open_folder(tmp_path, X, describe(data=data | change))


def test_a_run_without_results_can_be_corrected(tmp_path):
    open_folder(tmp_path, X, describe(cv="5"))
    write_json(tmp_path / "audit.json", [])  # of the folds before
    new = describe(cv="2", networks={"B": 2})
    open_folder(tmp_path, X, new)
    assert json.loads((tmp_path / "study.json").read_text()) == new
    assert not (tmp_path / "audit.json").exists()


def test_results_of_other_versions_are_a_warning(tmp_path):
    open_folder(tmp_path, X, describe(versions={"torch": "1"}))
    with pytest.warns(UserWarning, match=r"of other versions: {'torch': '1'}"):
        open_folder(tmp_path, X, describe(versions={"torch": "2"}))


def test_other_files_are_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="has other files"):
        open_folder(tmp_path, X, describe())
    with pytest.raises(NotADirectoryError, match="is a file. Name a folder"):
        open_folder(tmp_path / "notes.txt", X, describe())


def test_what_a_killed_run_left_is_not_in_the_way(tmp_path):
    # The name of a temporary file of replace_file.
    (tmp_path / f".study.json.cxrclf-{'0' * 16}").write_text("{")
    open_folder(tmp_path, X, describe())
    assert [path.name for path in tmp_path.iterdir()] == ["study.json"]


@pytest.mark.parametrize("parent", ["covid", "covid/../covid"])
def test_a_folder_of_images_is_refused(tmp_path, parent):
    (tmp_path / "covid").mkdir()
    paths = [str(tmp_path / "covid" / "1.png")]
    with pytest.raises(ValueError, match="is a folder of the images"):
        open_folder(tmp_path / parent, paths, describe())
    inside = open_folder(tmp_path / "covid" / "results", paths, describe())
    assert inside.is_dir()


def test_a_file_that_is_no_description_changes_nothing(tmp_path):
    write_json(tmp_path / "study.json", {"name": "of another program"})
    with pytest.raises(ValueError, match="another version of cxrclf wrote it"):
        open_folder(tmp_path, X, describe())
