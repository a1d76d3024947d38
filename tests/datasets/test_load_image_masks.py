import builtins
from pathlib import Path

import numpy as np
import pytest

from cxrclf.datasets import load_image_masks
from cxrclf.images import find_paths


def names_of(values):
    return [Path(value).name for value in values]


def test_pairs_by_name_whatever_the_ending(plant):
    root = plant(
        "images/b.JPG",
        "images/a.annot.original.jpeg",
        "images/1-s2.0-S0140-gr2.png",
        "masks/1-s2.0-S0140-gr2.png",
        "masks/a.annot.original.png",
        "masks/b.png",
    )
    data = load_image_masks(root / "images", root / "masks")
    assert names_of(data.data[:, 0]) == [
        "1-s2.0-S0140-gr2.png",
        "a.annot.original.jpeg",
        "b.JPG",
    ]
    assert names_of(data.masks[:, 0]) == [
        "1-s2.0-S0140-gr2.png",
        "a.annot.original.png",
        "b.png",
    ]
    assert data.masks.dtype == object
    assert {type(path) for path in data.masks.ravel()} == {str}
    np.testing.assert_array_equal(find_paths(data.data), data.data[:, 0])
    assert data.groups is None
    assert data.frame is None
    assert "3 images" in data.DESCR
    assert "Left out" not in data.DESCR


def test_dots_do_not_shorten_names(plant):
    root = plant("i/a.1.png", "i/a.2.png", "m/a.2.png", "m/a.1.png")
    data = load_image_masks(root / "i", root / "m")
    assert names_of(data.masks[:, 0]) == ["a.1.png", "a.2.png"]


def test_upper_and_lower_case_are_the_same(plant):
    root = plant("i/Normal-1.png", "m/NORMAL-1.PNG")
    data = load_image_masks(root / "i", root / "m")
    assert names_of(data.masks[:, 0]) == ["NORMAL-1.PNG"]


def test_suffix_is_taken_off_where_it_is(plant):
    root = plant("i/CHN_1.png", "i/MCU_1.png", "m/CHN_1_mask.png", "m/MCU_1.png")
    data = load_image_masks(root / "i", root / "m", suffix="_Mask")
    assert names_of(data.masks[:, 0]) == ["CHN_1_mask.png", "MCU_1.png"]
    with pytest.raises(ValueError, match=r"images without .*(.|\n)*masks without"):
        load_image_masks(root / "i", root / "m")


def test_files_pair_within_their_folder_only(plant):
    root = plant("i/a/1.png", "i/b/1.png", "m/b/1.png", "m/a/1.png")
    data = load_image_masks(root / "i", root / "m")
    for image, mask in zip(data.data[:, 0], data.masks[:, 0], strict=True):
        assert Path(image).parent.name == Path(mask).parent.name
    plant("i/c/2.png", "m/d/2.png")
    with pytest.raises(ValueError, match=r"images without a mask \(1\): .*2.png"):
        load_image_masks(root / "i", root / "m")


def test_litter_is_passed_over(plant):
    root = plant(
        *("i/1.png", "i/._1.png", "i/.cache/2.png", "i/__MACOSX/3.png", "i/notes.txt"),
        *("m/1.png", "m/Thumbs.db", "m/.DS_Store", "m/__MACOSX/4.png"),
    )
    assert load_image_masks(root / "i", root / "m").data.shape == (1, 1)


def test_several_folders_of_masks(plant):
    root = plant(*(f"{folder}/{n}.png" for folder in "ilr" for n in (1, 2)))
    data = load_image_masks(root / "i", [root / "l", root / "r"])
    assert data.masks.shape == (2, 2)
    folders = [[Path(path).parent.name for path in row] for row in data.masks]
    assert folders == [["l", "r"], ["l", "r"]]
    assert names_of(data.masks[1]) == ["2.png", "2.png"]
    (root / "r" / "2.png").unlink()
    with pytest.raises(ValueError, match=r"mask \(1\): .*2.png \(in .*r\)"):
        load_image_masks(root / "i", [root / "l", root / "r"])


def test_all_that_does_not_pair_is_named_at_once(plant):
    root = plant(
        *("i/ok.png", "i/lone.png", "i/two.png", "i/two.jpg"),
        *("m/ok.png", "m/orphan.png", "m/two.png", "m/ok_mask.png"),
    )
    with pytest.raises(ValueError, match="do not pair") as caught:
        load_image_masks(root / "i", root / "m", suffix="_mask")
    said = str(caught.value)
    assert "images without a mask (1)" in said
    assert "lone.png" in said
    assert "masks without an image (1)" in said
    assert "orphan.png" in said
    assert "files that share their name (2)" in said
    assert "two.jpg and " in said
    assert "ok.png and " in said
    assert 'unpaired="drop"' in said


def test_what_has_no_partner_can_be_left_out(plant):
    root = plant("i/ok.png", "i/lone.png", "m/ok.png", "m/orphan.png", "m/more.png")
    data = load_image_masks(root / "i", root / "m", unpaired="drop")
    assert names_of(data.data[:, 0]) == ["ok.png"]
    assert "Left out: 1 without a mask ('lone.png'); 2 without an image" in data.DESCR
    assert {why: names_of(paths) for why, paths in data.left_out.items()} == {
        "without_mask": ["lone.png"],
        "without_image": ["more.png", "orphan.png"],
    }
    plant("m/ok.jpg")
    with pytest.raises(ValueError, match="share their name"):
        load_image_masks(root / "i", root / "m", unpaired="drop")


