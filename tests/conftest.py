"""Fixtures that several subpackages share: small data, small estimators, devices."""

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

import numpy as np
import pytest
import torch
from PIL import Image

import pretend_cuda
from cxrclf import CXRClassifier, UNetSegmenter
from cxrclf._training import precision
from cxrclf.datasets import (
    load_image_folder,
    make_chest_radiographs,
    save_image_folder,
)


@pytest.fixture(scope="session")
def real_radiographs():
    """Folder of real radiographs beside the checkout; skips where it is absent."""
    folder = Path(__file__).parents[1].parent / "shared/data/covid-pneumonia-normal"
    if not folder.is_dir():
        pytest.skip("real radiographs (../shared/data) are not here")
    return folder


@pytest.fixture(scope="session", autouse=True)
def graph_folder(tmp_path_factory):
    """Share the graphs of ONNX between the tests, and not with the user."""
    folder = tmp_path_factory.getbasetemp().parent / "torch-home"
    folder.mkdir(exist_ok=True)
    before = os.environ.get("TORCH_HOME")
    os.environ["TORCH_HOME"] = str(folder)
    yield folder
    if before is None:
        del os.environ["TORCH_HOME"]
    else:
        os.environ["TORCH_HOME"] = before


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


@pytest.fixture(scope="session")
def radiographs():
    return make_chest_radiographs(30, image_size=48, random_state=0)


@pytest.fixture(scope="session")
def radiograph_files(radiographs, tmp_path_factory):
    folder = save_image_folder(
        radiographs.images,
        radiographs.target,
        tmp_path_factory.mktemp("data") / "radiographs",
        groups=radiographs.groups,
    )
    return load_image_folder(folder, groups=r"^(patient\d+)")


@pytest.fixture
def small_classifier():
    """Return a function that makes a classifier which trains in a moment."""

    def make(**parameters):
        defaults = {
            "weights": None,
            "image_size": 32,
            # "auto" depends on the processor.
            "precision": "float32",
            # Several threads repeat a training but for rounding, one to the last bit.
            "n_threads": 1,
            "max_epochs": 2,
            "random_state": 0,
            "trainable": "all",
            "backbone": "test_resnet",
        }
        return CXRClassifier(**{**defaults, **parameters})

    return make


@pytest.fixture(scope="session")
def lungs():
    """Twelve images and masks of 32 by 32 pixels."""
    data = make_chest_radiographs(12, image_size=32, random_state=0)
    return SimpleNamespace(images=data.images, masks=data.masks, groups=data.groups)


@pytest.fixture(scope="session")
def lung_files(lungs, tmp_path_factory):
    """The same as files: masks whole, and left and right lungs by themselves."""
    folder = tmp_path_factory.mktemp("lungs")
    left = lungs.masks.copy()
    left[:, :, 16:] = False
    parts = {
        "images": lungs.images,
        "masks": lungs.masks * np.uint8(255),
        "left": left * np.uint8(255),
        "right": (lungs.masks & ~left) * np.uint8(255),
    }
    paths = {}
    for name, arrays in parts.items():
        (folder / name).mkdir()
        files = [str(folder / name / f"{k:02}.png") for k in range(12)]
        # Of object, so that a longer path can be put in.
        paths[name] = np.array(files, dtype=object)
        for path, array in zip(paths[name], arrays, strict=True):
            Image.fromarray(array).save(path)
    return SimpleNamespace(
        folder=folder, pairs=np.column_stack([paths["left"], paths["right"]]), **paths
    )


@pytest.fixture(scope="session")
def small_segmenter():
    """Return a function that makes a segmenter which trains in a moment."""

    def make(**parameters):
        defaults = {
            "depth": 2,
            "width": 4,
            "max_epochs": 2,
            "batch_size": 4,
            "random_state": 0,
            # So that the first epochs of a training are those of a shorter one.
            "learning_rate_schedule": "constant",
            "image_size": 32,
            # "auto" depends on the processor.
            "precision": "float32",
            # Several threads repeat a training but for rounding, one to the last bit.
            "n_threads": 1,
        }
        return UNetSegmenter(**{**defaults, **parameters})

    return make


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
