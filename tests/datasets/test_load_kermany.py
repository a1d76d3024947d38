import re
from collections import Counter
from pathlib import Path

import pytest

from cxrclf.datasets import load_image_folder, load_kermany

KAGGLE = (
    "train/NORMAL/IM-0115-0001.jpeg",
    "train/NORMAL/IM-0429-0001-0002.jpeg",
    "train/NORMAL/NORMAL2-IM-0429-0001.jpeg",
    "train/PNEUMONIA/person1_bacteria_1.jpeg",
    "train/PNEUMONIA/person1_bacteria_2.jpeg",
    "train/PNEUMONIA/person447_virus_921_1.jpeg",
    "val/NORMAL/NORMAL2-IM-1427-0001.jpeg",
    "val/PNEUMONIA/person1946_bacteria_4874.jpeg",
    "test/NORMAL/IM-0001-0001.jpeg",
    "test/PNEUMONIA/person1_virus_6.jpeg",
)
THIRD = (
    "train/NORMAL/NORMAL-28501-0001.jpeg",
    "train/PNEUMONIA/BACTERIA-213622-0001.jpeg",
    "train/PNEUMONIA/VIRUS-213622-0002.jpeg",
    "test/NORMAL/NORMAL-11419-0001.jpeg",
    "test/PNEUMONIA/VIRUS-1056329-0001.jpeg",
)
IDS = (
    *("IM-0115", "IM-0429", "NORMAL2-IM-0429"),
    *("person1_bacteria", "person1_bacteria", "person447_virus"),
    *("NORMAL2-IM-1427", "person1946_bacteria", "IM-0001", "person1_virus"),
)


@pytest.fixture
def kaggle(plant):
    return plant(*(f"chest_xray/{name}" for name in KAGGLE)) / "chest_xray"


def names(data, root):
    return [Path(path).relative_to(root).as_posix() for path in data.data[:, 0]]


def test_parts_classes_and_patients(kaggle):
    data = load_kermany(kaggle)
    assert names(data, kaggle) == list(KAGGLE)
    assert data.split.tolist() == [name.split("/")[0] for name in KAGGLE]
    assert data.target.tolist() == [name.split("/")[1].lower() for name in KAGGLE]
    assert data.target_names == ["normal", "pneumonia"]
    assert data.groups.tolist() == list(IDS)
    assert data.frame is None
    assert data.left_out == {}
    text = " ".join(data.DESCR.split())
    assert text == (
        f"10 radiographs of 9 patients in {kaggle}. Images per class: 'normal' 5, "
        "'pneumonia' 5. Images per part: 'test' 2, 'train' 6, 'val' 2. The published "
        "data set has 5856 images."
    )


def test_subtypes(kaggle):
    data = load_kermany(kaggle, subtypes=True)
    assert data.target_names == ["bacteria", "normal", "virus"]
    assert data.target.tolist() == [
        *("normal", "normal", "normal", "bacteria", "bacteria", "virus"),
        *("normal", "bacteria", "normal", "virus"),
    ]
    assert data.groups.tolist() == list(IDS)


def test_third_version_beside_the_other_data_of_its_archive(plant):
    plant("CellData/OCT/train/CNV/CNV-1016042-1.jpeg", "CellData/OCT/test/CNV/x.jpeg")
    root = plant(*(f"CellData/chest_xray/{name}" for name in THIRD))
    data = load_kermany(root, subtypes=True)
    assert names(data, root / "CellData" / "chest_xray") == list(THIRD)
    assert data.target.tolist() == ["normal", "bacteria", "virus", "normal", "virus"]
    assert data.groups.tolist() == ["28501", "213622", "213622", "11419", "1056329"]
    assert data.split.tolist() == ["train"] * 3 + ["test"] * 2


def test_one_part_without_a_split(kaggle):
    data = load_kermany(kaggle / "train")
    assert data.split is None
    assert names(data, kaggle) == list(KAGGLE[:6])
    assert data.groups.tolist() == list(IDS[:6])
    assert "per part" not in data.DESCR
    assert "published" not in data.DESCR


def test_names_of_folders_in_lower_case(plant):
    root = plant("normal/IM-0115-0001.jpeg", "pneumonia/person1_virus_6.jpeg")
    data = load_kermany(root)
    assert data.target.tolist() == ["normal", "pneumonia"]
    assert data.split is None


def test_second_copy_in_the_archive_of_kaggle(kaggle, plant):
    plant(*(f"chest_xray/chest_xray/{name}" for name in KAGGLE))
    plant("chest_xray/__MACOSX/train/NORMAL/._IM-0115-0001.jpeg")
    plant("chest_xray/train/.DS_Store", "chest_xray/test/NORMAL/Thumbs.db")
    for folder in (kaggle, kaggle.parent):
        data = load_kermany(folder)
        assert names(data, kaggle) == list(KAGGLE)
        assert data.left_out["beside"] == [str(kaggle / "chest_xray")]
        assert len(data.left_out["hidden"]) == 3


