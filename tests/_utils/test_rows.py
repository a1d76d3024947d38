"""Row numbers, chosen as NumPy chooses them."""

import numpy as np
import pytest

from cxrclf._utils.rows import row_numbers


@pytest.mark.parametrize(
    "rows",
    [
        [3, 0, 3],
        (2,),
        np.array([-1, -4]),
        np.array([1], dtype=np.uint8),
        [True, False, False, True],
        np.zeros(4, dtype=bool),
        [],
        range(4),
    ],
)
def test_rows_are_those_that_numpy_takes(rows):
    numbers = row_numbers(rows, 4)
    index = np.asarray(rows, dtype=int if len(rows) == 0 else None)
    np.testing.assert_array_equal(numbers, np.arange(4)[index])
    assert numbers.dtype.kind == "i"


@pytest.mark.parametrize("rows", [[4], [-5], [True, False], [[0, 1]], 2, [0.0]])
def test_other_rows_are_refused(rows):
    with pytest.raises(IndexError):
        row_numbers(rows, 4)


def test_the_shape_of_wrong_rows_is_named():
    with pytest.raises(IndexError, match=r"of one dimension.* one of shape \(1, 2\)"):
        row_numbers([[0, 1]], 4)
