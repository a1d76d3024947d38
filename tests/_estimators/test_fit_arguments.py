"""Arguments of fit besides X and y."""

import numpy as np
import pytest

from cxrclf._estimators.fit_arguments import (
    check_groups,
    check_sample_weight,
    check_validation,
)


def test_what_belongs_to_rows_has_their_number():
    assert check_sample_weight(None, 3) is None
    assert check_sample_weight(2, 3).tolist() == [2, 2, 2]
    assert check_sample_weight([1, 2, 3], 3).dtype == np.float64
    assert check_groups(None, 3) is None
    assert check_groups(["a", "b", "a"], 3).tolist() == ["a", "b", "a"]
    for check in (check_sample_weight, check_groups):
        with pytest.raises(ValueError, match="resample X and y only"):
            check([1, 2], 3)


def test_a_validation_set_has_images_and_labels():
    assert check_validation(1, 2)
    assert not check_validation(None, None)
    with pytest.raises(ValueError, match="together or not at all"):
        check_validation(1, None)
