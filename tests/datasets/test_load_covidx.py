import json
from pathlib import Path

import pytest

from cxrclf.datasets import load_covidx

TRAIN = """\
2 lancet-case2a.jpg COVID-19 cohen
2 lancet-case2b.jpg COVID-19 cohen
COVID 305 COVID(305).png COVID-19 sirm
0a8d 0a8d.png normal rsna
7c5e 7c5e.png pneumonia rnsa
"""
TEST = """\
419639-003251 MIDRC-RICORD-1C-419639-003251-46647-0.png COVID-19 ricord
9f00 9f00.png normal rsna
"""
IMAGES = (
    *("train/lancet-case2a.jpg", "train/lancet-case2b.jpg", "train/COVID(305).png"),
    *("train/0a8d.png", "train/7c5e.png"),
    *("test/MIDRC-RICORD-1C-419639-003251-46647-0.png", "test/9f00.png"),
)


@pytest.fixture
def root(plant):
    root = plant(*(f"COVIDx/{name}" for name in IMAGES)) / "COVIDx"
    (root / "train_COVIDx9A.txt").write_text(TRAIN)
    (root / "test_COVIDx9A.txt").write_text(TEST)
    return root


def test_parts_sources_and_patients(root):
    data = load_covidx(root.parent)
    paths = [Path(path).relative_to(root).as_posix() for path in data.data[:, 0]]
    assert paths == list(IMAGES)
    assert data.target.tolist() == [
        *("COVID-19", "COVID-19", "COVID-19", "normal", "pneumonia"),
        *("COVID-19", "normal"),
    ]
    assert data.split.tolist() == ["train"] * 5 + ["test"] * 2
    assert data.source.tolist() == [
        *("cohen", "cohen", "sirm", "rsna", "rsna", "ricord", "rsna"),
    ]
    assert data.groups.tolist() == [
        *("cohen/2", "cohen/2", "sirm/COVID 305", "rsna/0a8d", "rsna/7c5e"),
        *("ricord/419639-003251", "rsna/9f00"),
    ]
    assert data.left_out == {}
    assert "train: 'COVID-19' 3, 'normal' 1, 'pneumonia' 1; test: " in data.DESCR
    assert "Pass it as mapping." in data.DESCR


def test_patients_of_the_rsna(root, tmp_path):
    mapping = tmp_path / "mapping.json"
    rows = [
        {"subset_img_id": key, "img_id": f"{nih}_000.png"}
        for key, nih in (("0a8d", "00000001"), ("9f00", "00000001"))
    ]
    mapping.write_text(json.dumps(rows))
    data = load_covidx(root, mapping=mapping)
    assert data.groups[[3, 4, 6]].tolist() == [
        *("rsna/00000001", "rsna/7c5e", "rsna/00000001"),
    ]
    assert "Patients in more than one part (1): 'rsna/00000001'." in data.DESCR
    assert "Warning" not in data.DESCR
    mapping.write_text(json.dumps([{"subset_img_id": "x", "img_id": "00000001_0.png"}]))
    with pytest.raises(ValueError, match="mapping=.* has no image of the lists"):
        load_covidx(root, mapping=mapping)


def test_old_and_new_layouts(plant):
    root = plant("data/train/a.jpg", "data/test/b.jpg", "data/val/c.jpg")
    for part, name in (("train", "a"), ("test", "b"), ("val", "c")):
        (root / f"{part}.txt").write_text(f"1 {name}.jpg positive\n")
    data = load_covidx(root)
    assert data.split.tolist() == ["train", "val", "test"]
    assert data.source.tolist() == [None] * 3
    assert data.groups.tolist() == ["1", "1", "1"]
    assert "Patients in more than one part (1): '1'" in data.DESCR


def test_several_versions(root):
    (root / "labels").mkdir()
    (root / "labels" / "train_COVIDx9B.txt").write_text(TRAIN.splitlines()[0])
    with pytest.raises(ValueError, match="several versions: '9A', '9B'"):
        load_covidx(root)
    data = load_covidx(root, version="9b")
    assert data.target_names == ["COVID-19"]
    assert len(data.left_out["unlisted"]) == 4


def test_missing_images(root):
    (root / "train" / "0a8d.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"1 of 5 images .*'0a8d\.png'"):
        load_covidx(root)
    data = load_covidx(root, missing="drop")
    assert len(data.target) == 6
    assert data.left_out == {"missing": [str(root / "train" / "0a8d.png")]}
    for name in IMAGES:
        (root / name).unlink(missing_ok=True)
    with pytest.raises(ValueError, match="No image of .*9A.txt' is on disk"):
        load_covidx(root, missing="drop")


def test_other_folders(root, plant):
    with pytest.raises(ValueError, match=r"holds train\.txt.* That is '.*COVIDx'"):
        load_covidx(root / "train")
    for name in IMAGES[:5]:
        (root / name).unlink()
    (root / "train").rmdir()
    with pytest.raises(FileNotFoundError, match="no folder '.*train'"):
        load_covidx(root)
    with pytest.raises(ValueError, match="missing must be"):
        load_covidx(root, missing="ignore")
    with pytest.raises(ValueError, match="is not the folder of the data set"):
        load_covidx(plant("other/test_requirements.txt") / "other")


def test_frame(root):
    pytest.importorskip("pandas")
    frame = load_covidx(root, as_frame=True).frame
    assert frame.columns.tolist() == ["path", "target", "split", "group", "source"]
