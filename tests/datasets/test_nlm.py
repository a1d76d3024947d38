"""Names, masks and patients of the Montgomery and Shenzhen sets."""

import pytest

from cxrclf.datasets._nlm import (
    SETS,
    describe_nlm,
    find_nlm_images,
    pair_nlm_masks,
    read_nlm_fields,
)

NAMES = ["MCUCXR_0001_0", "MCUCXR_0002_1", "CHNCXR_0001_0"]


@pytest.fixture
def root(plant):
    return plant(*(f"CXR_png/{name}.png" for name in NAMES))


def test_images_of_the_sets_asked_for(root):
    images, masks, left_out = find_nlm_images(root, set(SETS))
    assert masks == left_out == {}
    assert [path.stem for path in images] == sorted(NAMES)
    with pytest.raises(ValueError, match=r"named like MCUCXR_0001_0\.png, .* \(1\): "):
        find_nlm_images(root, {"MCUCXR"})


@pytest.mark.parametrize("name", ["MCUCXR_0001_2", "MCUCXR_0001", "scan"])
def test_other_names(root, plant, name):
    plant(f"CXR_png/{name}.png")
    with pytest.raises(ValueError, match=f"other names .*{name}"):
        find_nlm_images(root, set(SETS))


def test_no_images(tmp_path):
    (tmp_path / "CXR_png").mkdir()
    with pytest.raises(ValueError, match="there is none"):
        find_nlm_images(tmp_path, set(SETS))


def test_masks_of_either_naming(root, plant):
    plant("masks/MCUCXR_0001_0.png", "masks/CHNCXR_0001_0_mask.png")
    images, masks, _ = find_nlm_images(root, set(SETS), [root / "masks"])
    images, masks, left_out = pair_nlm_masks(images, masks)
    assert left_out["without_mask"] == [str(root / "CXR_png" / "MCUCXR_0002_1.png")]
    assert [path.stem for path in images] == ["CHNCXR_0001_0", "MCUCXR_0001_0"]
    assert [mask.rsplit("/", 1)[1] for mask in masks["mask"]] == [
        "CHNCXR_0001_0_mask.png",
        "MCUCXR_0001_0.png",
    ]


def test_fields_without_readings(root):
    images, _, _ = find_nlm_images(root, set(SETS))
    fields = read_nlm_fields(root, images, with_source=True)
    assert fields["target"].tolist() == ["normal", "normal", "tuberculosis"]
    assert fields["source"].tolist() == ["shenzhen", "montgomery", "montgomery"]
    assert len(set(fields["groups"])) == 3
    text = describe_nlm("Set", images, fields, root)
    assert text.startswith("Set: 3 radiographs, 2 normal and 1 with tuberculosis, of 3")
