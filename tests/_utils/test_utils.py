"""Small helpers: paths in X, sizes, optional imports."""

from pathlib import Path

import numpy as np
import pytest
from cxrclf._utils.paths import as_paths

from cxrclf._utils.image_size import check_image_size
from cxrclf._utils.optional import import_optional
from cxrclf.exceptions import ImageReadError, MissingDependencyError


@pytest.mark.parametrize(
    "X",
    [
        [["a.png"], ["b.png"]],
        ["a.png", Path("b.png")],
        np.array([["a.png"], ["b.png"]]),
        np.array(["a.png", "b.png"], dtype=object),
    ],
)
def test_paths_in_every_form(X):
    assert as_paths(X).tolist() == ["a.png", "b.png"]


def test_paths_of_a_data_frame_come_from_its_column():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"age": [40, 50], "path": ["a.png", "b.png"]})
    assert as_paths(frame).tolist() == ["a.png", "b.png"]
    assert as_paths(frame["path"]).tolist() == ["a.png", "b.png"]
    assert as_paths(frame[["age"]]) is None
    with pytest.raises(ValueError, match="column named 'path'"):
        as_paths(frame.rename(columns={"path": "file"}))


@pytest.mark.parametrize("X", [np.zeros((2, 3)), [[1, 2]], np.array([[{}]]), []])
def test_other_values_are_not_paths(X):
    assert as_paths(X) is None


def test_paths_of_the_wrong_form_are_refused():
    with pytest.raises(ValueError, match="Put it in a list"):
        as_paths("a.png")
    with pytest.raises(ValueError, match=r"got shape \(1, 2\)"):
        as_paths(np.array([["a.png", "b.png"]]))
    with pytest.raises(TypeError, match="must be str or pathlib.Path, got float"):
        as_paths(np.array(["a.png", 3.0], dtype=object))


def test_image_sizes():
    assert check_image_size(224) == (224, 224)
    assert check_image_size((299, np.int64(331))) == (299, 331)
    for bad in (0, -5, 2.5, (10,), (10, -1), True, "224", None):
        with pytest.raises(ValueError, match="image_size must be a positive int"):
            check_image_size(bad)


def test_a_missing_dependency_names_its_extra():
    with pytest.raises(MissingDependencyError, match=r'pip install "cxrclf\[dicom\]"'):
        import_optional("no_such_package", extra="dicom", purpose="Reading DICOM")


def test_read_errors_show_some_and_keep_all():
    failures = {f"{i}.png": "empty" for i in range(30)}
    error = ImageReadError(failures)
    assert str(error).startswith("30 image files cannot be read")
    assert "and 10 more" in str(error)
    assert error.failures == failures
