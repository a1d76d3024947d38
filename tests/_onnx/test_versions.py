"""The optional packages of ONNX."""

import importlib.util
from importlib.metadata import version

import pytest

from cxrclf._onnx import versions
from cxrclf.exceptions import MissingDependencyError


@pytest.mark.parametrize("missing", ["onnx", "onnxruntime", "onnxscript"])
def test_all_packages_are_needed(missing, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: None if name == missing else find(name),
    )
    assert versions.is_available.__wrapped__() is False


def test_a_missing_package_is_named(monkeypatch):
    def import_module(name):
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(importlib, "import_module", import_module)
    with pytest.raises(MissingDependencyError, match=r"A graph needs .*cxrclf\[fast\]"):
        versions.require("A graph")


def test_an_old_torch(monkeypatch):
    monkeypatch.setattr(versions, "_torch_version", lambda: (2, 8))
    assert versions.is_available.__wrapped__() is False
    with pytest.raises(MissingDependencyError, match=r"A graph needs torch 2\.9 or"):
        versions.require("A graph")


def test_versions_of_the_export():
    found = versions.export_versions()
    assert found["torch"] == version("torch")
    assert {"cxrclf", "onnx", "onnxscript", "timm"} < set(found)
