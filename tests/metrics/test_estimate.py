import pickle

import numpy as np

from cxrclf.metrics import Estimate


def test_estimate_is_a_tuple_that_formats_its_numbers():
    estimate = Estimate(0.914, 0.85, np.nan)
    assert estimate[:2] == (0.914, 0.85)
    assert f"{estimate:.2f}" == "0.91 [0.85, nan]"
    assert f"{estimate}" == str(estimate)
    assert f"{Estimate(-0.25, -0.5, 0.1):+.1%}" == "-25.0% [-50.0%, +10.0%]"
    assert pickle.loads(pickle.dumps(estimate))._fields == ("value", "low", "high")
