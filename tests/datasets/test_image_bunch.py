"""The form in which readers of files return what they found."""

import sys

import numpy as np
import pandas as pd
import pytest

from cxrclf.datasets._image_bunch import import_pandas, make_image_bunch
from cxrclf.exceptions import MissingDependencyError

PATHS = ["b.png", "a.png"]
LEFT_OUT = {"hidden": ["x/.a"]}


def fields():
    return {
        "target": np.array(["tb", "normal"]),
        "groups": np.array(["p2", "p1"]),
        "masks": {"left": ["l2", "l1"], "right": ["r2", "r1"]},
        "age": None,
    }


def test_arrays():
    bunch = make_image_bunch(PATHS, fields(), "Two images.", LEFT_OUT, None)
    assert bunch.data.dtype == object
    assert bunch.data.tolist() == [["b.png"], ["a.png"]]
    assert bunch.target.tolist() == ["tb", "normal"]
    assert bunch.target_names == ["normal", "tb"]
    assert bunch.masks.tolist() == [["l2", "r2"], ["l1", "r1"]]
    assert bunch.groups.tolist() == ["p2", "p1"]
    assert bunch.age is None
    assert bunch.frame is None
    assert bunch.DESCR == "Two images.\nLeft out: 1 hidden ('.a')."
    assert bunch.left_out == LEFT_OUT


def test_frames():
    bunch = make_image_bunch(PATHS, fields(), "Two images.", {}, pd)
    assert list(bunch.frame.columns) == ["path", "target", "group", "left", "right"]
    assert list(bunch.data.columns) == ["path"]
    assert list(bunch.masks.columns) == ["left", "right"]
    assert bunch.target.name == "target"
    assert bunch.groups.tolist() == ["p2", "p1"]


def test_pandas_is_imported_where_a_frame_is_wanted(monkeypatch):
    assert import_pandas(False, "load") is None
    assert import_pandas(True, "load") is pd
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingDependencyError, match=r"load\(as_frame=True\) needs"):
        import_pandas(True, "load")


def test_a_sentence_per_line_and_long_sentences_in_several():
    path = "folder/" + "x" * 90
    counts = ", ".join(f"class-{n} {n}" for n in range(12))
    text = f"Images in {path}. Images per class: {counts}."
    lines = make_image_bunch(PATHS, fields(), text, {}, None).DESCR.split("\n")
    assert lines[:2] == ["Images in", f"{path}."]
    assert [len(line) <= 88 for line in lines] == [True, False, True, True]
    assert " ".join(lines) == text
