"""The import of matplotlib."""

import sys

import pytest

from cxrclf.exceptions import MissingDependencyError
from cxrclf.inspection._pyplot import import_pyplot


def test_pyplot_is_returned():
    import matplotlib.pyplot

    assert import_pyplot() is matplotlib.pyplot


def test_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependencyError, match=r"cxrclf\[inspection\]"):
        import_pyplot()
