"""Arguments of fit besides X and y."""

import numpy as np
import pytest

from cxrclf._estimators.fit_arguments import check_sample_weight, check_validation


def test_sample_weights_have_the_number_of_samples():
    assert check_sample_weight(None, 3) is None
    assert check_sample_weight(2, 3).tolist() == [2, 2, 2]
    assert check_sample_weight([1, 2, 3], 3).dtype == np.float64
    message = r"^sample_weight has 39 values, but X has 40 samples\. Pass one weight "
    with pytest.raises(ValueError, match=message + r"per sample\.$"):
        check_sample_weight(np.ones(39), 40)
    # A sampler adds many samples.
    with pytest.raises(ValueError, match="resample X and y only, so use class_weight"):
        check_sample_weight(np.ones(40), 60)


def test_a_validation_set_has_images_and_labels():
    assert check_validation(1, 2)
    assert not check_validation(None, None)
    with pytest.raises(ValueError, match="together or not at all"):
        check_validation(1, None)
