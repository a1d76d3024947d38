import json
from pathlib import Path

import numpy as np
import pytest

from cxrclf.datasets import load_rsna_pneumonia
from cxrclf.datasets._rsna_tables import CLASSES, LABELS, MAPPING

TOP = "rsna-pneumonia-detection-challenge"
TABLES = {
    LABELS: (
        "patientId,x,y,width,height,Target\n0a,,,,,0\n0b,264.0,152.0,213.0,379.0,1\n"
        "0b,562.0,152.0,256.0,453.0,1\n0c,,,,,0\n"
    ),
    CLASSES: (
        "patientId,class\n0c,Normal\n0b,Lung Opacity\n0b,Lung Opacity\n"
        "0a,No Lung Opacity / Not Normal\n"
    ),
}
PATIENTS = [
    {"subset_img_id": "0a", "img_id": "00000013_005.png"},
    {"subset_img_id": "0b", "img_id": "00000013_026.png"},
    {"subset_img_id": "0c", "img_id": "00019124_092.png"},
    {"subset_img_id": "ff", "img_id": "00000002_000.png"},
]
IDS = ["0c", "0b", "0a"]


@pytest.fixture
def rsna(plant):
    """The tree of stage 2, as it is unpacked."""
    plant(*(f"{TOP}/stage_2_train_images/{key}.dcm" for key in ("0a", "0b", "0c")))
    plant(f"{TOP}/stage_2_test_images/0d.dcm", f"{TOP}/stage_2_sample_submission.csv")
    for name, text in TABLES.items():
        plant(f"{TOP}/{name}", text=text)
    return plant() / TOP


def ids(data):
    return [Path(path).stem for path in data.data[:, 0]]


@pytest.fixture
def write_dicom(rsna):
    """Write an image with elements of DICOM."""
    pytest.importorskip("pydicom")
    from dicom_files import dicom, written

    def write(key, **elements):
        image = dicom(np.zeros((2, 2), "uint8"), **elements)
        written(rsna / "stage_2_train_images", image, f"{key}.dcm")

    return write


def test_one_row_per_image_without_patients(rsna):
    for folder in (rsna, rsna.parent):
        data = load_rsna_pneumonia(folder)
        assert ids(data) == IDS
        assert data.target.tolist() == [
            *("Normal", "Lung Opacity", "No Lung Opacity / Not Normal")
        ]
        assert data.groups.tolist() == IDS
    assert data.view is None
    assert data.frame is None
    assert data.left_out == {}
    assert [boxes.shape for boxes in data.boxes] == [(0, 4), (2, 4), (0, 4)]
    assert data.boxes[1].tolist() == [[264, 152, 213, 379], [562, 152, 256, 453]]
    assert " ".join(data.DESCR.split()).startswith(
        f"3 radiographs in {rsna}. Images per class: 'Lung Opacity' 1, 'No Lung "
        "Opacity / Not Normal' 1, 'Normal' 1. Warning: the patients are not known"
    )


def test_patients_of_the_mapping(rsna, plant):
    plant("other.json", text=json.dumps(PATIENTS))
    given = load_rsna_pneumonia(rsna, mapping=rsna.parent / "other.json")
    plant(f"{TOP}/{MAPPING}", text=json.dumps(PATIENTS))
    for data in (given, load_rsna_pneumonia(rsna)):
        assert data.groups.tolist() == ["00019124", "00000013", "00000013"]
        assert "3 radiographs of 2 patients in" in data.DESCR
        assert "Warning" not in data.DESCR


def test_mapping_of_a_part_of_the_images(rsna, plant):
    plant("part.json", text=json.dumps(PATIENTS[1:2]))
    data = load_rsna_pneumonia(rsna, mapping=rsna.parent / "part.json")
    assert data.groups.tolist() == ["0c", "00000013", "0a"]
    assert "Warning: the mapping lacks 2 images" in data.DESCR
    assert "patients" not in data.DESCR


