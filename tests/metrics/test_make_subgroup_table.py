"""Computation of the table of subgroups. test_score_subgroups.py has the numbers."""

import numpy as np
import pytest

from cxrclf.metrics import Predictions
from cxrclf.metrics._make_subgroup_table import make_subgroup_table


def test_columns_are_in_the_order_of_the_predictions():
    y_true = np.tile(["a", "b"], 20)
    site = np.repeat(["x", "y"], 20)
    y_pred = np.where(site == "x", y_true, "a")
    found = Predictions(y_true, y_pred, rows=np.arange(40)[::-1])
    table = make_subgroup_table(found, {"site": site}, scores="accuracy")
    assert table.interval("site", "x", "accuracy").value == 1
    assert table.interval("site", "y", "accuracy").value == 0.5
    with pytest.raises(ValueError, match=r"shape \(40,\), got shape \(39,\)"):
        make_subgroup_table(found, {"site": site[:39]})
