"""Warnings point to the code of the user."""

import warnings

import pytest

from cxrclf._utils.user_warnings import warn_user


def call(depth, module):
    """Call `warn_user` through functions of a module of the given name."""
    source = "def f(depth):\n    f(depth - 1) if depth else warn('text', Category)"
    names = {"__name__": module, "warn": warn_user, "Category": FutureWarning}
    exec(compile(source, "library.py", "exec"), names)
    names["f"](depth)


@pytest.mark.parametrize("depth", [0, 1, 5])
@pytest.mark.parametrize("module", ["cxrclf.images._paths", "sklearn.base"])
def test_a_warning_names_the_line_outside_the_library(module, depth):
    with pytest.warns(FutureWarning, match="text") as caught:
        call(depth, module)
    assert [warning.filename for warning in caught] == [__file__]


def test_a_module_of_a_similar_name_is_the_users():
    with pytest.warns(FutureWarning) as caught:
        call(1, "cxrclfish")
    assert [warning.filename for warning in caught] == ["library.py"]


def test_an_error_filter_applies():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="text"):
            warn_user("text")
