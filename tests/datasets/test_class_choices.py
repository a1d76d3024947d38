import numpy as np
import pytest
from sklearn.utils import Bunch

from cxrclf.datasets._bunch_fields import read_bunch
from cxrclf.datasets._class_choices import (
    check_n_images,
    drop_not_drawn,
    select_classes,
)


@pytest.fixture
def parts():
    data = np.array([["1"], ["2"], ["3"]], dtype=object)
    bunch = Bunch(data=data, target=np.array(["x", "y", "x"]))
    return {name: read_bunch(name, bunch) for name in "ab"}


def test_selected_classes(parts):
    chosen, unlisted = select_classes(parts, {"a": {"x": "z"}})
    assert chosen["a"].paths == ["1", "3"]
    assert chosen["a"].target.tolist() == ["z", "z"]
    assert chosen["b"] is parts["b"]
    assert unlisted == ["2"]
    assert select_classes(parts, None) == (parts, [])


def test_numbers_of_images(parts):
    assert check_n_images(None, parts) == {}
    assert check_n_images({"a": {"x": 2}}, parts) == {"a": {"x": 2}}
    for wrong in (0, 1.5, "2"):
        with pytest.raises(ValueError, match=r"n_images\['a'\]\['x'\]"):
            check_n_images({"a": {"x": wrong}}, parts)
    with pytest.raises(TypeError, match="dict of classes per data set"):
        check_n_images({"a": 3}, parts)


def test_only_rows_without_a_reason_are_drawn():
    fields = {"source": np.array(["a"] * 6), "target": np.array(["x"] * 5 + ["y"])}
    reasons = np.array(["", "copy", "", "", "", ""], dtype=object)
    drop_not_drawn({"a": {"x": 3}}, fields, reasons, seed=0)
    assert (reasons[:5] == "draw").sum() == 1
    assert reasons[1] == "copy"
    assert reasons[5] == ""
    with pytest.raises(ValueError, match=r"4 images .* more than the 3 images"):
        drop_not_drawn({"a": {"x": 4}}, fields, reasons, seed=0)
