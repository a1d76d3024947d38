"""Paths that stand for transformed copies."""

import os
import pickle

import numpy as np
import pytest

from cxrclf import Augmentation
from cxrclf.augmentation import AugmentedPath
from cxrclf.images import ImageReader


def test_copies_are_equal_by_what_they_stand_for():
    copy = AugmentedPath("a.png", Augmentation(rotation=15), seed=0, copy=1)
    again = pickle.loads(pickle.dumps(copy))
    assert again == copy
    assert {again, copy} == {copy}
    assert str(copy) == "a.png" != copy
    for other in (
        AugmentedPath("b.png", Augmentation(rotation=15), seed=0, copy=1),
        AugmentedPath("a.png", Augmentation(rotation=16), seed=0, copy=1),
        AugmentedPath("a.png", Augmentation(rotation=15), seed=1, copy=1),
        AugmentedPath("a.png", Augmentation(rotation=15), seed=0, copy=0),
    ):
        assert other != copy


def test_a_subclass_cannot_stand_for_its_parameters():
    class Other(Augmentation):
        pass

    with pytest.raises(TypeError, match="must be an Augmentation"):
        AugmentedPath("a.png", Other(), seed=0, copy=0)


def test_others_read_the_original(radiograph_files):
    path = radiograph_files.data[0, 0]
    copy = AugmentedPath(path, Augmentation(rotation=90, shift=0.1), seed=0, copy=0)
    images = ImageReader(image_size=32).fit_transform([path, copy])
    np.testing.assert_array_equal(images[0], images[1])


def test_to_the_system_it_is_the_path_of_the_original(tmp_path):
    path = str(tmp_path / "scan.png")
    copy = AugmentedPath(path, Augmentation(rotation=15), seed=0, copy=0)
    assert os.fspath(copy) == str(copy) == path
    (tmp_path / "scan.png").write_bytes(b"content")
    with open(copy, "rb") as file:
        assert file.read() == b"content"
