"""Rows that are transformed copies of files."""

import numpy as np
import torch

from cxrclf import Augmentation
from cxrclf._utils.keyed_random import keyed_state
from cxrclf.augmentation import AugmentedPath, Copies
from cxrclf.images import ArrayImages, ImageInput

ROTATION = Augmentation(rotation=90, shift=0.1)


def opened(values):
    files = ImageInput.from_X(np.array(values, dtype=object))
    return Copies(files.open((32, 32)), files.paths)


def test_a_copy_has_a_key_of_its_own_and_the_content_of_its_original(radiograph_files):
    path = radiograph_files.data[0, 0]
    rows = [
        path,
        AugmentedPath(path, ROTATION, seed=0, copy=0),
        AugmentedPath(path, ROTATION, seed=0, copy=1),
        AugmentedPath(path, ROTATION, seed=1, copy=0),
        AugmentedPath(path, Augmentation(rotation=45), seed=0, copy=0),
        AugmentedPath(path, Augmentation(rotation=90, shift=0.1), seed=0, copy=0),
    ]
    copies = opened(rows)
    images = ImageInput.from_X(rows).open((32, 32))
    assert len(set(images.keys.tolist())) == 1
    assert len(set(copies.keys.tolist())) == 5
    assert copies.keys[1] == copies.keys[5]  # equal parameters
    assert copies.keys[0] == images.keys[0]
    assert copies.is_copy.tolist() == [False, True, True, True, True, True]
    alone = opened(rows[2:3])
    assert alone.keys[0] == copies.keys[2]


def test_only_copies_are_transformed():
    images = ArrayImages(np.random.default_rng(0).random((4, 16, 16)))
    flip = Augmentation(vertical_flip=True)
    paths = np.array(
        [
            "0.png",
            AugmentedPath("1.png", ROTATION, seed=5, copy=3),
            AugmentedPath("2.png", flip, seed=7, copy=0),
            AugmentedPath("3.png", ROTATION, seed=6, copy=1),
        ],
        dtype=object,
    )
    copies = Copies(images, paths)
    assert copies.is_copy.tolist() == [False, True, True, True]
    rows = np.array([3, 0, 2, 1])
    pixels = torch.from_numpy(images.array[rows])[:, None]
    found = copies.apply(pixels, rows)
    assert torch.equal(found[1], pixels[1])
    for place, (moves, seed, copy) in {
        0: (ROTATION, 6, 1),
        2: (flip, 7, 0),
        3: (ROTATION, 5, 3),
    }.items():
        state = keyed_state([seed], images.keys[rows[[place]]], [copy])
        expected = moves.apply(pixels[[place]], state)
        # The sines of a batch may be rounded in another way.
        torch.testing.assert_close(found[[place]], expected, rtol=0, atol=1e-9)


def test_images_without_paths_have_no_copies():
    images = ArrayImages(np.random.default_rng(0).random((3, 8, 8)))
    for paths in (None, np.array(["a.png", "b.png", "c.png"], dtype=object)):
        copies = Copies(images, paths)
        assert not copies.is_copy.any()
        np.testing.assert_array_equal(copies.keys, images.keys)
        pixels = torch.zeros(3, 1, 8, 8)
        assert copies.apply(pixels, np.arange(3)) is pixels
