from pathlib import Path

import numpy as np
import pytest

from cxrclf.datasets import load_shenzhen

STEMS = ("CHNCXR_0001_0", "CHNCXR_0025_0", "CHNCXR_0327_1")


@pytest.fixture
def shenzhen(plant):
    plant(*(f"ChinaSet_AllFiles/CXR_png/{stem}.png" for stem in STEMS))
    readings = ("male 45yrs\nnormal", "female 64days\nnormal", "male 42\nPTB")
    for stem, text in zip(STEMS, readings, strict=True):
        plant(f"ChinaSet_AllFiles/ClinicalReadings/{stem}.txt", text=text)
    return plant("mask/mask/CHNCXR_0001_0_mask.png", "mask/mask/CHNCXR_0327_1_mask.png")


def test_all_images_without_masks(shenzhen):
    data = load_shenzhen(shenzhen / "ChinaSet_AllFiles")
    assert [Path(path).stem for path in data.data[:, 0]] == list(STEMS)
    assert data.target.tolist() == ["normal", "normal", "tuberculosis"]
    assert data.masks is None
    assert data.groups.tolist() == ["CHNCXR_0001", "CHNCXR_0025", "CHNCXR_0327"]
    assert data.sex.tolist() == ["M", "F", "M"]
    np.testing.assert_allclose(data.age, [45, 64 / 365.25, np.nan])
    assert "3 radiographs" in data.DESCR
    assert "Left out" not in data.DESCR


def test_images_without_a_mask_are_left_out_and_counted(shenzhen):
    data = load_shenzhen(shenzhen, masks=shenzhen / "mask")
    assert [Path(path).stem for path in data.data[:, 0]] == [STEMS[0], STEMS[2]]
    assert data.masks.shape == (2, 1)
    assert [Path(path).stem for path in data.masks[:, 0]] == [
        "CHNCXR_0001_0_mask",
        "CHNCXR_0327_1_mask",
    ]
    assert data.target.tolist() == ["normal", "tuberculosis"]
    assert data.groups.tolist() == ["CHNCXR_0001", "CHNCXR_0327"]
    assert data.sex.tolist() == ["M", "M"]
    assert "2 radiographs" in data.DESCR
    assert "Left out: 1 without a mask ('CHNCXR_0025_0.png')." in data.DESCR


def test_frame(shenzhen):
    pytest.importorskip("pandas")
    data = load_shenzhen(shenzhen, masks=shenzhen / "mask", as_frame=True)
    assert data.frame.columns.tolist() == [
        *("path", "target", "mask", "group", "sex", "age")
    ]
    assert data.frame.shape == (2, 6)
    plain = load_shenzhen(shenzhen, as_frame=True)
    assert plain.frame.columns.tolist() == ["path", "target", "group", "sex", "age"]
    assert plain.masks is None


def test_masks_of_lesions_are_no_lung_masks(shenzhen, plant):
    name = "CHNCXR_0327_1_Calcified_Nodule_2.png"
    plant(f"ChinaSet_AllFiles/Annotations/masks/{name}")
    folder = shenzhen / "ChinaSet_AllFiles" / "Annotations"
    with pytest.raises(ValueError, match=r"masks without an image \(1\)") as caught:
        load_shenzhen(shenzhen, masks=folder)
    assert name in str(caught.value)


@pytest.mark.parametrize("masks", [".", "ChinaSet_AllFiles/CXR_png"])
def test_images_are_not_taken_for_masks(shenzhen, masks):
    with pytest.raises(ValueError, match="beside each other"):
        load_shenzhen(shenzhen, masks=shenzhen / masks)


def test_a_mask_in_two_places_is_an_error(shenzhen, plant):
    plant("mask/CHNCXR_0001_0_mask.png")
    with pytest.raises(ValueError, match=r"files that share their name \(1\)"):
        load_shenzhen(shenzhen, masks=shenzhen / "mask")


def test_a_folder_of_masks_without_any(shenzhen):
    folder = shenzhen / "ChinaSet_AllFiles" / "ClinicalReadings"
    with pytest.raises(ValueError, match=r"images without a mask \(3\)"):
        load_shenzhen(shenzhen, masks=folder)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_shenzhen(shenzhen, masks=shenzhen / "nowhere")


def test_both_sets_in_one_folder(shenzhen, plant):
    for part in ("CXR_png", "ManualMask/leftMask"):
        plant(f"MontgomerySet/{part}/MCUCXR_0001_0.png")
    assert load_shenzhen(shenzhen).data.shape == (3, 1)
    with pytest.raises(ValueError, match="Give ChinaSet_AllFiles"):
        load_shenzhen(shenzhen / "MontgomerySet")


def test_a_folder_below_will_not_do(shenzhen):
    with pytest.raises(ValueError, match=r"That is '.*ChinaSet_AllFiles'"):
        load_shenzhen(shenzhen / "ChinaSet_AllFiles" / "CXR_png")


def test_a_set_without_images(plant):
    root = plant("ChinaSet_AllFiles/CXR_png/readme.txt")
    with pytest.raises(ValueError, match="there is none"):
        load_shenzhen(root)


def test_masks_are_a_folder(shenzhen):
    with pytest.raises(ValueError, match="must be the folder of the lung masks"):
        load_shenzhen(shenzhen, masks=True)
