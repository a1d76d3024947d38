"""Reading rows without mapping, and files that are not what they should be."""

import errno
import os

import numpy as np
import pytest

from cxrclf._utils.disk import (
    copy_error,
    make_folders,
    open_or_create,
    read_rows,
    reason,
)

posix = pytest.mark.skipif(os.name == "nt", reason="has no FIFO, and links need rights")


@pytest.fixture(params=["preadv", "seek"])
def reading(request, monkeypatch):
    """Read in the way of systems with and without preadv."""
    if request.param == "seek":
        monkeypatch.delattr(os, "preadv", raising=False)


@pytest.mark.parametrize("dtype", ["u1", "<u2", "f4"])
@pytest.mark.parametrize(
    "rows", [[3], [5, 0, 5, 5, 11], [2, 3, 4, 9, 10], [11, 10], range(12)]
)
def test_rows_are_those_of_a_mapped_file(tmp_path, reading, dtype, rows):
    path = tmp_path / "rows"
    data = np.random.default_rng(0).integers(0, 250, (12, 5, 3)).astype(dtype)
    path.write_bytes(bytes(7) + data.tobytes())
    rows = np.array(rows)
    out = np.empty((len(rows), 5, 3), dtype)
    with path.open("rb") as file:
        read_rows(file, rows, out, offset=7)
    mapped = np.memmap(path, dtype, "r", offset=7, shape=data.shape)
    np.testing.assert_array_equal(out, mapped[rows])


def test_no_rows(tmp_path):
    (tmp_path / "rows").touch()
    with (tmp_path / "rows").open("rb") as file:
        read_rows(file, np.array([], int), np.empty((0, 4)))


def test_a_file_that_ends_early_is_an_error(tmp_path, reading):
    path = tmp_path / "rows"
    path.write_bytes(bytes(40))
    with path.open("rb") as file:
        read_rows(file, np.array([3, 4]), np.empty((2, 1)))
        os.truncate(path, 39)
        with pytest.raises(EOFError, match="cut short"):
            read_rows(file, np.array([3, 4]), np.empty((2, 1)))
        with pytest.raises(EOFError):
            read_rows(file, np.array([9]), np.empty((1, 1)))


def test_a_file_is_created_or_kept(tmp_path):
    with open_or_create(tmp_path / "file") as file:
        file.write(b"abc")
    with open_or_create(tmp_path / "file") as file:
        assert file.read() == b"abc"


@posix
@pytest.mark.parametrize("kind", ["fifo", "link", "dangling", "folder"])
def test_what_lies_in_the_place_of_a_file_is_not_opened(tmp_path, kind):
    path, target = tmp_path / "file", tmp_path / "target"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(target)
        if kind == "link":
            target.touch()
    with pytest.raises(OSError, match="egular file"):
        open_or_create(path)
    assert target.exists() == (kind == "link")


@posix
def test_folders_below_a_root_are_no_links(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "root").symlink_to("real")
    folder = make_folders(tmp_path / "root", "a", "b")
    assert (tmp_path / "real" / "a" / "b").is_dir()
    assert make_folders(tmp_path / "root", "a", "b") == folder
    (tmp_path / "root" / "link").symlink_to("a")
    with pytest.raises(FileExistsError, match="link"):
        make_folders(tmp_path / "root", "link", "c")
    assert not (tmp_path / "real" / "a" / "c").exists()
    (tmp_path / "root" / "file").touch()
    with pytest.raises(FileExistsError):
        make_folders(tmp_path / "root", "file")


def test_an_error_keeps_its_number_and_class():
    denied = copy_error(OSError(errno.EACCES, "Permission denied", "a"), "remedy")
    assert isinstance(denied, PermissionError)
    assert denied.errno == errno.EACCES
    assert "remedy" in str(denied)
    assert str(copy_error(OSError("12 written"), "remedy")) == "remedy"


def test_the_reason_of_an_error_has_no_number():
    assert reason(OSError(errno.EEXIST, "File exists", "a")) == "File exists: 'a'"
    assert reason(OSError(errno.ENOSPC, "No space left")) == "No space left"
    assert reason(OSError("12 written")) == "12 written"
