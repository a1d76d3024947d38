"""Memory is kept while a network computes, and given back."""

import subprocess
import sys
import textwrap

import pytest

from cxrclf._training import allocator

CODE = """
    import torch
    from cxrclf._training import allocator

    def resident():
        for line in open("/proc/self/status"):
            if line.startswith("VmRSS"):
                return int(line.split()[1])

    def left():
        # 40 MB each: by itself glibc takes such blocks from the system one by one.
        blocks = [torch.ones(10_000_000) for _ in range(4)]
        del blocks
        return resident() - before

    torch.ones(10_000_000)  # starts torch's threads
    before = resident()
    usual = left()
    with allocator.keep_memory(), allocator.keep_memory():
        kept = left()
    print(usual, kept, resident() - before)
"""


@pytest.mark.skipif(allocator._glibc() is None, reason="glibc's allocator only")
def test_memory_is_kept_and_then_given_back():
    out = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CODE)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    usual, kept, given_back = map(int, out.split())  # kB
    assert kept > 150_000  # of 160 MB
    assert usual < 32_000
    assert given_back < 32_000


def test_the_users_own_settings_are_left_alone(monkeypatch):
    monkeypatch.setenv("MALLOC_ARENA_MAX", "2")
    assert allocator._glibc() is None
    monkeypatch.delenv("MALLOC_ARENA_MAX")
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.trim_threshold=1")
    assert allocator._glibc() is None
    with allocator.keep_memory():
        pass
