"""Images and masks that belong together."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cxrclf._training.targets import MaskTargets
from cxrclf.exceptions import ImageReadError
from cxrclf.images import ImageInput, ImageReader
from cxrclf.masks import MaskInput, open_masks
from cxrclf.segmentation._mask_examples import UnreadMasks, check_pairs


def frame(paths):
    return pd.DataFrame({"id": range(5, 17), "path": paths}, index=range(30, 42))


def test_a_mask_of_another_shape_is_named(tmp_path, lung_files, small_segmenter):
    masks = lung_files.masks.copy()
    masks[5], masks[9] = str(tmp_path / "tall.png"), str(tmp_path / "double.png")
    Image.new("1", (20, 32), 1).save(masks[5])
    with Image.open(lung_files.masks[9]) as double:
        double.resize((64, 64)).save(masks[9])
    with pytest.raises(ValueError, match="1 masks are of another shape") as caught:
        small_segmenter().fit(lung_files.images, masks)
    named = f"{lung_files.images[5]} of 32×32 pixels, mask {masks[5]} of 32×20"
    assert named in str(caught.value)
    masks[5] = masks[9]  # of another size, but not of another shape
    small_segmenter(max_epochs=1).fit(lung_files.images, masks)
    pairs = np.column_stack([lung_files.masks, lung_files.masks])
    pairs[3, 1] = str(tmp_path / "tall.png")
    with pytest.raises(ValueError, match="1 masks are of another shape") as caught:
        small_segmenter().fit(lung_files.images, pairs)
    assert f"mask {pairs[3, 1]} of 32×20" in str(caught.value)


@pytest.mark.parametrize(
    ("mask_size", "fits"),
    [
        ((512, 512), True),
        ((167, 167), True),
        ((500, 494), False),  # the width of the image cropped by 1.2 %
        ((494, 500), False),
    ],
)
def test_a_mask_that_was_cropped_is_of_another_shape(
    tmp_path, small_segmenter, mask_size, fits
):
    image, mask = str(tmp_path / "image.png"), str(tmp_path / "mask.png")
    Image.effect_noise((500, 500), 50).save(image)
    pixels = np.zeros(mask_size, dtype=bool)
    pixels[20:100, 20:100] = True
    Image.fromarray(pixels).save(mask)
    unet = small_segmenter(max_epochs=1)
    if fits:
        unet.fit([image] * 2, [mask] * 2)
    else:
        with pytest.raises(ValueError, match="2 masks are of another shape"):
            unet.fit([image] * 2, [mask] * 2)


@pytest.mark.parametrize("side", [33, 61, 100, 256])
def test_rounded_sides_are_of_the_same_shape(tmp_path, small_segmenter, side):
    image, mask = str(tmp_path / "image.png"), str(tmp_path / "mask.png")
    Image.effect_noise((317, 411), 50).save(image)
    drawn = Image.new("1", (317, 411))
    drawn.paste(1, (80, 80, 240, 300))
    drawn.resize((side, round(side * 411 / 317))).save(mask)
    small_segmenter(max_epochs=1).fit([image] * 2, [mask] * 2)


def test_portrait_and_landscape(tmp_path, small_segmenter):
    images, masks = [], []
    for k in range(4):
        size = (24, 32) if k % 2 else (32, 24)
        images.append(str(tmp_path / f"image{k}.png"))
        masks.append(str(tmp_path / f"mask{k}.png"))
        Image.effect_noise(size, 50).save(images[-1])
        mask = Image.new("1", size)
        mask.paste(1, (5, 5, 15, 15))
        mask.save(masks[-1])
    small_segmenter(max_epochs=1).fit(images, masks)
    with pytest.raises(ValueError, match="4 masks are of another shape") as caught:
        small_segmenter().fit(images, masks[1:] + masks[:1])
    assert all(name in str(caught.value) for name in [*images, *masks])
    with pytest.raises(
        ValueError, match=r"image1\.png of 32×24 pixels, mask 1 of 24×32"
    ):
        small_segmenter().fit(images, np.ones((4, 24, 32), dtype=bool))


def test_what_has_been_stretched_on_purpose_fits(tmp_path, small_segmenter):
    image, mask = str(tmp_path / "image.png"), str(tmp_path / "mask.png")
    Image.effect_noise((64, 32), 50).save(image)
    drawn = Image.new("1", (64, 32))
    drawn.paste(1, (8, 8, 40, 24))
    drawn.save(mask)
    unet = small_segmenter(max_epochs=1, image_size=32)
    # Masks at the working size, and images that another transformer has read.
    square = open_masks([mask] * 2, 32).gather([0, 1])
    unet.fit([image] * 2, square)
    by_files = unet.fit([image] * 2, [mask] * 2).predict([image])
    read = ImageReader(32).transform([image] * 2)
    np.testing.assert_array_equal(unet.fit(read, [mask] * 2).predict([image]), by_files)


def test_all_files_that_cannot_be_read_are_named_at_once(
    tmp_path, lung_files, small_segmenter
):
    images, masks = lung_files.images.copy(), lung_files.masks.copy()
    images[0] = masks[1] = str(tmp_path / "missing.png")
    images[2] = masks[3] = str(tmp_path / "text.png")
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(ImageReadError) as caught:
        small_segmenter().fit(images, masks)
    assert set(caught.value.failures) == {images[0], images[2]}
    cut = {}
    for name, k, paths in (("image", 4, images), ("mask", 5, masks)):
        images[:4], masks[:4] = lung_files.images[:4], lung_files.masks[:4]
        whole = Path(paths[k]).read_bytes()
        paths[k] = cut[name] = str(tmp_path / f"{name}.png")
        (tmp_path / f"{name}.png").write_bytes(whole[: len(whole) // 2])
    masks[6] = images[6]
    with pytest.raises(ImageReadError) as caught:
        small_segmenter().fit(images, masks)
    assert set(caught.value.failures) == {*cut.values(), images[6]}
    assert "is no mask" in caught.value.failures[images[6]]


def test_empty_masks_are_named_and_trained_on(lungs, lung_files, small_segmenter):
    masks = lungs.masks.copy()
    masks[[3, 7]] = False
    with pytest.warns(UserWarning, match="2 of 12 masks are empty: 3, 7. They are"):
        unet = small_segmenter().fit(lungs.images, masks)
    assert np.isfinite(unet.history_["train_loss"]).all()
    empty = lung_files.folder / "empty.png"
    Image.new("L", (32, 32)).save(empty)
    paths = lung_files.masks.copy()
    paths[2] = empty
    for y in (list(paths), frame(paths), pd.Series(paths, index=range(20, 32))):
        with pytest.warns(UserWarning, match=f"1 of 12 masks are empty: {empty}. They"):
            small_segmenter(max_epochs=1).fit(lung_files.images, y)
    with pytest.raises(ValueError, match="All 12 masks are empty: .*empty.png"):
        small_segmenter().fit(lung_files.images, [empty] * 12)


def test_class_names_as_y_are_no_masks(lungs, small_segmenter):
    with pytest.raises(ValueError, match="no file has a name such as 'covid'"):
        small_segmenter().fit(lungs.images, np.resize(["covid", "normal"], 12))


def test_masks_that_are_read_are_targets(lung_files, lungs):
    for y in (lung_files.masks, lungs.masks):
        targets = UnreadMasks(MaskInput.from_y(y)).open(image_size=(32, 32))
        assert isinstance(targets, MaskTargets)
        np.testing.assert_array_equal(targets.masks.gather(range(12)), lungs.masks)


def test_pairs_are_checked_before_a_pixel_is_decoded(lung_files, lungs, monkeypatch):
    monkeypatch.delattr("cxrclf.images.DecodeStore.fetch")
    files, arrays = (ImageInput.from_X(X) for X in (lung_files.images, lungs.images))
    for images in (files, arrays):
        for y in (lung_files.masks, lung_files.pairs, lungs.masks):
            check_pairs(images, MaskInput.from_y(y), (32, 32))
    with pytest.raises(ValueError, match="There are 12 images and 11 masks"):
        check_pairs(files, MaskInput.from_y(lung_files.masks[1:]), (32, 32))
