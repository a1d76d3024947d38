import numpy as np
import pytest
from sklearn.utils import Bunch

from cxrclf.datasets._bunch_fields import join_parts, read_bunch


def make(paths="ab", target=("x", "y"), **fields):
    data = np.array([[path] for path in paths], dtype=object)
    return Bunch(data=data, target=np.array(target), **fields)


def test_part_and_its_rows():
    masks = np.array([["m", "n"], ["o", "p"]], dtype=object)
    bunch = make(groups=np.array([3, 4]), age=np.array([20.0, 30.0]), masks=masks)
    part = read_bunch("a", bunch)
    assert part.paths == ["a", "b"]
    assert part.groups.tolist() == ["a/3", "a/4"]
    assert part.has_patients
    taken = part.take([1], np.array(["new"]))
    assert taken.paths == ["b"]
    assert taken.target.tolist() == ["new"]
    assert taken.groups.tolist() == ["a/4"]
    assert taken.masks.tolist() == [["o", "p"]]
    assert taken.fields["age"].tolist() == [30.0]


def test_rows_without_patients_keep_their_ids():
    part = read_bunch("a", make())
    assert not part.has_patients
    assert part.take([1], np.array(["y"])).groups.tolist() == ["a/image1"]


@pytest.mark.parametrize(
    ("one", "other", "joined"),
    [
        (np.array([1, 2]), np.array([3, 4]), [1, 2, 3, 4]),
        (np.array([True, False]), np.array([True, True]), [True, False, True, True]),
        (np.array(["u", "v"]), np.array([1, 2]), ["u", "v", 1, 2]),
        (np.array(["u", "v"]), None, ["u", "v", None, None]),
        (np.array([True, False]), None, [True, False, None, None]),
    ],
)
def test_types_of_fields(one, other, joined):
    parts = {
        name: read_bunch(name, make() if values is None else make(field=values))
        for name, values in {"a": one, "b": other}.items()
    }
    paths, fields = join_parts(parts)
    assert paths == ["a", "b", "a", "b"]
    assert fields["field"].tolist() == joined
    assert fields["masks"] is None
    assert fields["groups"] is None


@pytest.mark.parametrize(
    ("bunch", "message"),
    [
        (Bunch(images=np.zeros((2, 4, 4)), target=[0, 1]), "'a' has no data.*save_im"),
        (Bunch(data=np.zeros((2, 4))), "'a' has no target"),
        (make(target=["x"]), "2 images, and 1 classes"),
        (make() | {"data": np.zeros((2, 4, 4))}, r"\(n, 1\); got shape \(2, 4, 4\)"),
        (make() | {"data": np.zeros((2, 1))}, r"paths as str; got 0\.0"),
        (make(groups=np.array([1])), "groups has 1 values"),
    ],
)
def test_other_bunches(bunch, message):
    with pytest.raises(ValueError, match=message):
        read_bunch("a", bunch)
