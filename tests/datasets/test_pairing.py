"""Which mask belongs to which image, by their names."""

from functools import partial
from pathlib import Path

import pytest

from cxrclf.datasets._pairing import (
    check_disjoint,
    check_pairing,
    pair,
    relative_key,
    stem_key,
)


def paired(images, *folders, suffix=""):
    named = {f"masks{i}": list(map(Path, names)) for i, names in enumerate(folders)}
    keys = [partial(stem_key, suffix=suffix)] * len(folders)
    return pair(list(map(Path, images)), named, stem_key, keys)


def test_keys_are_names_without_ending_and_case():
    assert stem_key(Path("a/Scan.1.PNG")) == "scan.1"
    assert stem_key(Path("scan_MASK.png"), "_mask") == "scan"
    assert stem_key(Path("scan.png"), "_mask") == "scan"
    key = relative_key(Path("root"), "_mask")
    assert key(Path("root/A/b/scan_mask.png")) == ("a/b", "scan")


def test_images_and_masks_in_the_order_of_the_images():
    pairing = paired(
        ["i/b.png", "i/a.jpg"], ["m/a_mask.png", "m/b.png"], suffix="_mask"
    )
    assert pairing.images == ["i/b.png", "i/a.jpg"]
    assert pairing.masks == [["m/b.png", "m/a_mask.png"]]
    assert pairing[2:] == ([], [], [])
    check_pairing(pairing, "Cure.")


def test_what_does_not_pair():
    pairing = paired(
        ["i/a.png", "i/b.png", "i/c.png", "i/A.jpg"],
        ["l/a.png", "l/b.png"],
        ["r/a.png", "r/c.png", "r/z.png"],
    )
    assert pairing.images == ["i/a.png"]
    assert pairing.masks == [["l/a.png"], ["r/a.png"]]
    assert pairing.unmasked == ["i/b.png (in masks1)", "i/c.png (in masks0)"]
    assert pairing.orphans == ["r/z.png"]
    assert pairing.duplicates == ["i/a.png and i/A.jpg"]
    with pytest.raises(ValueError, match="do not pair by name") as caught:
        check_pairing(pairing, "Cure.")
    message = str(caught.value)
    for part in ("without a mask (2)", "without an image (1)", "their name (1)"):
        assert part in message
    assert message.endswith("\nCure.")


@pytest.mark.parametrize("fine", ["allow_unmasked", "allow_orphans"])
def test_what_may_be_left_out(fine):
    images, masks = ["i/a.png", "i/b.png"], ["m/a.png"]
    if fine == "allow_orphans":
        images, masks = masks, images
    pairing = paired(images, masks)
    check_pairing(pairing, "Cure.", **{fine: True})
    with pytest.raises(ValueError, match="do not pair"):
        check_pairing(pairing, "Cure.")


def test_everything_cannot_be_left_out():
    with pytest.raises(ValueError, match=r"images without a mask \(1\)"):
        check_pairing(paired(["i/a.png"], ["m/b.png"]), "Cure.", allow_unmasked=True)


@pytest.mark.parametrize("folders", [("a", "a"), ("a", "a/b"), ("a/b/c", "a")])
def test_folders_in_each_other_are_refused(tmp_path, folders):
    with pytest.raises(ValueError, match="one folder or lie in each other"):
        check_disjoint([tmp_path / folder for folder in folders])
    check_disjoint([tmp_path / "a", tmp_path / "ab", tmp_path / "c"])
