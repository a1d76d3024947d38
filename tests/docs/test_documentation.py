"""What the documentation shows runs, and what is public is in it."""

import doctest
import re
from importlib import import_module
from pathlib import Path

import pytest

import cxrclf
from cxrclf.losses import MaskLoss
from cxrclf.nets import default_image_size
from cxrclf.nets._names import _ALIASES, resolve_name

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [
    DOCS / "index.rst",
    *sorted(DOCS.glob("user_guide/*.rst")),
    *sorted(DOCS.glob("how_to/*.rst")),
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pages_run_as_they_stand(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    result = doctest.testfile(str(page), module_relative=False, optionflags=options)
    assert result.failed == 0


def test_code_of_the_readme_runs_in_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 2
    names = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)


@pytest.mark.parametrize("subpackage", cxrclf._SUBPACKAGES)
def test_reference_has_all_public_names(subpackage):
    page = (DOCS / "api" / f"{subpackage}.rst").read_text(encoding="utf-8")
    listed = re.findall(r"^   (\w+)$", page, re.MULTILINE)
    assert listed == import_module(f"cxrclf.{subpackage}").__all__


@pytest.mark.parametrize("name", MaskLoss.kinds)
def test_every_mask_loss_is_documented(name):
    page = (DOCS / "user_guide" / "segmentation.rst").read_text(encoding="utf-8")
    assert f'``"{name}"``' in page
    assert f'``"{name}"``' in MaskLoss.__doc__
    described = re.search(r"\n    loss : {(.*?)}", cxrclf.UNetSegmenter.__doc__, re.S)
    assert f'"{name}"' in described[1]


def test_table_of_backbones_is_that_of_the_code():
    page = (DOCS / "user_guide" / "classification.rst").read_text(encoding="utf-8")
    rows = re.findall(r"^``(\w+)`` +(\S+) +(\d+)$", page, re.MULTILINE)
    assert {name.lower() for name, _, _ in rows} == set(_ALIASES)
    for name, in_timm, side in rows:
        assert resolve_name(name) == in_timm
        assert default_image_size(name) == (int(side), int(side))