def test_frame(kaggle):
    pytest.importorskip("pandas")
    data = load_kermany(kaggle, as_frame=True)
    assert data.frame.columns.tolist() == ["path", "target", "split", "group"]
    assert data.data.columns.tolist() == ["path"]
    plain = load_kermany(kaggle / "test", as_frame=True)
    assert plain.frame.columns.tolist() == ["path", "target", "group"]


def test_patients_in_two_parts_are_named(kaggle, plant):
    plant("chest_xray/test/PNEUMONIA/person1_bacteria_3.jpeg")
    text = " ".join(load_kermany(kaggle).DESCR.split())
    assert "Patients in more than one part (1): 'person1_bacteria'." in text


@pytest.mark.parametrize("part", ["train", "test"])
def test_a_missing_part(kaggle, part):
    (kaggle / part).rename(kaggle.parent / part)
    found = {"train": "'test', 'val'", "test": "'train', 'val'"}[part]
    with pytest.raises(ValueError, match=f"'train' and .* 'test'; found {found}"):
        load_kermany(kaggle)


def test_without_the_part_of_kaggle(kaggle):
    (kaggle / "val").rename(kaggle.parent / "elsewhere")
    assert sorted(set(load_kermany(kaggle).split)) == ["test", "train"]


def test_a_missing_class(kaggle):
    (kaggle / "test" / "NORMAL").rename(kaggle.parent / "NORMAL")
    with pytest.raises(
        ValueError, match=r"test' must hold .* only; 'normal' is missing\."
    ):
        load_kermany(kaggle)


def test_another_data_set_with_the_same_classes(kaggle, plant):
    plant("chest_xray/train/COVID/1.jpeg")
    with pytest.raises(ValueError, match="only; not expected: 'COVID'"):
        load_kermany(kaggle)
    root = plant("other/normal/1.jpeg", "other/pneumonia/2.jpeg") / "other"
    with pytest.raises(ValueError, match=r"'normal' in .*other names \(1\)"):
        load_kermany(root)


def test_a_class_without_images(kaggle):
    (kaggle / "val" / "NORMAL" / "NORMAL2-IM-1427-0001.jpeg").unlink()
    with pytest.raises(ValueError, match="No image in 'val.NORMAL'"):
        load_kermany(kaggle)


def test_names_of_the_other_class_and_of_copies(kaggle, plant):
    for name in ("train/PNEUMONIA/IM-0117-0001.jpeg", "val/PNEUMONIA/x (1).jpeg"):
        plant(f"chest_xray/{name}")
    with pytest.raises(ValueError, match=r"other names \(2\)") as caught:
        load_kermany(kaggle)
    assert "IM-0117-0001.jpeg" in str(caught.value)
    assert "x (1).jpeg" in str(caught.value)
    assert "person1_bacteria_1" in str(caught.value)


@pytest.mark.parametrize(
    "copy", ["test/NORMAL/IM-0115-0001.jpeg", "train/NORMAL/IM-0115-0001.png"]
)
def test_a_name_that_occurs_twice(kaggle, plant, copy):
    plant(f"chest_xray/{copy}")
    with pytest.raises(ValueError, match=r"more than once .*\(1\)") as caught:
        load_kermany(kaggle)
    assert str(Path(copy)) in str(caught.value)


def test_folders_that_are_not_the_data_set(kaggle, plant):
    with pytest.raises(ValueError, match=r"holds train and test.*That is '.*train'"):
        load_kermany(kaggle / "train" / "NORMAL")
    with pytest.raises(ValueError, match="is not the folder of the data set"):
        load_kermany(plant("images/1.png") / "images")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        load_kermany(kaggle / "nowhere")
    with pytest.raises(NotADirectoryError, match="is a file"):
        load_kermany(kaggle / KAGGLE[0])


def test_two_such_data_sets(kaggle, plant):
    root = plant(*(f"copy/{name}" for name in KAGGLE))
    with pytest.raises(ValueError, match="several such data sets"):
        load_kermany(root)


def test_training_part_of_real_radiographs():
    folder = Path(__file__).parents[2].parent / "shared" / "data" / "kermany-train"
    if not folder.is_dir():
        pytest.skip("real radiographs (../shared/data/kermany-train) are not here")
    data = load_kermany(folder, subtypes=True)
    # The numbers of normal images and of pneumonia (3,875) are published.
    assert Counter(data.target.tolist()) == {
        "bacteria": 2530,
        "normal": 1341,
        "virus": 1345,
    }
    groups = r"^(person\d+_[a-z]+|(?:NORMAL2-)?IM-\d+)-?"
    plain = load_image_folder(folder, groups=groups)
    assert data.data.tolist() == plain.data.tolist()
    assert data.groups.tolist() == plain.groups.tolist()
    # The parts of the published split have their own numbers for each cause.
    numbers = {
        cause: {int(re.findall(r"\d+", group)[0]) for group in data.groups[rows]}
        for cause in ("bacteria", "virus")
        for rows in [data.target == cause]
    }
    assert not numbers["bacteria"] & set(range(78, 176))
    assert min(numbers["virus"]) == 80
    assert max(numbers["virus"]) == 1609
