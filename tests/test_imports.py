"""Imports: nothing private to another subpackage, and no side effects."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import cxrclf

SOURCE = Path(cxrclf.__file__).parent
SUBPACKAGES = sorted(path.parent.name for path in SOURCE.glob("*/__init__.py"))
# What importing scikit-learn, torch and timm changes.
OF_DEPENDENCIES = "KMP_INIT_AT_FORK", "KMP_DUPLICATE_LIB_OK", "TORCHINDUCTOR_CACHE_DIR"


def imported_names(path):
    """Return the dotted names that a module imports."""
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    return names


def private_imports(path):
    """Return the names private to other subpackages that a module imports."""
    subpackage = path.relative_to(SOURCE).parts[0]
    found = []
    for name in imported_names(path):
        parts = name.split(".")
        if parts[0] == "cxrclf" and len(parts) > 2 and parts[1] != subpackage:
            # A private subpackage as a whole is for all; its `_names` are not.
            found += [name for part in parts[2:] if part.startswith("_")]
    return found


@pytest.mark.parametrize(
    "path", sorted(SOURCE.rglob("*.py")), ids=lambda p: str(p.relative_to(SOURCE))
)
def test_no_module_imports_what_is_private_to_another_subpackage(path):
    assert private_imports(path) == []


def test_a_private_import_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "SOURCE", tmp_path)
    path = tmp_path / "metrics" / "_scorers.py"
    path.parent.mkdir()
    path.write_text(
        "import cxrclf.images._pillow\n"
        "from cxrclf.images import _dicom, read_image\n"
        "from cxrclf.metrics._scorers import scorers\n"
        "from cxrclf._utils.files import _lock, new_file\n"
    )
    assert private_imports(path) == [
        "cxrclf.images._pillow",
        "cxrclf.images._dicom",
        "cxrclf._utils.files._lock",
    ]


def test_imports_change_no_environment_and_no_disk(tmp_path):
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("CXRCLF_SESSION_FOLDER", "OMP_WAIT_POLICY", *OF_DEPENDENCIES)
    }
    code = (
        "import importlib, os, pkgutil; before = dict(os.environ)\n"
        "import cxrclf\n"
        "for module in pkgutil.walk_packages(cxrclf.__path__, 'cxrclf.'):\n"
        "    importlib.import_module(module.name)\n"
        f"for name in {OF_DEPENDENCIES!r}: os.environ.pop(name, None)\n"
        "assert dict(os.environ) == before, set(os.environ) ^ set(before)\n"
    )
    subprocess.run(
        [sys.executable, "-B", "-c", code],
        env={**environment, "TMPDIR": str(tmp_path)},
        check=True,
    )
    left = [path.name for path in tmp_path.iterdir()]
    # torch makes this folder when torchvision is imported.
    assert [name for name in left if not name.startswith("torchinductor")] == []


def imports_torch(subpackage):
    return any(
        name.split(".")[0] in ("torch", "skorch", "timm", "torchvision")
        for path in (SOURCE / subpackage).rglob("*.py")
        for name in imported_names(path)
    )


@pytest.mark.parametrize(
    "subpackage", [s for s in SUBPACKAGES if s != "_torch" and imports_torch(s)]
)
def test_torch_is_imported_by_the_module_that_sets_its_policy(subpackage):
    first = next(
        node
        for node in ast.parse((SOURCE / subpackage / "__init__.py").read_text()).body
        if isinstance(node, (ast.Import, ast.ImportFrom))
    )
    assert ast.unparse(first) == "import cxrclf._torch"
