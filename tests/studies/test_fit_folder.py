"""Folders of trainings have names that all file systems accept."""

from pathlib import Path

import pytest

from cxrclf.studies._fit_folder import fit_folder

RESERVED = {"con", "prn", "aux", "nul", "com1", "lpt9"}
ODD = [
    "efficientnet_lite0 (for VGG16)",
    "../../etc",
    "..",
    "a/b",
    "a\\b",
    "a:b*?",
    "<script>",
    "Netz ä",
    "網",
    "con",
    "NUL.txt",
    "lpt9",
    "trailing.",
    " space ",
    "x" * 300,
    "line\nbreak",
]


@pytest.mark.parametrize("name", ["VGG16", "resnet50.a1_in1k", "a-b_c"])
def test_a_plain_name_remains(name):
    assert fit_folder("out", name, 3) == Path("out", "fits", name, "fold-3")


@pytest.mark.parametrize("name", ODD)
def test_other_names_become_plain(name):
    folder = fit_folder("out", name, 1)
    part = folder.parent.name
    assert folder.parts[:2] == ("out", "fits")
    assert len(folder.parts) == 4
    assert part.isascii()
    assert part.replace("-", "").replace("_", "").replace(".", "").isalnum()
    assert part.split(".")[0].lower() not in RESERVED
    assert not part.endswith((".", " "))
    assert len(part) < 100


def test_different_names_have_different_folders():
    names = [*ODD, "a b", "a_b", "a+b", "a.b", "x" * 301]
    assert len({fit_folder("out", name, 1) for name in names}) == len(names)
