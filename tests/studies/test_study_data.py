"""The table of the images survives any name."""

import csv

import numpy as np
import pytest

from cxrclf.studies import StudyData

NAMES = ["a,b.png", 'quote".png', "line\nbreak.png", "ä <script>.png", "bad \udce4.png"]
Y = np.array(["1", "<b>", "a,b", "ü", "c\r\nd"])


@pytest.mark.parametrize("groups", [None, np.array(["1", "01", "p,1", "", "p\n"])])
def test_a_saved_table_is_the_same(tmp_path, groups):
    data = StudyData(NAMES, Y, groups)
    data.to_csv(tmp_path / "data.csv")
    found = StudyData.from_csv(tmp_path / "data.csv")
    assert found.names == NAMES
    assert found.y.tolist() == Y.tolist()
    if groups is None:
        assert found.groups is None
    else:
        assert found.groups.tolist() == groups.tolist()


def test_the_file_is_a_table_for_people(tmp_path):
    data = StudyData(["row 0", "row 1"], np.array(["a", "b"]), np.array(["p1", "p1"]))
    data.to_csv(tmp_path / "data.csv")
    with open(tmp_path / "data.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["name", "class", "patient"],
        ["row 0", "a", "p1"],
        ["row 1", "b", "p1"],
    ]
    assert len(data) == 2
    assert repr(data) == "<StudyData of 2 images, 1 patients>"
