"""Optional dependencies, and the extras that provide them."""

import math
import sys

import pytest

from cxrclf._utils.optional import import_optional
from cxrclf.exceptions import MissingDependencyError


def test_a_missing_dependency_names_its_extra():
    with pytest.raises(MissingDependencyError, match=r'pip install "cxrclf\[dicom\]"'):
        import_optional("no_such_package", extra="dicom", purpose="Reading DICOM")
    with pytest.raises(MissingDependencyError, match="^Reading needs no_such_package,"):
        import_optional("no_such_package.part", extra="dicom", purpose="Reading")


def test_a_module_that_is_installed_is_returned():
    assert import_optional("math", extra="dicom", purpose="Counting") is math


def test_an_import_that_fails_inside_the_module_is_not_explained_away(
    tmp_path, monkeypatch
):
    (tmp_path / "broken_package.py").write_text("import no_such_package")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="no_such_package") as caught:
        import_optional("broken_package", extra="dicom", purpose="Reading")
    assert not isinstance(caught.value, MissingDependencyError)
    assert "broken_package" not in sys.modules
