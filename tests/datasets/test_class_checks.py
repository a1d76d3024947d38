"""Folders that are no class folders: parts of a split, masks, sources."""

import re
import warnings

import pytest

from cxrclf.datasets import load_image_folder
from cxrclf.datasets._class_checks import check_class_folders, warn_twins


def load(plant, *names):
    return load_image_folder(plant(*names))


def check_warns(match, plant, *names):
    with pytest.warns(UserWarning, match=match) as caught:
        load(plant, *names)
    assert len(caught) == 1
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    "parts",
    [
        ("train", "test"),
        ("test", "train", "val"),
        ("Train", "Valid"),
        ("training", "testing", "validation"),
        ("train_images", "test_images"),
        ("TrainData", "TestData"),
        ("stage_2_train_images", "stage_2_test_images"),
        ("test", "train", "chest_xray"),  # with a second copy, as in a public archive
        ("train",),
    ],
)
def test_parts_of_a_split(plant, parts):
    names = [f"{part}/{name}/{part}.png" for part in parts for name in ("n", "p")]
    with pytest.raises(ValueError, match="parts of a split, not classes") as caught:
        load(plant, *names)
    train = next(part for part in parts if "train" in part.casefold())
    cure = re.search(r"Pass one part, such as '(.*)'\.", str(caught.value))[1]
    assert cure.endswith(f"/{train}")
    assert load_image_folder(cure).target_names == ["n", "p"]


def test_a_training_part_beside_flat_test_images(plant):
    with pytest.raises(ValueError, match=r"classes: 'train'\. Pass .*/train'"):
        load(plant, "train/n/1.png", "train/p/2.png", "test/3.png")


def test_a_test_part_beside_the_classes(plant):
    with pytest.raises(ValueError, match=r"not classes: 'test'"):
        load(plant, "n/1.png", "p/2.png", "test/N/3.png", "test/P/4.png")


def test_parts_beside_a_folder_without_images(plant):
    with pytest.raises(ValueError, match="parts of a split"):
        load(plant, "train/n/1.png", "test/n/2.png", "tables/labels.csv")


def test_parts_one_level_below(plant):
    names = [f"set/{part}/{name}/1.png" for part in ("test", "train") for name in "np"]
    with pytest.raises(ValueError, match=r"set' holds parts .*/set/train'"):
        load(plant, *names)


def test_parts_of_several_data_sets_or_classes(plant):
    names = [f"{top}/{part}/1.png" for top in "ab" for part in ("test", "train")]
    match = r"class folders 'a', 'b' .*together: 'test', 'train'.*/a/train'"
    check_warns(match, plant, *names)


def test_classes_with_the_names_of_parts(plant):
    check_warns("folders 'test' of .*rename", plant, "control/1.png", "test/2.png")
    check_warns("folders 'test' of .*rename", plant, "test/patient/3.png")


@pytest.mark.parametrize("name", ["trained", "contest", "test_positive", "valve"])
def test_other_names_are_no_parts(plant, name):
    assert load(plant, f"{name}/x/1.png", "other/y/2.png").data.shape == (2, 1)


@pytest.mark.parametrize("masks", ["masks", "Mask", "lung masks"])
def test_a_folder_of_images_and_a_folder_of_masks(plant, masks):
    with pytest.raises(ValueError, match=r"load_image_masks\('.*/images', '.*[Mm]ask"):
        load(plant, "images/1.png", f"{masks}/1.png")


def test_masks_beside_the_classes(plant):
    check_warns("'masks' of .*load_image_masks", plant, "a/1.png", "masks/1.png")


def test_a_single_class_is_perhaps_one_level_too_high(plant):
    check_warns(
        "only one .*'n', 'p' are the classes, pass .*/top'",
        plant,
        "top/n/1.png",
        "top/p/2.png",
    )


def test_a_single_folder_of_images(plant):
    check_warns("only one .*'images'.*column 'path'", plant, "images/1.png", "t.csv")


def test_sources_above_the_classes(plant):
    names = [f"{site}/{name}/1.png" for site in ("site1", "site2") for name in "np"]
    check_warns("same subfolders: 'n', 'p'.*load .*/site1'", plant, *names)
    # Images beside the subfolders belong to the class itself.
    assert load(plant, "site1/0.png").data.shape == (5, 1)


def test_equal_subfolders_that_are_no_classes(plant):
    assert load(plant, "a/day1/1.png", "b/day1/2.png", "b/3.png").data.shape == (3, 1)


@pytest.mark.parametrize(
    "names",
    [
        ("images_001/images", "images_002/images"),
        ("patient00001/study1", "patient00002/study1"),
        ("Fold 1", "Fold 2"),
        ("p10", "p11"),
    ],
)
def test_numbered_folders(plant, names):
    match = f"numbered names: '{names[0].split('/')[0]}', .*data frame"
    check_warns(match, plant, *(f"{name}/{name[-1]}.png" for name in names))


@pytest.mark.parametrize("names", [("0", "1"), ("p0", "p1"), ("stage1", "stage2")])
def test_numbers_of_classes(plant, names):
    assert load(plant, *(f"{n}/1.png" for n in names)).target_names == list(names)


@pytest.mark.parametrize(
    ("one", "two"),
    [("COVID", "covid"), ("covid", "covid "), ("caf\u00e9", "cafe\u0301")],
)
def test_classes_with_almost_equal_names(plant, one, two):
    names = sorted((one, two))
    pair = re.escape(" and ".join(map(repr, names)))
    check_warns(f"blanks: {pair}", plant, f"{one}/1.png", f"{two}/2.png", "x/3.png")


def test_a_class_without_images(tmp_path):
    with pytest.raises(
        ValueError, match=r"No image \(\.png\) in the class folders 'b'"
    ):
        check_class_folders(
            tmp_path, {"a": [f"{tmp_path}/a/1.png"], "b": [], "c": []}, [".png"]
        )


def test_images_with_the_same_name():
    with pytest.warns(
        UserWarning, match=r"same name .* \(2\): 'a/1\.jpg and 1\.png', 'b/A"
    ):
        warn_twins([("a/1.jpg", "a/1.png"), ("b/A.png", "b/a.png")])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_twins([])
