"""Class folders of a folder, and what lies beside them."""

import pytest

from cxrclf.datasets._class_folders import list_class_folders

ENDINGS = (".png",)


def test_classes_and_what_is_left_out(plant):
    root = plant("b/1.png", "a/2.png", "1.png", "table.csv", ".git/x", "__MACOSX/y")
    classes, left_out = list_class_folders(root, ENDINGS)
    assert list(classes.items()) == [("a", root / "a"), ("b", root / "b")]
    assert left_out == {
        "hidden": [str(root / ".git"), str(root / "__MACOSX")],
        "beside": [str(root / "1.png"), str(root / "table.csv")],
        "repeated": [],
    }


def test_linked_classes(plant):
    root = plant("data/a/1.png", "disk/2.png")
    (root / "data" / "b").symlink_to(root / "disk")
    classes, _ = list_class_folders(root / "data", ENDINGS)
    assert list(classes) == ["a", "b"]


@pytest.mark.parametrize("target", [".", ".."])
def test_links_to_folders_above_are_no_classes(plant, target):
    root = plant("data/a/1.png", "b/2.png")
    (root / "data" / "all").symlink_to(target)
    classes, left_out = list_class_folders(root / "data", ENDINGS)
    assert list(classes) == ["a"]
    assert left_out["repeated"] == [str(root / "data" / "all")]


def test_a_linked_class_that_is_not_there(plant):
    root = plant("a/1.png")
    (root / "b").symlink_to(root / "unmounted")
    (root / "c.png").symlink_to(root / "nowhere.png")
    with pytest.raises(
        FileNotFoundError, match=r"Links that .* \(1\): .*/b'\. Connect"
    ):
        list_class_folders(root, ENDINGS)
    (root / "b").unlink()
    _, left_out = list_class_folders(root, ENDINGS)
    assert left_out["beside"] == [str(root / "c.png")]


def test_no_classes(plant):
    root = plant("covid/1.png", "covid/notes.txt")
    with pytest.raises(
        ValueError, match=r"images such as '1\.png', but .*If 'covid' is a class"
    ):
        list_class_folders(root / "covid", ENDINGS)
    with pytest.raises(ValueError, match=r"holds no class .* each class\.$"):
        list_class_folders(root / "covid", (".bmp",))
