from pathlib import Path

import numpy as np
import pytest

from cxrclf.datasets import load_montgomery

PARTS = ("CXR_png", "ManualMask/leftMask", "ManualMask/rightMask")
READING = "MontgomerySet/ClinicalReadings/{}.txt"


@pytest.fixture
def montgomery(plant):
    for stem in ("MCUCXR_0001_0", "MCUCXR_0113_1", "MCUCXR_0117_1", "MCUCXR_0200_1"):
        plant(*(f"MontgomerySet/{part}/{stem}.png" for part in PARTS))
    plant(
        READING.format("MCUCXR_0001_0"),
        text="Patient's Sex: F \nPatient's Age: 027Y\nnormal",
    )
    plant(
        READING.format("MCUCXR_0117_1"),
        text="Patient's Sex: M \nPatient's Age: 085Y\n"
        "off Rx since 6M (same pt as MCUCXR_0113_1)",
    )
    plant(
        "MontgomerySet/CXR_png/Thumbs.db", "MontgomerySet/CXR_png/._MCUCXR_0001_0.png"
    )
    return plant("__MACOSX/MontgomerySet/CXR_png/._MCUCXR_0001_0.png") / "MontgomerySet"


def test_images_classes_and_both_masks(montgomery):
    data = load_montgomery(montgomery)
    assert [Path(path).stem for path in data.data[:, 0]] == [
        "MCUCXR_0001_0",
        "MCUCXR_0113_1",
        "MCUCXR_0117_1",
        "MCUCXR_0200_1",
    ]
    assert data.target.tolist() == ["normal", *["tuberculosis"] * 3]
    assert data.target_names == ["normal", "tuberculosis"]
    assert data.masks.shape == (4, 2)
    for image, left, right in zip(data.data[:, 0], *data.masks.T, strict=True):
        assert Path(left) == montgomery / "ManualMask/leftMask" / Path(image).name
        assert Path(right) == montgomery / "ManualMask/rightMask" / Path(image).name
    assert "4 radiographs, 1 normal and 3 with tuberculosis, of 3 pat" in data.DESCR
    assert "Left out: 2 hidden ('._MCUCXR_0001_0.png', 'Thumbs.db')." in data.DESCR
    assert [len(paths) for paths in data.left_out.values()] == [2]


def test_readings_tell_sex_age_and_who_is_the_same(montgomery):
    data = load_montgomery(montgomery)
    assert data.sex.tolist() == ["F", None, "M", None]
    np.testing.assert_array_equal(data.age, [27, np.nan, 85, np.nan])
    assert data.groups.tolist() == [
        "MCUCXR_0001",
        "MCUCXR_0113",
        "MCUCXR_0113",
        "MCUCXR_0200",
    ]


def test_patients_join_along_chains(montgomery, plant):
    plant(READING.format("MCUCXR_0200_1"), text="same patient as MCUCXR_0117_1")
    plant(READING.format("MCUCXR_0001_0"), text="(same pt as MCUCXR_0300_1)")
    groups = load_montgomery(montgomery).groups.tolist()
    assert groups == ["MCUCXR_0001", *["MCUCXR_0113"] * 3]


def test_without_readings(montgomery):
    for file in (montgomery / "ClinicalReadings").iterdir():
        file.unlink()
    data = load_montgomery(montgomery)
    assert data.sex.tolist() == [None] * 4
    assert np.isnan(data.age).all()
    assert len(set(data.groups)) == 4


def test_readings_in_another_encoding(montgomery):
    text = "Patient's Sex: M\nPatient's Age: 050Y\nbéni".encode("latin-1")
    (montgomery / "ClinicalReadings" / "MCUCXR_0200_1.txt").write_bytes(text)
    assert load_montgomery(montgomery).age[3] == 50


def test_frame(montgomery):
    pytest.importorskip("pandas")
    data = load_montgomery(montgomery, as_frame=True)
    assert data.frame.columns.tolist() == [
        *("path", "target", "left_mask", "right_mask", "group", "sex", "age")
    ]
    assert data.masks.columns.tolist() == ["left_mask", "right_mask"]
    assert data.data.columns.tolist() == ["path"]
    assert data.target.tolist() == ["normal", *["tuberculosis"] * 3]


def test_a_folder_up_to_two_levels_above_will_do(montgomery, tmp_path):
    archive = tmp_path / "archive" / "NLM" / "MontgomerySet"
    archive.parent.mkdir(parents=True)
    montgomery.rename(archive)
    for folder in (archive.parent, archive.parent.parent):
        assert load_montgomery(folder).data.shape == (4, 1)
    with pytest.raises(ValueError, match="Give MontgomerySet"):
        load_montgomery(tmp_path)


def test_a_link_to_the_set_is_not_a_second_one(montgomery, tmp_path):
    try:
        (tmp_path / "latest").symlink_to(montgomery, target_is_directory=True)
    except OSError:
        pytest.skip("links are not allowed here")
    assert load_montgomery(tmp_path).data.shape == (4, 1)


@pytest.mark.parametrize("below", ["CXR_png", "ManualMask", "ManualMask/leftMask"])
def test_a_folder_below_will_not(montgomery, below):
    with pytest.raises(ValueError, match=r"Give MontgomerySet.*That is '.*Montgomery"):
        load_montgomery(montgomery / below)


def test_another_folder(plant):
    root = plant("x/y.png")
    with pytest.raises(ValueError, match="Give MontgomerySet, which holds") as caught:
        load_montgomery(root)
    assert "That is" not in str(caught.value)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_montgomery(root / "nowhere")
    with pytest.raises(NotADirectoryError, match="Give MontgomerySet"):
        load_montgomery(root / "x/y.png")


def test_two_copies_of_the_set(montgomery, plant):
    root = plant(*(f"copy/{part}/MCUCXR_0001_0.png" for part in PARTS))
    with pytest.raises(ValueError, match=r"several such data sets: .*copy.*Give one"):
        load_montgomery(root)


def test_masks_and_images_that_are_missing(montgomery):
    (montgomery / "ManualMask/leftMask/MCUCXR_0001_0.png").unlink()
    (montgomery / "CXR_png/MCUCXR_0200_1.png").unlink()
    with pytest.raises(ValueError, match="do not pair") as caught:
        load_montgomery(montgomery)
    said = str(caught.value)
    assert "images without a mask (1): " in said
    assert "MCUCXR_0001_0.png (in leftMask)" in said
    assert "masks without an image (2): " in said


def test_names_that_are_not_of_the_set(montgomery, plant):
    names = ("CHNCXR_0001_0", "MCUCXR_0001_2", "scan")
    plant(*(f"MontgomerySet/CXR_png/{name}.png" for name in names))
    with pytest.raises(ValueError, match=r"other names \(3\): ") as caught:
        load_montgomery(montgomery)
    said = str(caught.value)
    assert all(f"{name}.png" in said for name in names)
    assert "load_shenzhen CHNCXR" in said
