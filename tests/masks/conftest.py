"""Masks as arrays and as files."""

import numpy as np
import pytest

from mask_files import saved


@pytest.fixture
def lungs():
    """Two ellipses without symmetry, 60 by 80 pixels, as 0 and 1."""
    rows, columns = np.mgrid[:60, :80]
    left = ((rows - 27) / 20) ** 2 + ((columns - 20) / 11) ** 2 < 1
    right = ((rows - 33) / 22) ** 2 + ((columns - 57) / 15) ** 2 < 1
    return (left | right).astype(np.uint8)


@pytest.fixture
def classes(lungs):
    """The lungs as 0, 1 and 2."""
    return lungs * np.where(np.arange(80) < 38, 1, 2).astype(np.uint8)


@pytest.fixture
def files(tmp_path, lungs):
    """Eight masks that differ, and their files."""
    masks = np.stack([np.roll(lungs, 3 * k, axis=1) for k in range(8)])
    paths = [
        str(saved(tmp_path, mask * np.uint8(255), f"{k}.png"))
        for k, mask in enumerate(masks)
    ]
    return masks, paths
