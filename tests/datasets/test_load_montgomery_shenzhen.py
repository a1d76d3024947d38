from pathlib import Path

import numpy as np
import pytest

from cxrclf.datasets import load_montgomery, load_montgomery_shenzhen, load_shenzhen

IMAGES = ("CHNCXR_0001_0", "CHNCXR_0025_0", "CHNCXR_0327_1", "MCUCXR_0001_0")


@pytest.fixture
def merged(plant):
    """The tree of the archive: data/Lung Segmentation/..."""
    top = "data/Lung Segmentation"
    plant(*(f"{top}/CXR_png/{stem}.png" for stem in IMAGES))
    plant(f"{top}/masks/CHNCXR_0001_0_mask.png", f"{top}/masks/CHNCXR_0327_1_mask.png")
    plant(f"{top}/masks/MCUCXR_0001_0.png", f"{top}/test/CHNCXR_0025_0.png")
    plant(f"{top}/.ipynb_checkpoints/Montgomery-checkpoint.ipynb", f"{top}/ReadMe.pdf")
    reading = "Patient's Sex: F \nPatient's Age: 027Y\nnormal"
    plant(f"{top}/ClinicalReadings/MCUCXR_0001_0.txt", text=reading)
    reading = "Female, 16month\nPTB"
    return plant(f"{top}/ClinicalReadings/CHNCXR_0327_1.txt", text=reading)


def test_images_with_masks_of_either_naming(merged):
    data = load_montgomery_shenzhen(merged)
    assert [Path(path).stem for path in data.data[:, 0]] == [
        "CHNCXR_0001_0",
        "CHNCXR_0327_1",
        "MCUCXR_0001_0",
    ]
    assert [Path(path).stem for path in data.masks[:, 0]] == [
        "CHNCXR_0001_0_mask",
        "CHNCXR_0327_1_mask",
        "MCUCXR_0001_0",
    ]
    assert data.source.tolist() == ["shenzhen", "shenzhen", "montgomery"]
    assert data.target.tolist() == ["normal", "tuberculosis", "normal"]
    assert data.sex.tolist() == [None, "F", "F"]
    np.testing.assert_allclose(data.age, [np.nan, 16 / 12, 27])
    # The same number in both sets is not the same patient.
    assert data.groups.tolist() == ["CHNCXR_0001", "CHNCXR_0327", "MCUCXR_0001"]
    assert "Left out: 1 without a mask ('CHNCXR_0025_0.png')." in data.DESCR


def test_all_images_without_masks(merged):
    data = load_montgomery_shenzhen(merged, masks=False)
    assert [Path(path).stem for path in data.data[:, 0]] == list(IMAGES)
    assert {Path(path).parent.name for path in data.data[:, 0]} == {"CXR_png"}
    assert data.masks is None


def test_frame(merged):
    pytest.importorskip("pandas")
    data = load_montgomery_shenzhen(merged, as_frame=True)
    assert data.frame.columns.tolist() == [
        *("path", "target", "mask", "group", "sex", "age", "source")
    ]


def test_a_mask_without_an_image_is_an_error(merged, plant):
    plant("data/Lung Segmentation/masks/MCUCXR_0009_0.png")
    with pytest.raises(
        ValueError, match=r"masks without an image \(1\): .*MCUCXR_0009_0"
    ):
        load_montgomery_shenzhen(merged)


def test_two_masks_of_an_image_are_an_error(merged, plant):
    plant("data/Lung Segmentation/masks/MCUCXR_0001_0_mask.png")
    with pytest.raises(ValueError, match=r"files that share their name \(1\)"):
        load_montgomery_shenzhen(merged)


def test_readers_of_one_set_say_which_one_to_take(merged):
    with pytest.raises(ValueError, match="load_montgomery_shenzhen both"):
        load_shenzhen(merged)
    with pytest.raises(ValueError, match="MontgomerySet"):
        load_montgomery(merged)


def test_a_folder_below_will_not_do(merged):
    with pytest.raises(ValueError, match=r"That is '.*Lung Segmentation'"):
        load_montgomery_shenzhen(merged / "data" / "Lung Segmentation" / "masks")
