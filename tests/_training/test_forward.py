"""Forward passes in batches, and the temporary file of an epoch's features."""

import errno
import os
import tempfile
import threading
import time

import pytest
import torch

from cxrclf._training import forward

CPU = torch.device("cpu")


@pytest.fixture(params=["reserved", "written"])
def unnamed_array(request, monkeypatch):
    """Return the function, also as it is on systems that reserve no space."""
    if request.param == "written":
        monkeypatch.delattr(os, "posix_fallocate", raising=False)
        monkeypatch.setattr(forward, "_BLOCK", 1000)
    return forward._unnamed_array


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("shape", [(7, 300), (3, 2, 5)])
def test_it_is_a_tensor_of_zeros_that_keeps_what_is_written(
    unnamed_array, dtype, shape
):
    array = unnamed_array(shape, dtype)
    assert array.dtype == dtype
    assert array.shape == shape
    assert not array.any()
    values = torch.arange(array.numel()).reshape(shape).to(dtype)
    array[:] = values
    assert torch.equal(array, values)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG])
def test_without_room_on_the_disk_it_is_in_memory(monkeypatch, number):
    def full(*args):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    array = forward._unnamed_array((100, 10), torch.float32)
    assert array.shape == (100, 10)
    assert array.dtype == torch.float32


def test_without_a_temporary_folder_it_is_in_memory(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    assert forward._unnamed_array((2, 2), torch.bfloat16).dtype == torch.bfloat16


def test_batches_that_nobody_waits_for_are_not_computed():
    begun = []

    def function(rows):
        begun.append(rows[0])
        if rows[0] == 0:
            raise KeyboardInterrupt
        time.sleep(0.05)
        return torch.zeros(len(rows))

    results = forward.forward_batches(
        function, 40, 1, device=CPU, autocast_dtype=None, n_threads=2
    )
    with pytest.raises(KeyboardInterrupt):
        list(results)
    time.sleep(0.5)
    assert len(begun) < 10


def test_one_thread_computes_in_the_callers_own():
    found = []

    def function(rows):
        found.append(threading.current_thread())
        return torch.zeros(len(rows))

    list(
        forward.forward_batches(
            function, 9, 2, device=CPU, autocast_dtype=None, n_threads=1
        )
    )
    assert set(found) == {threading.current_thread()}
