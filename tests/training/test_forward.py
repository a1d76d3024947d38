"""The temporary file of an epoch's features."""

import errno
import os
import tempfile

import pytest
import torch

from cxrclf.training import _forward


@pytest.fixture(params=["reserved", "written"])
def unnamed_array(request, monkeypatch):
    """Return the function, also as it is on systems that reserve no space."""
    if request.param == "written":
        monkeypatch.delattr(os, "posix_fallocate", raising=False)
        monkeypatch.setattr(_forward, "_BLOCK", 1000)
    return _forward._unnamed_array


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
def test_a_full_disk_names_the_folder_and_the_remedy(monkeypatch, number):
    def full(*args):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    with pytest.raises(OSError, match="set the environment variable TMPDIR") as caught:
        _forward._unnamed_array((100, 10), torch.float32)
    assert caught.value.errno == number
    assert tempfile.gettempdir() in str(caught.value)
    assert "4000 bytes of features" in str(caught.value)


def test_no_temporary_folder_is_said_with_the_remedy(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(FileNotFoundError, match="missing.*TMPDIR"):
        _forward._unnamed_array((2, 2), torch.float32)
