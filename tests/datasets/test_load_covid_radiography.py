from pathlib import Path

import numpy as np
import pytest

from cxrclf.datasets import load_covid_radiography, load_image_folder

CLASSES = ("COVID", "Lung_Opacity", "Normal", "Viral Pneumonia")
TOP = "COVID-19_Radiography_Dataset"


@pytest.fixture
def fifth(plant):
    """The tree of version 5."""
    for name in CLASSES:
        for part in ("images", "masks"):
            plant(*(f"{TOP}/{name}/{part}/{name}-{n}.png" for n in (1, 2, 10)))
        plant(f"{TOP}/{name}.metadata.xlsx")
    return plant(f"{TOP}/README.md.txt", f"{TOP}/.DS_Store") / TOP


@pytest.fixture
def third(plant):
    """The tree of versions 1 to 3."""
    for name in ("COVID", "NORMAL", "Viral Pneumonia"):
        plant(*(f"{TOP}/{name}/{name} ({n}).png" for n in (1, 2)))
    return plant(f"{TOP}/README.md.txt") / TOP


def test_images_with_their_masks(fifth):
    data = load_covid_radiography(fifth)
    assert data.data.shape == (12, 1)
    assert data.target.tolist() == list(np.repeat(CLASSES, 3))
    assert data.target_names == list(CLASSES)
    assert data.groups is None
    for image, mask, name in zip(
        data.data[:, 0], data.masks[:, 0], data.target, strict=True
    ):
        assert Path(image).parent == fifth / name / "images"
        assert Path(mask) == fifth / name / "masks" / Path(image).name
    assert "12 image files of 4 classes" in data.DESCR


def test_masks_are_never_listed_as_images(fifth):
    data = load_covid_radiography(fifth, masks=False)
    assert data.masks is None
    assert {Path(path).parent.name for path in data.data[:, 0]} == {"images"}
    assert data.data.shape == (12, 1)


def test_versions_without_masks(third):
    data = load_covid_radiography(third, masks=False)
    assert data.target_names == ["COVID", "NORMAL", "Viral Pneumonia"]
    assert data.data.shape == (6, 1)
    with pytest.raises(ValueError, match=r"1 to 3 of the set .*pass masks=False"):
        load_covid_radiography(third)


def test_frame(fifth):
    pytest.importorskip("pandas")
    data = load_covid_radiography(fifth, as_frame=True)
    assert data.frame.columns.tolist() == ["path", "target", "mask"]
    plain = load_covid_radiography(fifth, masks=False, as_frame=True)
    assert plain.frame.columns.tolist() == ["path", "target"]


def test_case_of_names_may_differ(fifth):
    mask = fifth / "Normal" / "masks" / "Normal-1.png"
    mask.rename(mask.with_name("NORMAL-1.png"))
    data = load_covid_radiography(fifth)
    row = [Path(path).name for path in data.data[:, 0]].index("Normal-1.png")
    assert Path(data.masks[row, 0]).name == "NORMAL-1.png"


def test_missing_files_of_all_classes_are_named_at_once(fifth):
    (fifth / "COVID" / "masks" / "COVID-2.png").unlink()
    (fifth / "Normal" / "images" / "Normal-10.png").unlink()
    with pytest.raises(ValueError, match="do not pair") as caught:
        load_covid_radiography(fifth)
    assert "images without a mask (1)" in str(caught.value)
    assert "COVID-2.png" in str(caught.value)
    assert "masks without an image (1)" in str(caught.value)
    assert "Normal-10.png" in str(caught.value)


def test_a_class_without_images_and_a_folder_that_is_none(fifth, plant):
    plant(f"{TOP}/scripts/read.py")
    for file in (fifth / "Normal" / "images").iterdir():
        file.unlink()
    with pytest.raises(ValueError, match=r"No image in 'Normal', 'scripts'"):
        load_covid_radiography(fifth, masks=False)


def test_folders_above_and_below(fifth):
    assert load_covid_radiography(fifth.parent).data.shape == (12, 1)
    for below in ("COVID", "Viral Pneumonia/images"):
        with pytest.raises(ValueError, match=rf"holds the classes.*That is '.*{TOP}'"):
            load_covid_radiography(fifth / below)


def test_what_is_left_out(fifth, plant):
    plant(f"{TOP}/Normal/images/notes.txt")
    data = load_covid_radiography(fifth)
    assert {why: len(paths) for why, paths in data.left_out.items()} == {
        "type": 1,
        "hidden": 1,
        "beside": 5,
    }
    assert "Left out: 1 of another type (1 .txt); 1 hidden ('.DS_Store')" in data.DESCR


def test_linked_images_and_masks(fifth):
    for part in ("images", "masks"):
        folder = fifth / "Normal" / part
        folder.rename(fifth.parent / part)
        folder.symlink_to(fifth.parent / part)
    assert load_covid_radiography(fifth).data.shape == (12, 1)


def test_a_file_in_two_classes(fifth):
    (fifth / "COVID" / "images" / "x.png").symlink_to(
        fifth / "Normal" / "images" / "Normal-1.png"
    )
    with pytest.raises(ValueError, match=r"x\.png = .*Normal-1\.png|in two folders"):
        load_covid_radiography(fifth, masks=False)


def test_the_folder_loader_leaves_the_masks_out(fifth):
    with pytest.warns(UserWarning, match="load_covid_radiography lists images"):
        data = load_image_folder(fifth)
    assert data.data.shape == (12, 1)
    assert {Path(path).parent.name for path in data.data[:, 0]} == {"images"}
