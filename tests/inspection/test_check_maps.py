"""Checks of maps that a user passes."""

import numpy as np
import pytest

from cxrclf.inspection._check_maps import check_maps


def test_maps_become_floats():
    assert check_maps(np.zeros((2, 3, 4), np.float64)).dtype == np.float64
    assert check_maps(np.zeros((2, 3, 4), bool)).dtype == np.float32
    assert check_maps([[[1, 2]]]).shape == (1, 1, 2)


@pytest.mark.parametrize(
    ("maps", "message"),
    [
        (np.zeros((3, 4)), r"shape \(3, 4\)"),
        (np.zeros((2, 3, 4, 4)), r"Select the maps of one class: mine\[:, 0\]"),
        (np.zeros((0, 4, 4)), r"shape \(0, 4, 4\)"),
        (np.array([["a.png"]]), "mine must be numbers"),
        ([[[0, 1]], [[np.nan, 0]]], "nan or infinite values in row 1"),
    ],
)
def test_invalid_maps(maps, message):
    with pytest.raises(ValueError, match=message):
        check_maps(maps, "mine")
