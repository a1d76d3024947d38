"""Names of files of masks."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cxrclf.images import ImageInput
from cxrclf.segmentation._mask_names import name_masks


@pytest.fixture
def fitted(lungs, small_segmenter):
    return small_segmenter().fit(lungs.images, lungs.masks)


@pytest.fixture
def files_of_many_sizes(tmp_path, lungs):
    paths = []
    for k, size in enumerate([(50, 40), (40, 50), (9, 12), (97, 33)]):
        paths.append(str(tmp_path / f"scan{k}.png"))
        Image.fromarray(lungs.images[k]).resize(size).save(paths[-1])
    exif = Image.Exif()
    exif[0x0112] = 6
    paths.append(str(tmp_path / "turned.jpg"))
    Image.fromarray(lungs.images[4]).resize((60, 44)).save(paths[-1], exif=exif)
    return paths


def test_masks_that_cannot_be_saved(
    lungs, fitted, small_segmenter, files_of_many_sizes, tmp_path
):
    X = files_of_many_sizes
    folder = tmp_path / "masks"
    with pytest.raises(ValueError, match="X holds none. Use predict_masks"):
        fitted.save_masks(lungs.images, folder)
    with pytest.raises(ValueError, match=r"Several files would have .*scan0\.png"):
        fitted.save_masks([*X, str(tmp_path / "other" / "scan0.jpg")], folder)
    with pytest.raises(ValueError, match="would replace their images"):
        fitted.save_masks(X, tmp_path)
    with pytest.raises(ValueError, match=r"missing\.png: no such file"):
        fitted.save_masks([*X, str(tmp_path / "missing.png")], folder)
    deep = small_segmenter(labels=(0, 300), max_epochs=1)
    deep.fit(lungs.images, lungs.masks * 300)
    with pytest.raises(ValueError, match="writes 8 bits, and labels go up to 300"):
        deep.save_masks(X, folder)
    assert not list(folder.glob("*"))


def test_masks_do_not_replace_their_images_behind_a_link(
    tmp_path, lung_files, lungs, small_segmenter
):
    unet = small_segmenter(max_epochs=1).fit(lungs.images, lungs.masks)
    images = lung_files.folder / "images"
    link = tmp_path / "link"
    link.symlink_to(images, target_is_directory=True)
    before = (images / "00.png").read_bytes()
    with pytest.raises(ValueError, match="would replace their images"):
        unet.save_masks(lung_files.images, link)
    assert (images / "00.png").read_bytes() == before


def test_a_mask_is_named_after_its_image(tmp_path):
    images = ImageInput.from_X([tmp_path / "a.jpg", tmp_path / "other" / "b.c.dcm"])
    names = name_masks(images, Path("masks"), np.array([False, True]))
    assert names == [Path("masks/a.png"), Path("masks/b.c.png")]


def test_names_that_differ_in_case_alone_are_one_file_on_some_systems():
    images = ImageInput.from_X(["A.png", "a.jpg"])
    with pytest.raises(ValueError, match="Several files would have the mask"):
        name_masks(images, Path("masks"), np.array([False, True]))
