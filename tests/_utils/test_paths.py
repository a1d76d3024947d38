"""Paths that stand for transformed copies."""

from pathlib import Path

import numpy as np

from cxrclf import Augmentation, CXRClassifier
from cxrclf._utils.paths import is_copy
from cxrclf.augmentation import AugmentedPath
from cxrclf.images import ImageInput


def test_a_copy_has_an_augmentation_a_seed_and_a_number():
    assert is_copy(AugmentedPath("a.png", Augmentation(), seed=0, copy=0))
    assert not is_copy("a.png")
    assert not is_copy(Path("a.png"))


class Annotated(type(Path())):
    """A path of another library with an attribute of the same name."""

    augmentation = "none"


def test_a_path_of_another_library_is_no_copy():
    paths = [Annotated("a.png"), "b.png"]
    assert not ImageInput.from_X(paths).is_copy.any()


def test_originals_of_another_library_are_trained_on(radiograph_files):
    paths = [Annotated(path) for path in radiograph_files.data[:, 0]]
    settings = {"weights": None, "image_size": 32, "max_epochs": 1, "random_state": 0}
    fits = [
        CXRClassifier("test_resnet", **settings).fit(X, radiograph_files.target)
        for X in (paths, radiograph_files.data)
    ]
    first, second = (clf.predict_proba(radiograph_files.data) for clf in fits)
    np.testing.assert_array_equal(first, second)
