"""Locks on files that end with their process."""

import subprocess
import sys

import pytest

from cxrclf._utils.file_lock import try_lock, try_lock_byte

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fcntl")

HOLD = """
import sys
from cxrclf._utils import file_lock
file = open(sys.argv[1], "r+b")
print({call}, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "lock"
    path.write_bytes(bytes(8))
    return path


def held(path, call):
    """Start a process that takes a lock and keeps it until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD.format(call=call), str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline().strip() == "True"
    return process


def test_a_lock_excludes_other_handles(path):
    with open(path, "r+b") as one, open(path, "r+b") as other:
        assert try_lock(one)
        assert not try_lock(other)
        assert not try_lock(other, shared=True)
    with open(path, "r+b") as other:
        assert try_lock(other)


def test_shared_locks_exclude_none_but_exclusive_ones(path):
    with open(path, "r+b") as one, open(path, "r+b") as other:
        assert try_lock(one, shared=True)
        assert try_lock(other, shared=True)
        assert not try_lock(other)


def test_a_lock_ends_with_its_process(path):
    with held(path, "file_lock.try_lock(file)") as process, open(path, "r+b") as file:
        assert not try_lock(file)
        process.kill()
        process.wait()
        assert try_lock(file)


def test_a_byte_is_locked_against_other_processes_alone(path):
    call = "file_lock.try_lock_byte(file, 3)"
    with held(path, call) as process, open(path, "r+b") as file:
        assert not try_lock_byte(file, 3)
        assert try_lock_byte(file, 2)
        assert try_lock_byte(file, 100)  # a byte that is not there
        process.kill()
        process.wait()
        assert try_lock_byte(file, 3)
        assert try_lock_byte(file, 3)  # it is this process's already
