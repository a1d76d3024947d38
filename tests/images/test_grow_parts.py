"""Rows in parts that grow."""

import numpy as np
import pytest

from cxrclf.images._grow_parts import grow_parts


@pytest.mark.parametrize(
    ("n", "largest", "sizes"),
    [
        (0, 128, []),
        (1, 128, [1]),
        (127, 128, [127]),
        (128, 128, [64, 64]),
        (200, 128, [64, 136]),
        (500, 128, [64, 128, 128, 180]),
        (512, 128, [64, 128, 128, 192]),
        (130, 96, [130]),  # half of 96 is less than 64
        (200, 96, [96, 104]),
        (300, 129, [129, 171]),  # an odd number is not halved
        (900, 250, [125, 250, 250, 275]),
        (5, 1, [1, 1, 1, 1, 1]),
        (9000, 4096, [256, 512, 1024, 2048, 5160]),  # at least a sixteenth
    ],
)
def test_sizes(n, largest, sizes):
    parts = grow_parts(n, largest)
    rows = [np.arange(n)[part] for part in parts]
    assert [len(part) for part in rows] == sizes
    assert np.concatenate([[], *rows]).tolist() == list(range(n))
