"""Small radiographs."""

import pytest

from cxrclf.datasets import make_chest_radiographs


@pytest.fixture(scope="module")
def tv_radiographs():
    return make_chest_radiographs(4, image_size=48, random_state=0).images


@pytest.fixture
def tv_positive(tv_radiographs):
    """Radiographs as float64 without black pixels."""
    return (tv_radiographs + 1.0) / 256
