"""The session's folder: private, shared with workers, and removed."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

_PRINT = """
from cxrclf._utils.session import session_folder
print(session_folder(), flush=True)
"""


def start_session(tmp_path, code, first=_PRINT, **variables):
    environment = os.environ | {"TMPDIR": str(tmp_path), "TEMP": str(tmp_path)}
    environment.pop("CXRCLF_SESSION_FOLDER", None)
    return subprocess.Popen(
        [sys.executable, "-c", first + code],
        env=environment | variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def run_session(tmp_path, code="", **options):
    process = start_session(tmp_path, code, **options)
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
import cxrclf.images
print(*Parallel(n_jobs=2, backend="loky")(delayed(session_folder)() for _ in range(4)))
print(session_folder() if session_folder().is_dir() else "gone")
"""
    folders = run_session(tmp_path, code)
    assert len(folders) == 6
    assert len(set(folders)) == 1
    assert not sessions(tmp_path)


@pytest.mark.parametrize(
    "make",
    [
        "images.ImageReader()",
        "images.DecodeStore(8)",
        "preprocessing.IntensityNormalizer()",
    ],
)
def test_workers_share_it_though_the_process_itself_never_uses_it(tmp_path, make):
    code = f"""
from joblib import Parallel, delayed
from cxrclf import images, preprocessing
from cxrclf._utils.session import session_folder
{make}  # an object that may need the folder in a worker
print(*Parallel(n_jobs=2, backend="loky")(delayed(session_folder)() for _ in range(4)))
"""
    folders = run_session(tmp_path, code, first="")
    assert len(folders) == 4
    assert len(set(folders)) == 1
    assert folders[0].parent == tmp_path
    assert not sessions(tmp_path)


# torch itself makes a folder for its compiler when torchvision is imported.
_IMPORT_ALL = """
import importlib, os, pkgutil, sys
touched = []
def hook(event, arguments):
    if event == "open" or event.startswith("os."):
        if "cxrclf-session-" in str(arguments[0]):
            touched.append((event, arguments))
sys.addaudithook(hook)
import cxrclf
for module in pkgutil.walk_packages(cxrclf.__path__, "cxrclf."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
assert "CXRCLF_SESSION_FOLDER" not in os.environ
assert not touched, touched
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no FIFO")
def test_importing_creates_and_opens_nothing(tmp_path):
    with_fifo, with_link = planted(tmp_path, "fifo"), planted(tmp_path, "link")
    before = sorted(tmp_path.glob("cxrclf*/**/*"))
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    environment.pop("CXRCLF_SESSION_FOLDER", None)
    subprocess.run(
        [sys.executable, "-c", _IMPORT_ALL], env=environment, timeout=300, check=True
    )
    assert sorted(tmp_path.glob("cxrclf*/**/*")) == before
    assert sessions(tmp_path) == {with_fifo, with_link}


def planted(tmp_path, kind):
    """Return an old folder of this user in which something else lies as `.owner`."""
    folder = tmp_path / f"cxrclf-session-{kind}"
    folder.mkdir(mode=0o700)
    if kind == "fifo":
        os.mkfifo(folder / ".owner")
    elif kind == "link":
        (folder / ".owner").symlink_to(folder / "created")
    elif kind == "folder":
        (folder / ".owner").mkdir()
    elif kind == "open":
        (folder / ".owner").touch()
        folder.chmod(0o755)
    make_old(folder)
    return folder


@pytest.mark.skipif(sys.platform == "win32", reason="has no FIFO")
@pytest.mark.parametrize("kind", ["fifo", "link", "folder", "open", "none"])
def test_folders_that_no_session_has_made_are_left_alone(tmp_path, kind):
    folder = planted(tmp_path, kind)
    run_session(tmp_path)
    assert sessions(tmp_path) == {folder}
    assert not (folder / "created").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid(), reason="needs root")
def test_folders_of_other_users_are_left_alone(tmp_path):
    folder = planted(tmp_path, "none")
    (folder / ".owner").touch()
    os.chown(folder, 65534, 65534)
    make_old(folder)
    run_session(tmp_path)
    assert sessions(tmp_path) == {folder}


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


@pytest.mark.skipif(sys.platform == "win32", reason="has no FIFO, no modes of files")
@pytest.mark.parametrize("kind", ["file", "link", "open", "relative", "fifo"])
def test_an_inherited_folder_that_is_not_private_is_replaced(tmp_path, kind):
    named = tmp_path / "cxrclf-session-named"
    target = tmp_path / "target"
    target.mkdir(mode=0o700)
    if kind == "file":
        named.touch()
    elif kind == "link":
        named.symlink_to(target)
    elif kind == "open":
        named.mkdir()
        named.chmod(0o770)
    elif kind == "fifo":
        named.mkdir(mode=0o700)
        os.mkfifo(named / ".owner")
    value = "../target" if kind == "relative" else str(named)
    (folder,) = run_session(tmp_path, CXRCLF_SESSION_FOLDER=value)
    assert folder.parent == tmp_path
    assert folder not in (named, target)
    assert not list(target.iterdir())


def test_an_inherited_private_folder_is_used_and_stays(tmp_path):
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    options = {"CXRCLF_SESSION_FOLDER": str(private), "PYTHONWARNINGS": "error"}
    assert run_session(tmp_path, **options) == [private]
    assert private.is_dir()


def test_processes_that_make_it_at_once_have_one(tmp_path):
    name = "cxrclf-session-" + "0" * 32
    processes = [
        start_session(tmp_path, "input()", CXRCLF_SESSION_FOLDER=name) for _ in range(3)
    ]
    folders = {process.stdout.readline().strip() for process in processes}
    assert folders == {str(tmp_path / name)}
    for process in processes:
        process.communicate("\n", timeout=60)
        assert process.returncode == 0


def test_one_that_is_deleted_meanwhile_is_made_again(tmp_path):
    code = """
import os, shutil
shutil.rmtree(session_folder())
print(session_folder())
assert session_folder().stat().st_mode & 0o77 == 0 or os.name == "nt"
assert (session_folder() / ".owner").exists()
"""
    first, second = run_session(tmp_path, code)
    assert first == second
    assert not sessions(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="has no flock")
def test_of_a_killed_process_is_kept_while_a_worker_uses_it(tmp_path):
    process, folder = waiting_session(tmp_path)
    worker = start_session(tmp_path, "input()", CXRCLF_SESSION_FOLDER=str(folder))
    assert worker.stdout.readline().strip() == str(folder)
    process.kill()
    process.communicate(timeout=60)
    make_old(folder)
    run_session(tmp_path)
    assert folder.is_dir()
    worker.communicate("\n", timeout=60)
    make_old(folder)
    run_session(tmp_path)
    assert not sessions(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="has no fork")
def test_a_child_forked_while_a_thread_makes_it_does_not_wait(tmp_path):
    code = """
import os, sys, warnings
from cxrclf._utils import session
with session._guard:  # as another thread would hold it
    child = os.fork()
if child == 0:
    print(session_folder(), flush=True)
    os._exit(0)
os.wait()
"""
    first, second = run_session(tmp_path, code)
    assert first == second


def test_no_place_for_it_is_said_with_the_remedy(tmp_path):
    code = """
import tempfile
from pathlib import Path
from cxrclf._utils import session
tempfile.tempdir = str(Path(session_folder().parent, "missing"))
session.os.environ["CXRCLF_SESSION_FOLDER"] = ""
try:
    session_folder()
except FileNotFoundError as error:
    assert "missing" in str(error) and "TMPDIR" in str(error), error
    print("refused")
"""
    assert len(run_session(tmp_path, code)) == 2


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
