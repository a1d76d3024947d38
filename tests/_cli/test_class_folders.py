import shutil
from pathlib import Path

import pytest

from cxrclf._cli.class_folders import join_folders, load_class_folder

PATIENT = r"^(patient\d+)"


@pytest.fixture
def folder(radiograph_files):
    return Path(radiograph_files.data[0, 0]).parents[1]


def test_a_folder_that_is_not_split(folder, radiograph_files):
    train, test = load_class_folder(folder, PATIENT)
    assert test is None
    assert train.data.tolist() == radiograph_files.data.tolist()
    assert train.groups.tolist() == radiograph_files.groups.tolist()


def test_parts_of_a_split(folder, tmp_path):
    def names(bunch):
        return sorted({Path(path).parts[-3] for path in bunch.data[:, 0]})

    for name in ("Train", "val"):
        shutil.copytree(folder, tmp_path / name)
    train, test = load_class_folder(tmp_path)
    assert (names(train), names(test)) == (["Train"], ["val"])
    shutil.copytree(folder, tmp_path / "test")
    train, test = load_class_folder(tmp_path)
    assert (names(train), names(test)) == (["Train", "val"], ["test"])
    assert (len(train.target), len(test.target)) == (60, 30)
    assert train.groups is None


def test_joined_folders(folder):
    train, _ = load_class_folder(folder, PATIENT)
    joined = join_folders([train, train])
    assert joined.data.shape == (60, 1)
    assert joined.target.tolist() == [*train.target, *train.target]
    assert joined.groups.tolist() == [*train.groups, *train.groups]
    assert joined.DESCR.split(train.DESCR) == ["", "\n", ""]
    assert join_folders([train]) is train