def test_nothing_pairs(plant):
    root = plant("i/a.png", "m/b.png")
    with pytest.raises(ValueError, match="do not pair") as caught:
        load_image_masks(root / "i", root / "m", unpaired="drop")
    assert "drop" not in str(caught.value)


@pytest.mark.parametrize(
    ("images", "masks"), [("i", "i"), (".", "m"), ("i", "."), ("i", ["m", "m"])]
)
def test_images_are_not_taken_for_masks(plant, images, masks):
    root = plant("i/a.png", "m/a.png")
    masks = [root / name for name in masks] if isinstance(masks, list) else root / masks
    with pytest.raises(ValueError, match="beside each other"):
        load_image_masks(root / images, masks)


def test_groups(plant):
    names = ["p1_0.png", "p1_1.png", "p2_0.png"]
    root = plant(*(f"{folder}/{name}" for folder in "im" for name in names))
    data = load_image_masks(root / "i", root / "m", groups=r"^(p\d+)_")
    assert data.groups.tolist() == ["p1", "p1", "p2"]
    with pytest.raises(ValueError, match="finds no id for 1 of 3 files: 'p2_0.png'"):
        load_image_masks(root / "i", root / "m", groups="^p1")


def test_frames(plant):
    pandas = pytest.importorskip("pandas")
    root = plant(*(f"{folder}/{n}.png" for folder in "ilr" for n in (1, 2)))
    data = load_image_masks(root / "i", root / "l", groups=r"\d", as_frame=True)
    assert isinstance(data.data, pandas.DataFrame)
    assert data.data.columns.tolist() == ["path"]
    assert data.masks.columns.tolist() == ["mask"]
    assert data.frame.columns.tolist() == ["path", "mask", "group"]
    arrays = load_image_masks(root / "i", root / "l")
    np.testing.assert_array_equal(data.masks.to_numpy(), arrays.masks)
    two = load_image_masks(root / "i", [root / "l", root / "r"], as_frame=True)
    assert two.masks.columns.tolist() == ["mask_0", "mask_1"]


def test_bad_parameters(plant):
    root = plant("i/a.png", "m/a.png", "empty/notes.txt")
    with pytest.raises(ValueError, match=r"unpaired must be 'raise' or 'drop'"):
        load_image_masks(root / "i", root / "m", unpaired="skip")
    with pytest.raises(ValueError, match="with their dot"):
        load_image_masks(root / "i", root / "m", extensions="png")
    with pytest.raises(ValueError, match="at least one folder of masks"):
        load_image_masks(root / "i", [])
    with pytest.raises(ValueError, match=r"No image .*empty"):
        load_image_masks(root / "i", root / "empty")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_image_masks(root / "i", root / "nowhere")
    with pytest.raises(NotADirectoryError, match="Give the folder of the images"):
        load_image_masks(root / "i" / "a.png", root / "m")


def test_files_are_not_opened(plant, monkeypatch):
    root = plant("i/a.png", "m/a.png")

    def refuse(*args, **kwargs):
        raise AssertionError("opened a file")

    monkeypatch.setattr(builtins, "open", refuse)
    load_image_masks(root / "i", root / "m")


def test_what_is_left_out_and_links(plant):
    root = plant("i/1.png", "i/notes.txt", "m/.x", "disk/i/2.png", "disk/m/2.png")
    plant("m/empty.png")
    for part in "im":
        (root / part / "more").symlink_to(root / "disk" / part)
    # One mask may belong to several images.
    (root / "m" / "1.png").symlink_to(root / "m" / "empty.png")
    data = load_image_masks(root / "i", root / "m", unpaired="drop")
    assert names_of(data.masks[:, 0]) == ["1.png", "2.png"]
    assert {why: names_of(paths) for why, paths in data.left_out.items()} == {
        "type": ["notes.txt"],
        "hidden": [".x"],
        "without_image": ["empty.png"],
    }


def test_links_to_one_mask(plant):
    root = plant("i/1.png", "i/2.png", "empty.png", "m/notes.txt")
    for name in ("1.png", "2.png"):
        (root / "m" / name).symlink_to(root / "empty.png")
    assert load_image_masks(root / "i", root / "m").data.shape == (2, 1)


def test_an_image_that_is_its_mask(plant):
    root = plant("i/1.png", "m/2.png")
    (root / "m" / "1.png").symlink_to(root / "i" / "1.png")
    with pytest.raises(ValueError, match=r"i/1\.png = .*m/1\.png.*image or a mask"):
        load_image_masks(root / "i", root / "m")


def test_dicom_files_without_an_extension(plant):
    root = plant("m/IM0001.png", "m/1.2.3.png", "m/1.2.4.png", "i/notes.txt")
    for name in ("IM0001", "1.2.3", "1.2.4"):
        (root / "i" / name).write_bytes(bytes(128) + b"DICM")
    data = load_image_masks(root / "i", root / "m")
    assert names_of(data.data[:, 0]) == ["1.2.3", "1.2.4", "IM0001"]
    assert names_of(data.masks[:, 0]) == ["1.2.3.png", "1.2.4.png", "IM0001.png"]


def test_real_images_with_their_masks():
    lungs = Path(__file__).parents[2].parent / "shared" / "data" / "lungs"
    if not lungs.is_dir():
        pytest.skip("the real radiographs (../shared/data) are not here")
    data = load_image_masks(lungs / "images", lungs / "masks")
    assert data.masks.shape == (109, 1)
    for image, mask in zip(data.data[:, 0], data.masks[:, 0], strict=True):
        assert Path(image).stem == Path(mask).stem
