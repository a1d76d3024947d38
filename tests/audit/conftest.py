"""A small shortcut report that several modules test."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from cxrclf.audit import shortcut_report
from cxrclf.datasets import make_chest_radiographs


def flatten(images):
    return images[:, ::2, ::2].reshape(len(images), -1) / 255


@pytest.fixture(scope="session")
def pixel_classifier():
    """Linear classifier of (n, H, W) arrays."""
    return make_pipeline(FunctionTransformer(flatten), LogisticRegression(max_iter=200))


@pytest.fixture(scope="session")
def marked_radiographs():
    """Synthetic radiographs with a bright mark in a corner of one class."""
    data = make_chest_radiographs(90, image_size=32, random_state=0)
    data.images[data.target == "covid", 1:4, 1:4] = 255
    return data


@pytest.fixture(scope="session")
def marked_report(marked_radiographs, pixel_classifier):
    """Report about the radiographs with a mark, with all probes of arrays."""
    data = marked_radiographs
    source = np.where(np.arange(90) % 3 == 0, "a", "b")
    return shortcut_report(
        pixel_classifier,
        data.images,
        data.target,
        cv=3,
        groups=data.groups,
        segmenter=data.masks,
        source=source,
        duplicates=None,
        n_resamples=100,
        n_permutations=999,
        random_state=1,
    )
