import pytest

from cxrclf.datasets._punn_lists import read_punn_lists

# Lines of the published lists, with an image in two parts.
TRAIN = """\
filename,label
07afb190-e345-418c-8bd8-ca864b11b6d1.jpg,0
0a9fd225-a33a-47de-849e-156933b21296.jpg,2
1B734A89-A1BF-49A8-A1D3-66FAFA4FAC5D.jpeg,1
MCUCXR_0282_1.png,3
6b44464d-73a7-4cf3-bbb6-ffe7168300e3.annot.original.jpeg,1
"""
OTHERS = {
    "validation": "filename,label\nMCUCXR_0054_0.png,0\n",
    "test": "filename,label\n0a9fd225-a33a-47de-849e-156933b21296.jpg,2\n",
}


@pytest.fixture
def root(tmp_path):
    for name, text in {"train": TRAIN, **OTHERS}.items():
        (tmp_path / f"{name}.csv").write_text(text)
    return tmp_path


def test_classes_sources_and_parts(root):
    rows = read_punn_lists(root)
    found = [(row["target"], row["source"], row["split"]) for row in rows]
    assert found == [
        ("normal", "rsna", "train"),
        ("pneumonia", "rsna", "train"),
        ("covid", "cohen", "train"),
        ("tuberculosis", "montgomery", "train"),
        ("covid", "cohen", "train"),
        ("normal", "montgomery", "val"),
        ("pneumonia", "rsna", "test"),
    ]
    assert rows[1]["stem"] == "0a9fd225-a33a-47de-849e-156933b21296"
    assert rows[3]["id"] == "MCUCXR_0282"


def test_other_lists(root):
    (root / "test.csv").write_text(OTHERS["test"].replace(",2", ",0"))
    with pytest.raises(ValueError, match=r"several labels .*\(1\): '0a9fd225"):
        read_punn_lists(root)
    (root / "test.csv").write_text(OTHERS["test"].replace(",2", ",4"))
    with pytest.raises(ValueError, match="has the label '4' of '0a9fd225"):
        read_punn_lists(root)
    (root / "test.csv").write_text("name,label\na.jpg,0\n")
    with pytest.raises(ValueError, match=r"no column 'filename'.*nspunn1993"):
        read_punn_lists(root)
    (root / "test.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"No list 'test\.csv'"):
        read_punn_lists(root)
