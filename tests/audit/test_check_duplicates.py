import numpy as np
import pytest

from cxrclf.audit import _check_duplicates
from cxrclf.audit._check_duplicates import check_duplicates

X = np.zeros((3, 4, 4))


class Duplicates:
    labels = np.array([0, 0, 1])


def test_none_and_labels_and_a_report_stay():
    assert check_duplicates(None, X, 3) is None
    labels = check_duplicates([4, 4, 5], X, 3)
    np.testing.assert_array_equal(labels, [4, 4, 5])
    report = Duplicates()
    assert check_duplicates(report, X, 3) is report


def test_find_searches_with_the_parameters(monkeypatch):
    calls = []

    def find(X, **search):
        calls.append((X, search))
        return "found"

    monkeypatch.setattr(_check_duplicates, "find_duplicates", find)
    assert check_duplicates("find", X, 3, verbose=1) == "found"
    ((images, search),) = calls
    assert images is X
    assert search == {"verbose": 1}


@pytest.mark.parametrize(
    ("duplicates", "message"),
    [
        ("search", "must be 'find', None, the result of find_duplicates .* 'search'"),
        ([0, 0], "belongs to 2 images, and there are 3. Pass the result"),
        (5, "belongs to 1 images, and there are 3"),
    ],
)
def test_bad_values(duplicates, message):
    with pytest.raises(ValueError, match=message):
        check_duplicates(duplicates, X, 3)


def test_flat_rows_name_the_cure():
    with pytest.raises(ValueError, match="flat rows of pixels.*or duplicates=None"):
        check_duplicates("find", X.reshape(3, 16), 3)
