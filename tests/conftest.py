"""Fixtures that several subpackages share."""

import itertools
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

# Before torch is imported, as by cxrclf: threads that wait keep no core busy.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Before scipy is imported: without it scikit-learn skips one of its checks.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import pytest
import torch

import pretend_cuda
from cxrclf._training import precision


@pytest.fixture(scope="session")
def real_radiographs():
    """Folder of real radiographs beside the checkout; skips where it is absent."""
    folder = Path(__file__).parents[1].parent / "shared/data/covid-pneumonia-normal"
    if not folder.is_dir():
        pytest.skip("real radiographs (../shared/data) are not here")
    return folder


@pytest.fixture(scope="session")
def session_folders(tmp_path_factory):
    """Yield an iterator over names of folders that are not there yet."""
    root = tmp_path_factory.mktemp("sessions")
    yield (root / str(number) for number in itertools.count())
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(autouse=True)
def own_caches(session_folders, monkeypatch):
    """Let no test find the pixels and features that another one has computed.

    Worker processes of joblib live on: they keep the folder of the test that started
    them.
    """
    folder = next(session_folders)
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("CXRCLF_SESSION_FOLDER", str(folder))
    cache = sys.modules.get("cxrclf._training.feature_cache")
    if cache is not None:  # else there are no features yet
        cache.MemoryCache._groups.clear()


class Cuda(SimpleNamespace):
    """A CUDA device of a test, and how close results on it come to the CPU's.

    Attributes
    ----------
    pretended : bool
        Whether it is made up of the CPU.
    atol : float
        Largest difference of probabilities, after a short training in float32. On the
        pretended device batches of prediction are larger than on the CPU, and a matrix
        product rounds otherwise with the number of its rows: some 1e-7, and Adam
        divides gradients by their size, which a training makes 1e-5 of. A GPU adds in
        other orders everywhere: a hundred times that. TF32, which cuDNN may use in
        convolutions unless told otherwise, and which keeps ten bits, is off.
    """


@pytest.fixture(
    params=[
        "pretended",
        pytest.param(
            "gpu",
            marks=[
                pytest.mark.gpu,
                pytest.mark.skipif(
                    not torch.cuda.is_available(), reason="no CUDA device"
                ),
            ],
        ),
    ]
)
def cuda(request, monkeypatch):
    """A CUDA device: a pretended one, and with `pytest -m gpu` that of the machine."""
    if request.param == "pretended":
        pretend_cuda.pretend(monkeypatch)
        pretend_cuda.guard_loops(monkeypatch)
        # Batches are filled up: a thousand images of 32 px take a CPU a second.
        monkeypatch.setitem(precision._INFERENCE_BATCH, "cuda", (16 * 32**2, 16))
        return Cuda(pretended=True, atol=1e-4)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    return Cuda(pretended=False, atol=1e-2)
