import json

import pytest

from cxrclf.datasets._rsna_tables import (
    CLASSES,
    LABELS,
    MAPPING,
    read_rsna_patients,
    read_rsna_tables,
)

HEADERS = {LABELS: "patientId,x,y,width,height,Target", CLASSES: "patientId,class"}
TABLES = {
    LABELS: ["a,,,,,0", "b,264.0,152.0,213.0,379.0,1", "b,562,1,2,3,1", "c,,,,,0"],
    CLASSES: [
        *("b,Lung Opacity", "b,Lung Opacity", "c,Normal"),
        "a,No Lung Opacity / Not Normal",
    ],
}


@pytest.fixture
def write(tmp_path):
    """Write both tables, one of them with other lines."""

    def write(name=None, lines=None):
        for table, known in (TABLES | {name: lines} if name else TABLES).items():
            text = "\n".join([HEADERS[table], *known, ""])
            (tmp_path / table).write_text(text, encoding="utf-8")
        return tmp_path

    return write


def test_one_row_per_image_in_the_order_of_the_classes(write):
    rows = read_rsna_tables(write())
    assert [row["filename"] for row in rows] == ["b", "c", "a"]
    assert [row["patient"] for row in rows] == ["b", "c", "a"]
    assert [row["target"] for row in rows] == [
        *("Lung Opacity", "Normal", "No Lung Opacity / Not Normal")
    ]
    boxes = [(264.0, 152.0, 213.0, 379.0), (562.0, 1.0, 2.0, 3.0)]
    assert [row["boxes"] for row in rows] == [boxes, [], []]
    assert {row["reason"] for row in rows} == {None}


def test_repeated_rows_of_a_box_count_once(write):
    root = write(LABELS, TABLES[LABELS][:1] * 2 + TABLES[LABELS][1:] * 2)
    assert [len(row["boxes"]) for row in read_rsna_tables(root)] == [2, 0, 0]


@pytest.mark.parametrize("lost", [(LABELS,), (CLASSES,), (LABELS, CLASSES)])
def test_missing_tables_are_named(write, lost):
    root = write()
    for name in lost:
        (root / name).rename(root / f"{name}.zip")
    with pytest.raises(FileNotFoundError) as caught:
        read_rsna_tables(root)
    named = ", ".join(map(repr, lost))
    assert f"No table {named} in" in str(caught.value)
    assert repr(f"{lost[0]}.zip") in str(caught.value)


@pytest.mark.parametrize("name", [LABELS, CLASSES])
def test_other_columns(write, name):
    root = write()
    (root / name).write_text("id,label\n1,2\n")
    with pytest.raises(ValueError, match=r"no column 'patientid'.*stage 2"):
        read_rsna_tables(root)


def test_unknown_classes(write):
    root = write(CLASSES, ["a,Normal", "b,COVID", "c,normal"])
    with pytest.raises(ValueError, match=r"unknown classes: 'COVID', 'normal'\. Expec"):
        read_rsna_tables(root)


@pytest.mark.parametrize(
    ("name", "lines", "message"),
    [
        (CLASSES, ["a,Normal"], r"1 images with several classes .*: 'a'"),
        (CLASSES, ["d,Normal"], r"1 images that are in one of the tables .*: 'd'"),
        (LABELS, ["d,,,,,0"], r"1 images that are in one of the tables .*: 'd'"),
        (LABELS, ["c,1,2,3,4,1"], r"1 images in .*labels\.csv with rows .*: 'c'"),
    ],
)
def test_tables_that_contradict_each_other(write, name, lines, message):
    with pytest.raises(ValueError, match=message):
        read_rsna_tables(write(name, TABLES[name] + lines))


@pytest.mark.parametrize(
    "line",
    [
        *("c,1,2,3,4,0", "c,,,,,1", "c,1,2,3,,1", "c,1,2,3,x,1", "c,1,2,3,nan,1"),
        *("c,1,2,0,4,1", "c,1,2,3,4,2", "c,,,,,", "c,,,,,2"),
    ],
)
def test_boxes_and_targets_that_do_not_fit(write, line):
    root = write(LABELS, [*TABLES[LABELS][:3], line])
    with pytest.raises(ValueError, match=r"1 images in .* and a box: 'c'"):
        read_rsna_tables(root)


def test_classes_that_do_not_fit_the_targets(write):
    lines = ["a,Lung Opacity", "b,Normal", "c,Normal"]
    with pytest.raises(ValueError, match=r"2 images that are .*: 'a', 'b'"):
        read_rsna_tables(write(CLASSES, lines))


def test_patients(tmp_path):
    rows = [
        {"subset_img_id": "a", "img_id": "00019124_092.png", "orig_labels": ["Mass"]},
        {"subset_img_id": "b", "img_id": "00019124_000.png", "orig_labels": []},
    ]
    path = tmp_path / MAPPING
    path.write_text(json.dumps(rows))
    assert read_rsna_patients(path) == {"a": "00019124", "b": "00019124"}


@pytest.mark.parametrize(
    "content",
    [
        *("", "3", "null", '["a"]', "[1]", '[{"img_id": "1_2.png"}]'),
        '[{"subset_img_id": "a", "img_id": 5}]',
        '{"annotations": []}',
    ],
)
def test_other_files_are_no_mapping(tmp_path, content):
    path = tmp_path / "other.json"
    path.write_text(content)
    with pytest.raises(ValueError, match="must be pneumonia-challenge-dataset"):
        read_rsna_patients(path)


def test_mapping_to_other_names(tmp_path):
    path = tmp_path / MAPPING
    path.write_text('[{"subset_img_id": "a", "img_id": "scan_1.png"}]')
    with pytest.raises(ValueError, match="they begin with 'scan'"):
        read_rsna_patients(path)


def test_missing_mapping(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"Pass the path of {MAPPING}"):
        read_rsna_patients(tmp_path / "nowhere.json")
