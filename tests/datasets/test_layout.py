"""Folders of images: what counts, and where a data set is."""

import errno
import os
from pathlib import Path

import pytest

from cxrclf.datasets._layout import (
    check_extensions,
    check_folder,
    find_root,
    format_extensions,
    format_names,
    subfolders,
    unreadable_error,
)


def test_lists_are_shortened():
    assert format_names(["a", "b"]) == "'a', 'b'"
    assert format_names(list("abcdefg")) == "'a', 'b', 'c', 'd', 'e', ... and 2 more"
    assert format_names(list("abc"), 1) == "'a', ... and 2 more"


def test_extensions():
    assert check_extensions(".PNG") == (".png",)
    assert check_extensions([".png", ".dcm", ".PNG"]) == (".dcm", ".png")
    for bad in ([], ["png"], ["."], [".png", ""]):
        with pytest.raises(ValueError, match="extensions must be endings"):
            check_extensions(bad)


def test_extensions_are_formatted_for_messages():
    assert format_extensions(None) == ""
    assert format_extensions([".PNG", ".dcm"]) == " (.dcm, .png)"


def test_subfolders(plant):
    root = plant("b/2.png", "a/1.png", "c.png", ".hidden/1.png")
    assert subfolders(root) == [root / "a", root / "b"]


def test_folders_that_cannot_be_listed(plant, monkeypatch):
    root = plant("a.png")

    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(PermissionError, match=r"be read \(1\): .*Permission denied"):
        check_folder(root, "the folder")


def test_the_error_has_the_class_of_the_first_error():
    first = NotADirectoryError(errno.ENOTDIR, "Not a directory")
    error = unreadable_error({"b": first, "a": OSError(errno.EIO, "I/O error")})
    assert isinstance(error, NotADirectoryError)
    assert "'a (I/O error)', 'b (Not a directory)'" in str(error)


def test_a_folder_that_is_not_there_or_a_file(plant):
    root = plant("a.png")
    with pytest.raises(FileNotFoundError, match="does not exist .working folder"):
        check_folder(root / "b", "the folder")
    with pytest.raises(NotADirectoryError, match="is a file. Give the folder."):
        check_folder(root / "a.png", "the folder")
    assert check_folder(str(root), "the folder") == root


def is_root(folder: Path) -> bool:
    return (folder / "marker").exists()


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_the_root_is_up_to_two_levels_below(plant, depth):
    root = plant("/".join([*"ab"[:depth], "marker"]))
    assert find_root(root, is_root, "the set") == root.joinpath(*"ab"[:depth])


def test_a_root_that_is_too_deep_or_above(plant):
    root = plant("a/b/c/marker")
    with pytest.raises(ValueError, match="is not the folder of the data set"):
        find_root(root, is_root, "the set")
    (root / "a/b/c/d").mkdir()
    with pytest.raises(ValueError, match="That is .*c'"):
        find_root(root / "a/b/c/d", is_root, "the set")


def test_several_roots(plant):
    root = plant("a/marker", "b/marker")
    with pytest.raises(ValueError, match="holds several such data sets"):
        find_root(root, is_root, "the set")