def test_mapping_of_other_images(rsna, plant):
    plant("other.json", text=json.dumps(PATIENTS[3:]))
    with pytest.raises(ValueError, match=r"no image of the tables.*'ff'.*'0c', '0b'"):
        load_rsna_pneumonia(rsna, mapping=rsna.parent / "other.json")
    with pytest.raises(FileNotFoundError, match=r"nowhere\.json"):
        load_rsna_pneumonia(rsna, mapping=rsna / "nowhere.json")


def test_missing_and_unlisted_images(rsna, plant):
    images = rsna / "stage_2_train_images"
    (images / "0b.dcm").unlink()
    plant(f"{TOP}/stage_2_train_images/0e.dcm")
    with pytest.raises(FileNotFoundError, match=r"1 of 3 images .*: '0b'"):
        load_rsna_pneumonia(rsna)
    data = load_rsna_pneumonia(rsna, missing="drop")
    assert ids(data) == ["0c", "0a"]
    assert [len(boxes) for boxes in data.boxes] == [0, 0]
    assert data.left_out == {
        "missing": [str(images / "0b")],
        "unlisted": [str(images / "0e.dcm")],
    }
    with pytest.raises(ValueError, match="missing must be 'raise' or 'drop'"):
        load_rsna_pneumonia(rsna, missing="ignore")


def test_no_image_of_the_tables(rsna):
    for path in (rsna / "stage_2_train_images").iterdir():
        path.rename(path.with_name(f"scan_{path.name}"))
    with pytest.raises(ValueError, match="No image of the tables is in"):
        load_rsna_pneumonia(rsna, missing="drop")


def test_images_in_another_format(rsna):
    for path in (rsna / "stage_2_train_images").iterdir():
        path.rename(path.with_suffix(".png"))
    assert ids(load_rsna_pneumonia(rsna)) == IDS


def test_missing_parts_of_the_data_set(rsna):
    (rsna / LABELS).rename(rsna / "labels.csv")
    with pytest.raises(FileNotFoundError, match=f"No table '{LABELS}'"):
        load_rsna_pneumonia(rsna)
    (rsna / "labels.csv").rename(rsna / LABELS)
    (rsna / "stage_2_train_images").rename(rsna / "images")
    with pytest.raises(FileNotFoundError, match="no folder .*stage_2_train_images"):
        load_rsna_pneumonia(rsna)


def test_folders_that_are_not_the_data_set(rsna, plant):
    with pytest.raises(ValueError, match=rf"holds stage_2_train.*That is '.*{TOP}'"):
        load_rsna_pneumonia(rsna / "stage_2_train_images")
    plant("first/stage_1_train_images/0a.dcm", "first/stage_1_train_labels.csv")
    with pytest.raises(ValueError, match="holds stage_2_train_images"):
        load_rsna_pneumonia(rsna.parent / "first")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        load_rsna_pneumonia(rsna / "nowhere")


def test_views_of_the_headers(rsna, write_dicom):
    write_dicom("0a", ViewPosition="PA")
    write_dicom("0b", ViewPosition="AP")
    write_dicom("0c")
    assert load_rsna_pneumonia(rsna, read_views=True).view.tolist() == [
        *(None, "AP", "PA")
    ]
    pytest.importorskip("pandas")
    data = load_rsna_pneumonia(rsna, read_views=True, as_frame=True)
    assert data.frame.columns.tolist() == ["path", "target", "group", "view"]
    assert data.data.columns.tolist() == ["path"]


def test_frame_without_views(rsna):
    pytest.importorskip("pandas")
    data = load_rsna_pneumonia(rsna, as_frame=True)
    assert data.frame.columns.tolist() == ["path", "target", "group"]


def test_views_without_any_header(rsna, write_dicom):
    for key in IDS:
        write_dicom(key)
    with pytest.raises(ValueError, match="No image has a view in a DICOM header"):
        load_rsna_pneumonia(rsna, read_views=True)
