import pickle

import pytest

from cxrclf.metrics import Comparison, Estimate


@pytest.mark.parametrize(
    ("p_value", "text"),
    [(0.04321, "p = 0.043"), (0.0001, "p = 0.0001"), (1e-9, "p < 0.0001")],
)
def test_text_has_the_interval_and_the_p_value(p_value, text):
    comparison = Comparison(Estimate(0.25, 0.125, 0.5), 2.0, p_value)
    assert str(comparison) == f"difference 0.250 [0.125, 0.500], {text}"
    assert pickle.loads(pickle.dumps(comparison)) == comparison
    with pytest.raises(AttributeError):
        comparison.p_value = 0.5
