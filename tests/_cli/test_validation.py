import shutil
from pathlib import Path

import numpy as np
import pytest

from cxrclf._cli.validation import split_validation
from cxrclf.datasets import load_image_folder


@pytest.fixture
def copied(radiograph_files, tmp_path):
    """Images, with a copy of an image under the name of a new patient."""
    names = []
    for path, label in zip(
        radiograph_files.data[:, 0], radiograph_files.target, strict=True
    ):
        new = tmp_path / label / Path(path).name
        new.parent.mkdir(exist_ok=True)
        names.append(shutil.copy(path, new))
    copies = [
        shutil.copy(name, name.parent / f"patient{100 + number}_00.png")
        for number, name in enumerate(names[::5])
    ]
    pairs = dict(zip(map(str, copies), map(str, names[::5]), strict=True))
    return load_image_folder(tmp_path, groups=r"^(patient\d+)"), pairs


@pytest.mark.parametrize("seed", range(3))
def test_patients_and_copies_are_on_one_side(copied, seed):
    data, pairs = copied
    train, valid = split_validation(data, 0.3, seed=seed)
    assert sorted([*train, *valid]) == list(range(len(data.target)))
    side = dict.fromkeys(data.data[train, 0], "train")
    side |= dict.fromkeys(data.data[valid, 0], "valid")
    assert {side[copy] == side[name] for copy, name in pairs.items()} == {True}
    assert not set(data.groups[train]) & set(data.groups[valid])
    assert set(data.target[train]) == set(data.target[valid])
    assert len(valid) == pytest.approx(len(data.target) / 3, abs=4)


def test_images_without_patients(radiograph_files):
    data = load_image_folder(Path(radiograph_files.data[0, 0]).parents[1])
    train, valid = split_validation(data, 0.2, seed=0)
    assert (len(train), len(valid)) == (24, 6)
    train, valid = split_validation(data, 0, seed=0)
    assert (len(train), len(valid)) == (30, 0)


def test_too_few_images(radiograph_files):
    data = load_image_folder(Path(radiograph_files.data[0, 0]).parents[1])
    with pytest.raises(ValueError, match="one image in 20, but the class covid has 10"):
        split_validation(data, 0.05, seed=0)
    data.groups = np.array(["one"] * 10 + [f"p{row}" for row in range(20)])
    with pytest.raises(ValueError, match="with the class covid are on one side"):
        split_validation(data, 0.5, seed=0)
    data.target[:] = "covid"
    with pytest.raises(ValueError, match="There is one class only, covid"):
        split_validation(data, 0.5, seed=0)
