"""The session's folder: private, shared with workers, and removed."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

_PRINT = """
from cxrclf._utils._session import session_folder
print(session_folder(), flush=True)
"""


def start_session(tmp_path, code, **variables):
    environment = os.environ | {"TMPDIR": str(tmp_path), "TEMP": str(tmp_path)}
    environment.pop("CXRCLF_SESSION_FOLDER", None)
    return subprocess.Popen(
        [sys.executable, "-c", _PRINT + code],
        env=environment | variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def run_session(tmp_path, code="", **variables):
    process = start_session(tmp_path, code, **variables)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return [Path(line) for line in output.split()]


def waiting_session(tmp_path):
    process = start_session(tmp_path, "input()")
    return process, Path(process.stdout.readline().strip())


def make_old(folder):
    then = time.time() - 3600
    os.utime(folder, (then, then))


def sessions(tmp_path):
    return set(tmp_path.glob("cxrclf-session-*"))


def test_is_private_while_it_lives_and_removed_at_exit(tmp_path):
    process, folder = waiting_session(tmp_path)
    assert folder.parent == tmp_path
    if sys.platform != "win32":
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (folder / "decoded").mkdir()
    (folder / "decoded" / "pixels-8.bin").write_bytes(bytes(10))
    process.communicate("\n", timeout=60)
    assert not folder.exists()


def test_is_the_same_each_time(tmp_path):
    first, second = run_session(tmp_path, "print(session_folder())")
    assert first == second


def test_loky_workers_share_it(tmp_path):
    code = """
from joblib import Parallel, delayed
import cxrclf.imaging
print(*Parallel(n_jobs=2, backend="loky")(delayed(session_folder)() for _ in range(4)))
print(session_folder() if session_folder().is_dir() else "gone")
"""
    folders = run_session(tmp_path, code)
    assert len(folders) == 6
    assert len(set(folders)) == 1
    assert not sessions(tmp_path)


def test_importing_the_store_prepares_it_for_workers(tmp_path):
    code = """
import os
print(os.environ.pop("CXRCLF_SESSION_FOLDER"))
import cxrclf.imaging
print(os.environ["CXRCLF_SESSION_FOLDER"])
"""
    first, same, second = run_session(tmp_path, code)
    assert first == same
    assert second != first


@pytest.mark.skipif(sys.platform == "win32", reason="has no fork")
def test_a_forked_child_shares_it_and_leaves_it(tmp_path):
    code = """
import os, sys
if os.fork() == 0:
    print(session_folder(), flush=True)
    sys.exit()
os.wait()
print(session_folder() if session_folder().is_dir() else "gone")
"""
    assert len(set(run_session(tmp_path, code))) == 1


def test_of_a_killed_process_is_removed_by_the_next(tmp_path):
    process, folder = waiting_session(tmp_path)
    process.kill()
    process.communicate(timeout=60)
    assert folder.is_dir()
    run_session(tmp_path)
    assert folder.is_dir()  # it might belong to a process that is just starting
    make_old(folder)
    run_session(tmp_path)
    assert not sessions(tmp_path)


def test_of_a_live_process_is_kept_however_old(tmp_path):
    process, folder = waiting_session(tmp_path)
    make_old(folder)
    run_session(tmp_path)
    assert folder.is_dir()
    process.communicate("\n", timeout=60)
    assert not folder.exists()


def test_an_inherited_folder_that_is_gone_is_replaced(tmp_path):
    gone = tmp_path / "gone"
    (folder,) = run_session(tmp_path, CXRCLF_SESSION_FOLDER=str(gone))
    assert folder.parent == tmp_path
    assert folder != gone


def test_a_link_in_its_place_is_left_alone(tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    link = tmp_path / "cxrclf-session-link"
    link.symlink_to(precious)
    then = time.time() - 3600
    os.utime(link, (then, then), follow_symlinks=False)
    run_session(tmp_path)
    assert list(precious.iterdir()) == []
    assert link.is_symlink()
