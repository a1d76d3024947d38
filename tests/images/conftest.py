"""Images in memory and in files, and a decode store."""

import numpy as np
import pytest

from cxrclf.images import DecodeStore
from stores import SIZE, write_image


@pytest.fixture
def scans(tmp_path):
    """Paths of twelve images of 8 bits."""
    (tmp_path / "scans").mkdir()
    return [write_image(tmp_path / "scans" / f"{i:02d}.png", i) for i in range(12)]


@pytest.fixture
def store(tmp_path):
    """A decode store in the folder of the test."""
    return DecodeStore(SIZE, cache_dir=tmp_path / "cache")


@pytest.fixture
def scan():
    """A smooth picture with no symmetry, 61 by 83 pixels."""
    rows, columns = np.mgrid[:61, :83]
    wave = 90 + 60 * np.sin(rows / 9) * np.cos(columns / 13) + rows + columns / 3
    return np.rint(wave).astype(np.uint8)


@pytest.fixture
def deep():
    """A picture that uses all 16 bits, and no multiples of 257 only."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 65536, size=(40, 50), dtype=np.uint16)
