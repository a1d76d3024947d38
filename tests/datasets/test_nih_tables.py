import math

import pytest

from cxrclf.datasets._nih_tables import (
    find_nih_table,
    read_nih_boxes,
    read_nih_split,
    read_nih_table,
)

# Headers and first rows of the published tables.
HEADER = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,"
V2020 = HEADER + (
    "Patient Gender,View Position,OriginalImage[Width,Height],"
    "OriginalImagePixelSpacing[x,y]\n"
    "00000001_001.png,Emphysema|Cardiomegaly,1,1,58,M,PA,2894,2729,0.143,0.143\n"
)
V2017 = HEADER + (
    "Patient Gender,View Position,OriginalImage[Width,Height],"
    "OriginalImagePixelSpacing[x,y],\n"
    "00000001_001.png,Cardiomegaly|Emphysema,001,00000001,058Y,M,PA,2894,2729,0.1,0.1,\n"
)
SEX = HEADER + (
    "Patient Sex,View Position,OriginalImage[Width,Height]\n"
    "00000001_001.png,Cardiomegaly|Emphysema,1,1,58,M,PA,2894,2729\n"
)


@pytest.mark.parametrize("text", [V2020, V2017, SEX])
def test_versions_of_the_table(tmp_path, text):
    path = tmp_path / "Data_Entry_2017.csv"
    path.write_text(text)
    assert read_nih_table(path) == [
        {
            "filename": "00000001_001.png",
            "reason": None,
            "target": "Cardiomegaly|Emphysema",
            "patient": "00000001",
            "findings": ["Cardiomegaly", "Emphysema"],
            "view": "PA",
            "sex": "M",
            "age": 58.0,
            "follow_up": 1,
        }
    ]


@pytest.mark.parametrize(
    ("text", "age"),
    [("045Y", 45), ("006M", 0.5), ("0", 0), ("", math.nan), ("old", math.nan)],
)
def test_ages(tmp_path, text, age):
    path = tmp_path / "Data_Entry_2017.csv"
    path.write_text(V2020.replace(",58,", f",{text},"))
    (row,) = read_nih_table(path)
    assert row["age"] == pytest.approx(age, nan_ok=True)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Finding Labels", "Labels", "no column 'finding_labels'.*ChestX-ray14"),
        ("Emphysema|", "Fracture|", r"unknown findings \(1\): 'Fracture'"),
        (",1,1,58", ",1,M1,58", "no numbers as patients .*00000001_001.png"),
    ],
)
def test_other_tables(tmp_path, old, new, message):
    path = tmp_path / "Data_Entry_2017.csv"
    path.write_text(V2020.replace(old, new))
    with pytest.raises(ValueError, match=message):
        read_nih_table(path)


def test_the_newest_table_is_used(plant):
    root = plant("Data_Entry_2017.csv", "sample_labels.csv")
    assert find_nih_table(root).name == "Data_Entry_2017.csv"
    plant("Data_Entry_2017_v2020.csv")
    assert find_nih_table(root).name == "Data_Entry_2017_v2020.csv"
    assert find_nih_table(root / "images") is None


def test_published_lists(tmp_path):
    names = ["a.png", "b.png", "c.png"]
    assert read_nih_split(tmp_path, names) is None
    (tmp_path / "train_val_list.txt").write_text("c.png\na.png\n")
    with pytest.raises(ValueError, match=r"has no 'test_list\.txt'"):
        read_nih_split(tmp_path, names)
    (tmp_path / "test_list.txt").write_text("b.png\r\nother.png\r\n")
    assert read_nih_split(tmp_path, names) == ["train_val", "test", "train_val"]
    (tmp_path / "test_list.txt").write_text("a.png\n")
    with pytest.raises(ValueError, match=r"2 of 3 images .*: 'a\.png', 'b\.png'"):
        read_nih_split(tmp_path, names)


def test_boxes(tmp_path):
    path = tmp_path / "BBox_List_2017.csv"
    text = "Image Index,Finding Label,Bbox [x,y,w,h],,,\n"
    text += "00013118_008.png,Atelectasis,225.08,547.02,86.78,79.19,,,\n"
    text += "00013118_008.png,Infiltrate,1,2,3,4,,,\n"
    text += "00014716_007.png,Atelectasis,686.1,131.54,185.49,313.49,,,\n"
    path.write_text(text)
    assert read_nih_boxes(path) == {
        "00013118_008.png": {
            "Atelectasis": [(225.08, 547.02, 86.78, 79.19)],
            "Infiltration": [(1, 2, 3, 4)],
        },
        "00014716_007.png": {"Atelectasis": [(686.1, 131.54, 185.49, 313.49)]},
    }
    for old, new in (("686.1", ""), ("Infiltrate", "Fracture")):
        path.write_text(text.replace(old, new))
        with pytest.raises(ValueError, match="1 rows without a known finding"):
            read_nih_boxes(path)
