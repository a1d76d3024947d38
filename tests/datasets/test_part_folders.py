import pytest

from cxrclf.datasets._part_folders import (
    check_part_images,
    has_part_folders,
    list_part_folders,
)

PARTS, CLASSES = ("train", "test"), ("covid", "normal", "pneumonia")


@pytest.fixture
def root(plant):
    return plant(
        *(f"{part}/{name}/1.png" for part in ("Test", "train") for name in CLASSES),
        *("notes.txt", "other/1.png"),
    )


def test_parts_and_classes(root):
    folders, left_out = list_part_folders(root, PARTS, {"train"}, CLASSES)
    assert list(folders) == [(part, name) for part in PARTS for name in CLASSES]
    assert folders["test", "covid"] == root / "Test" / "covid"
    assert left_out["beside"] == [str(root / "notes.txt"), str(root / "other")]
    assert has_part_folders(root, PARTS, CLASSES)


def test_classes_without_parts(root):
    folders, _ = list_part_folders(root / "train", PARTS, {"train"}, CLASSES)
    assert list(folders) == [(None, name) for name in CLASSES]
    assert has_part_folders(root / "train", PARTS, CLASSES)
    assert not has_part_folders(root / "train" / "covid", PARTS, CLASSES)


def test_missing_parts_and_classes(root, plant):
    with pytest.raises(ValueError, match="must hold one folder 'val'; found"):
        list_part_folders(root, (*PARTS, "val"), {"val"}, CLASSES)
    message = "must hold the folders 'covid', 'normal' and 'tb' only; 'tb' is missing; "
    message += "not expected: 'pneumonia'"
    with pytest.raises(ValueError, match=message):
        list_part_folders(root, PARTS, {"train"}, ("covid", "normal", "tb"))
    plant("train/tb/1.png")
    with pytest.raises(ValueError, match="only; not expected: 'tb'"):
        list_part_folders(root, PARTS, {"train"}, CLASSES)


def test_class_folders_without_images(root):
    folders, _ = list_part_folders(root, PARTS, set(), CLASSES)
    files = {key: ["1.png"] for key in folders}
    check_part_images(root, folders, files)
    files["test", "normal"] = []
    with pytest.raises(ValueError, match=r"No image in 'Test.normal'"):
        check_part_images(root, folders, files)
