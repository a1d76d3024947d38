"""Small radiographs with lungs, as arrays and as files, and a small segmenter."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from cxrclf import UNetSegmenter
from cxrclf.datasets import make_chest_radiographs


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
