"""The house keeps its promises: layers, light import, public names."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

import cxrclf

ROOT = Path(__file__).parents[1]


def test_subpackages_import_downwards_only(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert lint_imports(no_cache=True) == 0, capsys.readouterr().out


def run_python(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


def test_import_loads_no_torch_until_an_estimator_is_asked_for():
    code = (
        "import sys, cxrclf; print(any(m in sys.modules for m in "
        "('torch', 'sklearn', 'numpy', 'PIL')));"
        "cxrclf.CXRClassifier; print('torch' in sys.modules)"
    )
    assert run_python(code).split() == ["False", "True"]


@pytest.mark.parametrize("subpackage", ["images", "masks", "datasets", "metrics"])
def test_subpackages_without_torch_load_none(subpackage):
    code = f"import sys, cxrclf.{subpackage}; print('torch' in sys.modules)"
    assert run_python(code).split() == ["False"]


def test_public_names_exist():  # ruff sees that they are sorted
    assert cxrclf.__all__[:2] == ["Augmentation", "CXRClassifier"]
    assert cxrclf._PUBLIC.keys() <= set(dir(cxrclf))
    for subpackage in cxrclf._SUBPACKAGES:
        module = import_module(f"cxrclf.{subpackage}")
        for name in module.__all__:
            assert getattr(module, name).__doc__, f"cxrclf.{subpackage}.{name}"
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        cxrclf.nonsense  # noqa: B018
