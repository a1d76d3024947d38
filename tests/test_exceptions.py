"""Errors that name what is wrong and its remedy."""

import pickle

from cxrclf.exceptions import ImageReadError


def test_read_errors_show_some_and_keep_all():
    failures = {f"{i}.png": "empty" for i in range(30)}
    error = ImageReadError(failures)
    assert str(error).startswith("30 image files cannot be read")
    assert "and 10 more" in str(error)
    assert error.failures == failures


def test_read_errors_come_back_from_worker_processes():
    error = pickle.loads(pickle.dumps(ImageReadError({"a.png": "is empty"})))
    assert error.failures == {"a.png": "is empty"}
    assert str(error).startswith("1 image file cannot be read")
