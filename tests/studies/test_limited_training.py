"""Numbers of training images follow the size of the rare class."""

import numpy as np
import pytest

from cxrclf.studies._limited_training import LimitedTraining

TRAINING = {"normal": 2000, "pneumonia": 1634}


@pytest.mark.parametrize(("n_rare", "expected"), [(180, 1634), (90, 817), (1, 9)])
def test_numbers_are_proportional(n_rare, expected):
    y = np.repeat(["covid", "normal", "pneumonia"], [n_rare, 5, 5])
    limited = LimitedTraining(y, TRAINING, n_rare=180)
    assert limited.rare == "covid"
    assert limited.scale(1634) == expected
    assert limited.scale(0) == 1
    assert [len(rows) for rows in limited.rows.values()] == [n_rare, 5, 5]


@pytest.mark.parametrize(
    "names", [["covid", "normal"], ["normal", "pneumonia"], ["a", *TRAINING, "z"]]
)
def test_other_classes_are_an_error_with_a_remedy(names):
    with pytest.raises(ValueError, match="a rare class.*label_map"):
        LimitedTraining(names, TRAINING, n_rare=180)
