"""Memory is kept while a network computes, and given back."""

import subprocess
import sys
import textwrap

import pytest

from cxrclf.training import _allocator

CODE = """
    import resource
    import torch
    from cxrclf.training import _allocator

    def faults():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(10):
            # 40 MB each: by itself glibc takes such blocks from the system one by one.
            blocks = [torch.ones(10_000_000) for _ in range(4)]
            del blocks
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    def resident():
        for line in open("/proc/self/status"):
            if line.startswith("VmRSS"):
                return int(line.split()[1])

    faults()
    usual = faults()
    before = resident()
    with _allocator.kept_memory(), _allocator.kept_memory():
        faults()
        kept = faults()
    print(usual, kept, resident() - before)
"""


@pytest.mark.skipif(_allocator._glibc() is None, reason="glibc's allocator only")
def test_memory_is_kept_and_then_given_back():
    out = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CODE)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    usual, kept, more_resident = map(int, out.split())
    assert 10 * kept < usual  # without the pages of 160 MB, ten times
    assert more_resident < 32 * 1024  # kB


def test_the_users_own_settings_are_left_alone(monkeypatch):
    monkeypatch.setenv("MALLOC_ARENA_MAX", "2")
    assert _allocator._glibc() is None
    monkeypatch.delenv("MALLOC_ARENA_MAX")
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.trim_threshold=1")
    assert _allocator._glibc() is None
    with _allocator.kept_memory():
        pass
