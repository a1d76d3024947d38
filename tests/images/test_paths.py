"""Which values of X are paths of image files."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cxrclf.images import find_paths


@pytest.mark.parametrize(
    "X",
    [
        [["a.png"], ["b.png"]],
        ["a.png", Path("b.png")],
        ("a.png", "b.png"),
        np.array([["a.png"], ["b.png"]]),
        np.array(["a.png", "b.png"], dtype=object),
        np.array([["a.png"], [Path("b.png")]], dtype=object),
        pd.Series(["a.png", "b.png"], index=[7, 3]),
        pd.Series(["a.png", "b.png"], dtype="string"),
        pd.Index(["a.png", "b.png"]),
    ],
)
def test_paths_in_every_form(X):
    paths = find_paths(X)
    assert paths.dtype == object
    assert [str(path) for path in paths] == ["a.png", "b.png"]


def test_the_objects_themselves_are_returned():
    class Marked(str):
        augmentation = "flip"

    path = Marked("a.png")
    for X in ([path, "b.png"], np.array([[path], ["b.png"]], dtype=object)):
        assert find_paths(X)[0] is path


def test_paths_of_a_data_frame_come_from_its_column():
    frame = pd.DataFrame({"age": [40, 50], "path": ["a.png", "b.png"]})
    assert find_paths(frame).tolist() == ["a.png", "b.png"]
    assert find_paths(frame["path"]).tolist() == ["a.png", "b.png"]
    assert find_paths(frame[["age"]]) is None
    with pytest.raises(ValueError, match="column named 'path'"):
        find_paths(frame.rename(columns={"path": "file"}))


@pytest.mark.parametrize(
    "X", [np.zeros((2, 3)), [[1, 2]], np.array([[{}]]), [], None, 3, np.zeros(0)]
)
def test_other_values_are_not_paths(X):
    assert find_paths(X) is None


def test_paths_of_the_wrong_form_are_refused():
    with pytest.raises(ValueError, match="Put it in a list"):
        find_paths("a.png")
    with pytest.raises(ValueError, match=r"Put it in a list: \['a.png'\]"):
        find_paths(Path("a.png"))
    with pytest.raises(ValueError, match=r"got shape \(1, 2\)"):
        find_paths(np.array([["a.png", "b.png"]]))
    with pytest.raises(TypeError, match="must be str or pathlib.Path, got float"):
        find_paths(np.array(["a.png", 3.0], dtype=object))


@pytest.mark.parametrize("missing", [None, np.nan, float("nan"), pd.NA, "", " "])
@pytest.mark.parametrize("row", [0, 2])
@pytest.mark.parametrize(
    "form",
    [
        list,
        lambda paths: [[path] for path in paths],
        lambda paths: np.array(paths, dtype=object),
        lambda paths: np.array(paths, dtype=object)[:, None],
        pd.Series,
        lambda paths: pd.DataFrame({"age": range(4), "path": paths}),
    ],
)
def test_a_missing_path_is_named(form, row, missing):
    paths = ["a.png", "b.png", "c.png", "d.png"]
    paths[row] = missing
    message = f"no path in 1 of 4 rows. The first is row {row}.*fill in the paths"
    with pytest.raises(ValueError, match=message):
        find_paths(form(paths))


def test_the_index_of_a_missing_path_is_named():
    frame = pd.DataFrame({"path": ["a.png", None, "b.png", None]}, index=list("pqrs"))
    with pytest.raises(
        ValueError, match="in 2 of 4 rows. The first is row 1, index 'q'"
    ):
        find_paths(frame)


@pytest.mark.parametrize("empty", [np.nan, None, pd.NA])
def test_a_column_without_any_path_is_named(empty):
    with pytest.raises(ValueError, match="no path in 3 of 3 rows"):
        find_paths(pd.DataFrame({"path": [empty] * 3}))


def test_a_column_of_numbers_is_no_column_of_paths():
    with pytest.raises(TypeError, match="must be str or pathlib.Path, got int"):
        find_paths(pd.DataFrame({"path": [1, 2]}))
