import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from cxrclf.datasets import combine, load_nih_chest_xray

TABLE = """\
Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,\
View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]
00000001_000.png,Cardiomegaly,0,1,57,M,PA,2682,2749,0.143,0.143
00000001_001.png,Emphysema|Cardiomegaly,1,1,58,M,PA,2894,2729,0.143,0.143
00000002_000.png,No Finding,0,2,80,M,AP,2500,2048,0.171,0.171
00000003_000.png,Hernia,0,3,74,F,PA,2500,2048,0.168,0.168
"""
IMAGES = (
    *("images_001/images/00000001_000.png", "images_001/images/00000001_001.png"),
    *("images_012/images/00000002_000.png", "images_012/images/00000003_000.png"),
)


@pytest.fixture
def root(plant):
    root = plant(*(f"nih/{name}" for name in IMAGES)) / "nih"
    (root / "Data_Entry_2017_v2020.csv").write_text(TABLE)
    (root / "train_val_list.txt").write_text("00000001_000.png\n00000001_001.png\n")
    (root / "test_list.txt").write_text("00000002_000.png\n00000003_000.png\n")
    return root


def test_findings_patients_and_parts(root):
    data = load_nih_chest_xray(root.parent)
    assert [Path(p).relative_to(root).as_posix() for p in data.data[:, 0]] == list(
        IMAGES
    )
    assert data.target.tolist() == [
        *("Cardiomegaly", "Cardiomegaly|Emphysema", "No Finding", "Hernia"),
    ]
    found = [
        [name for name, found in zip(data.finding_names, row, strict=True) if found]
        for row in data.findings
    ]
    assert found == [["Cardiomegaly"], ["Cardiomegaly", "Emphysema"], [], ["Hernia"]]
    assert data.findings.shape == (4, 14)
    assert data.groups.tolist() == ["00000001", "00000001", "00000002", "00000003"]
    assert data.split.tolist() == ["train_val", "train_val", "test", "test"]
    assert data.view.tolist() == ["PA", "PA", "AP", "PA"]
    assert data.sex.tolist() == ["M", "M", "M", "F"]
    assert data.age.tolist() == [57, 58, 80, 74]
    assert data.follow_up.tolist() == [0, 1, 0, 0]
    assert data.left_out == {}
    text = " ".join(data.DESCR.split())
    assert text == (
        f"4 radiographs of 3 patients in {root}. Images per finding: 'Cardiomegaly' 2, "
        "'Emphysema' 1, 'Hernia' 1. Images without a finding: 1. Images per part: "
        "'test' 2, 'train_val' 2."
    )


def test_boxes(root):
    assert load_nih_chest_xray(root).boxes is None
    (root / "BBox_List_2017.csv").write_text(
        "Image Index,Finding Label,Bbox [x,y,w,h],,,\n"
        "00000003_000.png,Hernia,1.5,2,3,4,,,\n"
    )
    data = load_nih_chest_xray(root)
    assert data.boxes[:3] == [{}, {}, {}]
    assert data.boxes[3]["Hernia"].tolist() == [[1.5, 2, 3, 4]]
    assert data.left_out == {}


def test_files_of_an_editor_and_other_case_of_names(root):
    for name in ("train_val_list.txt", "test_list.txt"):
        text = (root / name).read_text().replace(".png", ".PNG")
        (root / name).write_text(text, encoding="utf-8-sig", newline="\r\n")
    (root / "BBox_List_2017.csv").write_text(
        "Image Index,Finding Label,Bbox [x,y,w,h],,,\n"
        "00000003_000.PNG,Hernia,1.5,2,3,4,,,\n",
        encoding="utf-8-sig",
    )
    data = load_nih_chest_xray(root)
    assert data.split.tolist() == ["train_val", "train_val", "test", "test"]
    assert data.boxes[3]["Hernia"].tolist() == [[1.5, 2, 3, 4]]


def test_without_lists(root):
    (root / "train_val_list.txt").unlink()
    (root / "test_list.txt").unlink()
    data = load_nih_chest_xray(root)
    assert data.split is None
    assert "per part" not in data.DESCR


def test_missing_images(root):
    for name in IMAGES[:3]:
        (root / name).unlink()
    with pytest.raises(FileNotFoundError, match=r"3 of 4 images .*'00000001_000\.png'"):
        load_nih_chest_xray(root)
    data = load_nih_chest_xray(root, missing="drop")
    assert data.target.tolist() == ["Hernia"]
    assert len(data.left_out["missing"]) == 3
    (root / IMAGES[3]).unlink()
    with pytest.raises(ValueError, match=r"No image of .*v2020\.csv' is on disk"):
        load_nih_chest_xray(root, missing="drop")


def test_other_folders(root):
    with pytest.raises(ValueError, match=r"holds Data_Entry.* That is '.*nih'"):
        load_nih_chest_xray(root / "images_001")
    with pytest.raises(ValueError, match="missing must be"):
        load_nih_chest_xray(root, missing=None)


def test_selected_classes(root):
    data = combine(
        {"nih": load_nih_chest_xray(root)},
        label_map={"nih": {"No Finding": "normal", "Hernia": "hernia"}},
    )
    assert data.target.tolist() == ["normal", "hernia"]
    assert data.age.tolist() == [80, 74]


def test_frame(root):
    pytest.importorskip("pandas")
    frame = load_nih_chest_xray(root, as_frame=True).frame
    assert frame.columns.tolist() == [
        *("path", "target", "split", "group", "view", "sex", "age", "follow_up"),
    ]


def test_real_radiographs(tmp_path):
    folder = Path(__file__).parents[2].parent / "shared" / "data" / "nih64"
    if not folder.is_dir():
        pytest.skip("real radiographs (../shared/data/nih64) are not here")
    # A small copy of the set, which has a table of its own.
    with open(folder / "labels.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    names = {
        "image": "Image Index",
        "finding_labels": "Finding Labels",
        "follow_up": "Follow-up #",
        "patient_id": "Patient ID",
        "patient_age": "Patient Age",
        "patient_sex": "Patient Gender",
        "view": "View Position",
    }
    with open(tmp_path / "Data_Entry_2017.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names.values())
        writer.writerows([row[name] for name in names] for row in rows)
    try:
        (tmp_path / "images").symlink_to(folder / "images", target_is_directory=True)
    except OSError:
        pytest.skip("links to folders cannot be made here")
    data = load_nih_chest_xray(tmp_path)
    assert len(data.target) == 1000
    assert len(set(data.groups)) == 264
    counts = Counter(name for row in rows for name in row["finding_labels"].split("|"))
    assert (data.findings.any(axis=1) == (data.target != "No Finding")).all()
    for name, column in zip(data.finding_names, data.findings.T, strict=True):
        assert column.sum() == counts[name]
    numbers = [re.findall(r"\d+", Path(path).stem)[0] for path in data.data[:, 0]]
    assert data.groups.tolist() == numbers
