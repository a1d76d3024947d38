"""Small generators that the tests share."""

import pytest

from cxrclf.generation import CycleGANGenerator


def make_generator(**parameters):
    """Return a generator that trains in a moment."""
    defaults = {
        "source": "normal",
        "width": 2,
        "n_blocks": 1,
        "discriminator_width": 2,
        "max_iter": 12,
        "pool_size": 4,
        "quality_backbone": None,
        "precision": "float32",
        "random_state": 0,
    }
    return CycleGANGenerator(**{**defaults, **parameters})


@pytest.fixture(scope="session")
def make():
    return make_generator


@pytest.fixture(scope="session")
def fitted(radiographs):
    """Return a generator of covid images, fitted on `radiographs`. Do not change it."""
    return make_generator().fit(radiographs.images, radiographs.target, ["covid"])
