"""Files below a folder: links, circles and folders that cannot be listed."""

import errno
import os
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from cxrclf.datasets._folder_tree import FolderTree, is_above, is_data


def link(path, target):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def below(root, paths):
    return sorted(Path(path).relative_to(root).as_posix() for path in paths)


@pytest.mark.parametrize("name", [".DS_Store", "__MACOSX", "Thumbs.db", ".git"])
def test_litter_is_no_data(name):
    assert not is_data(name)
    assert is_data(f"scan{name}")


def test_files_in_all_real_folders(plant):
    root = plant("a/b/1.png", "a/2.txt", "3.png", "a/.4.png", "__MACOSX/5.png")
    tree = FolderTree(root)
    assert below(root, tree.files) == ["3.png", "a/2.txt", "a/b/1.png"]
    assert below(root, tree.hidden) == ["__MACOSX", "a/.4.png"]
    assert tree.files[str(root / "3.png")] == os.stat(root / "3.png").st_ino


def test_paths_are_those_of_pathlib(plant, monkeypatch):
    root = plant("c/a/1.png")
    monkeypatch.chdir(root / "c")
    assert list(FolderTree(".").files) == [str(Path(".", "a", "1.png"))]
    assert list(FolderTree("../c/").files) == [str(Path("..", "c", "a", "1.png"))]


def test_links_to_folders_and_files_are_followed(plant):
    root = plant("c/1.png", "disk/x/2.png", "disk/3.png", "pool/.store/4.png")
    link(root / "c" / "more", root / "disk")
    link(root / "c" / "5.png", root / "disk" / "3.png")
    link(root / "c" / "hidden_store", root / "pool" / ".store")
    tree = FolderTree(root / "c")
    assert below(root / "c", tree.files) == [
        *("1.png", "5.png", "hidden_store/4.png", "more/3.png", "more/x/2.png")
    ]
    assert tree.files[str(root / "c" / "5.png")] is None
    assert not tree.repeated


def test_a_link_in_a_linked_folder_is_followed(plant):
    root = plant("c/1.png", "one/2.png", "two/3.png")
    link(root / "c" / "one", root / "one")
    link(root / "one" / "two", root / "two")
    assert below(root / "c", FolderTree(root / "c").files) == [
        *("1.png", "one/2.png", "one/two/3.png")
    ]


@pytest.mark.parametrize("target", [".", "..", "../..", "sub", "sub/deep"])
def test_circles_are_not_followed(plant, target):
    root = plant("data/c/1.png", "data/c/sub/deep/2.png", "data/other/3.png")
    folder = root / "data" / "c"
    link(folder / "sub" / "circle", folder / target)
    tree = FolderTree(folder)
    assert below(folder, tree.files) == ["1.png", "sub/deep/2.png"]
    assert below(folder, tree.repeated) == ["sub/circle"]


def test_a_folder_behind_two_links_is_listed_once(plant):
    root = plant("c/1.png", "disk/2.png")
    link(root / "c" / "b", root / "disk")
    link(root / "c" / "a", root / "disk")
    tree = FolderTree(root / "c")
    assert below(root / "c", tree.files) == ["1.png", "a/2.png"]
    assert below(root / "c", tree.repeated) == ["b"]


def test_a_real_folder_goes_before_a_link_to_it(plant):
    root = plant("c/z/1.png")
    link(root / "c" / "a", root / "c" / "z")
    tree = FolderTree(root / "c")
    assert below(root / "c", tree.files) == ["z/1.png"]
    assert below(root / "c", tree.repeated) == ["a"]


def test_links_between_two_linked_folders(plant):
    root = plant("c/1.png", "one/2.png", "two/3.png")
    link(root / "c" / "one", root / "one")
    link(root / "one" / "two", root / "two")
    link(root / "two" / "one", root / "one")
    tree = FolderTree(root / "c")
    assert below(root / "c", tree.files) == ["1.png", "one/2.png", "one/two/3.png"]
    assert below(root / "c", tree.repeated) == ["one/two/one"]


def test_a_linked_root(plant):
    root = plant("disk/1.png")
    link(root / "c", root / "disk")
    assert below(root / "c", FolderTree(root / "c").files) == ["1.png"]


def test_links_to_nothing_and_to_each_other(plant):
    root = plant("c/1.png")
    link(root / "c" / "lost.png", root / "nowhere.png")
    link(root / "c" / "a", root / "c" / "b")
    link(root / "c" / "b", root / "c" / "a")
    tree = FolderTree(root / "c")
    assert below(root / "c", tree.broken) == ["a", "b", "lost.png"]
    assert below(root / "c", tree.files) == ["1.png"]


def test_folders_that_cannot_be_listed(plant, monkeypatch):
    root = plant("c/1.png", "c/closed/2.png", "c/open/3.png")
    scandir = os.scandir

    def refuse(path):
        if Path(path).name == "closed":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    tree = FolderTree(root / "c")
    assert below(root / "c", tree.errors) == ["closed"]
    assert below(root / "c", tree.files) == ["1.png", "open/3.png"]


def test_a_link_into_a_closed_folder(plant, monkeypatch):
    root = plant("c/1.png", "closed/2.png")
    link(root / "c" / "2.png", root / "closed" / "2.png")
    stat = os.stat

    def refuse(path, **kwargs):
        if Path(path).name == "2.png":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return stat(path, **kwargs)

    monkeypatch.setattr(os, "stat", refuse)
    assert below(root / "c", FolderTree(root / "c").errors) == ["2.png"]


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs Unix sockets")
def test_sockets_are_no_files(plant, monkeypatch):
    root = plant("c/1.png")
    monkeypatch.chdir(root / "c")  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.png")
        link(root / "c" / "t.png", "s.png")
        tree = FolderTree(root / "c")
    assert below(root / "c", tree.files) == ["1.png"]
    assert below(root / "c", tree.special) == ["s.png", "t.png"]


def test_folders_of_masks(plant):
    root = plant("c/1.png", "c/masks/2.png", "disk/3.png")
    link(root / "c" / "masks2", root / "disk")
    tree = FolderTree(root / "c", lambda name: name.startswith("masks"))
    assert below(root / "c", tree.files) == ["1.png"]
    assert below(root / "c", tree.masks) == ["masks", "masks2"]


def test_folders_above(plant):
    root = plant("a/b/c/1.png")
    link(root / "alias", root / "a" / "b")
    assert is_above(os.stat(root / "a"), root / "alias" / "c")
    assert not is_above(os.stat(root / "a" / "b" / "c"), root / "alias" / "c")


def test_names_in_other_encodings(tmp_path):
    name = os.fsdecode(b"caf\xe9\n.png")
    with suppress(OSError):  # some file systems refuse the name
        (tmp_path / name).touch()
        assert list(FolderTree(tmp_path).files) == [str(tmp_path / name)]
