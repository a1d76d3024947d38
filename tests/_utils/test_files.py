"""Files that are written whole or not at all, and what killed writers leave."""

import errno
import os
import signal
import stat
import subprocess
import sys
import time

import pytest

from cxrclf._utils import files
from cxrclf._utils.files import open_regular, remove_abandoned, replace_file

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX only")
LEFT = ".file.txt.cxrclf-0123456789abcdef"


def writer(path, code):
    """Start a process that waits in the middle of writing, and is then told to end."""
    script = f"""
from cxrclf._utils.files import replace_file
with replace_file({str(path)!r}) as temporary:
    with temporary.open("w") as file:
        file.write("half")
        file.flush()
        print("writing", flush=True)
        {code}
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "writing\n"
    return process


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "file.txt"
    with replace_file(path, durable=True) as temporary:
        temporary.write_text("first")
    with pytest.raises(RuntimeError), replace_file(path) as temporary:
        temporary.write_text("second, half wr")
        raise RuntimeError
    assert path.read_text() == "first"
    assert list(path.parent.iterdir()) == [path]


@posix
def test_a_new_file_has_the_usual_permissions(tmp_path):
    (tmp_path / "usual").write_text("")
    with replace_file(tmp_path / "file") as temporary:
        temporary.write_text("")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 1


@posix
def test_what_a_killed_writer_left_is_removed_by_the_next(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    process = writer(path, "input()")
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert len(names(tmp_path)) == 2
    assert path.read_text() == "old"
    with replace_file(tmp_path / "other.txt") as temporary:
        temporary.write_text("other")
    assert len(names(tmp_path)) == 3  # its next writer is another file's
    with replace_file(path) as temporary:
        temporary.write_text("new")
    assert names(tmp_path) == ["file.txt", "other.txt"]
    assert path.read_text() == "new"


@posix
def test_what_a_live_process_writes_stays(tmp_path):
    path = tmp_path / "file.txt"
    process = writer(path, "input()")
    (half,) = tmp_path.iterdir()
    os.utime(half, (0, 0))  # however old
    remove_abandoned(tmp_path)
    with replace_file(path) as temporary:
        remove_abandoned(tmp_path)  # its own as well
        temporary.write_text("new")
    assert names(tmp_path) == sorted([half.name, "file.txt"])
    process.communicate("\n", timeout=60)
    assert path.read_text() == "half"
    assert names(tmp_path) == ["file.txt"]


def test_other_names_links_and_folders_stay(tmp_path):
    for name in (
        "file.txt",
        ".hidden",
        ".file.txt.0123456789abcdef",
        ".file.txt.cxrclf-0123456789abcdeg",
        ".file.txt.cxrclf-0123456789abcde",
        "file.txt.cxrclf-0123456789abcdef",
    ):
        (tmp_path / name).write_text("precious")
    (tmp_path / ".folder.cxrclf-0123456789abcdef").mkdir()
    (tmp_path / ".link.cxrclf-0123456789abcdef").symlink_to(tmp_path / "file.txt")
    if sys.platform != "win32":
        os.mkfifo(tmp_path / ".pipe.cxrclf-0123456789abcdef")
    before = names(tmp_path)
    remove_abandoned(tmp_path)
    with replace_file(tmp_path / "file.txt") as temporary:
        temporary.write_text("new")
    assert names(tmp_path) == before
    remove_abandoned(tmp_path / "missing")


def test_a_planted_link_is_not_written_through(tmp_path, monkeypatch):
    precious = tmp_path / "precious"
    precious.write_text("precious")
    tokens = iter(["0" * 16, "1" * 16])
    monkeypatch.setattr(files.secrets, "token_hex", lambda n: next(tokens))
    (tmp_path / f".file.cxrclf-{'0' * 16}").symlink_to(precious)
    with (
        pytest.raises(FileExistsError),
        replace_file(tmp_path / "file") as temporary,
    ):
        temporary.write_text("written")
    assert precious.read_text() == "precious"


@pytest.mark.parametrize("days", [0.5, 2])
def test_without_locks_age_decides(days, tmp_path, monkeypatch):
    def no_locks(file):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(files, "try_lock", no_locks)
    left = tmp_path / LEFT
    left.write_text("half")
    then = time.time() - days * 86400
    os.utime(left, (then, then))
    with replace_file(tmp_path / "file.txt") as temporary:
        temporary.write_text("whole")
    assert left.exists() == (days < 1)
    assert (tmp_path / "file.txt").read_text() == "whole"


@posix
def test_a_file_that_is_taken_for_abandoned_while_it_is_made_is_made_again(
    tmp_path, monkeypatch
):
    """Between its creation and its lock another process may remove it."""
    try_lock, removed = files.try_lock, []

    def lock(file):
        if not removed:
            removed.extend(tmp_path.iterdir())
            removed[0].unlink()
        return try_lock(file)

    monkeypatch.setattr(files, "try_lock", lock)
    with replace_file(tmp_path / "file.txt") as temporary:
        assert temporary.exists()
        assert temporary != removed[0]


def test_locks_that_always_fail_do_not_keep_anyone_from_writing(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "try_lock", lambda file: False)
    with replace_file(tmp_path / "file.txt") as temporary:
        temporary.write_text("whole")
    assert names(tmp_path) == ["file.txt"]


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "Free space"),
        (errno.EDQUOT, "Free space"),
        (errno.EFBIG, "Free space"),
        (errno.EROFS, "Get write permission"),
        (errno.EACCES, "Get write permission"),
        (errno.EIO, "Check its folder"),
    ],
)
def test_errors_of_writing_name_the_file_and_the_remedy(number, remedy, tmp_path):
    path = tmp_path / "file.txt"
    with pytest.raises(OSError, match=remedy) as caught, replace_file(path):
        raise OSError(number, os.strerror(number))
    assert caught.value.errno == number
    assert caught.value.filename == str(path)
    assert type(caught.value) is type(OSError(number, ""))
    assert os.strerror(number) in str(caught.value)
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "deeper" / "model.json"
    with (
        pytest.raises(OSError, match=r"Not a directory.*another one: .*deeper'$"),
        replace_file(path),
    ):
        pass


@posix
@pytest.mark.parametrize("obstacle", ["file.txt", "folder"])
def test_what_is_in_the_way_is_named(obstacle, tmp_path):
    path = tmp_path / "folder" / "file.txt"
    if obstacle == "folder":
        path.parent.write_text("")
    else:
        path.mkdir(parents=True)
    with (
        pytest.raises(OSError, match=rf"in the way: remove .*{obstacle}'$") as caught,
        replace_file(path) as temporary,
    ):
        temporary.write_text("new")
    assert os.strerror(caught.value.errno) in str(caught.value)


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(errno.ENOENT, "No such file", "elsewhere.png"),
        ConnectionResetError(errno.ECONNRESET, "Connection reset"),
        ValueError("not about files"),
    ],
)
def test_errors_of_other_work_in_the_block_stay_as_they_are(error, tmp_path):
    with pytest.raises(type(error)) as caught, replace_file(tmp_path / "file.txt"):
        raise error
    assert caught.value is error


def test_an_error_without_a_number_gets_the_path(tmp_path):
    """As Pillow's encoders raise it on a full disk."""
    path = tmp_path / "file.png"
    with (
        pytest.raises(OSError, match=r"file\.png was not written: encoder error -2"),
        replace_file(path),
    ):
        raise OSError("encoder error -2 when writing image file")


def test_only_regular_files_are_opened(tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    kinds = [tmp_path]
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "link to a pipe").symlink_to(tmp_path / "pipe")
        kinds += [tmp_path / "pipe", tmp_path / "link to a pipe"]
    for path in kinds:
        with pytest.raises(OSError, match="Not a regular file"):
            open_regular(path)
    with open_regular(tmp_path / "link") as file:
        assert file.read() == b"content"
    with pytest.raises(OSError, match="Not a regular file"):
        open_regular(tmp_path / "link", follow_links=False)
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "missing")
