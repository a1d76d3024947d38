"""TranslatingGenerator: samples and translations of a fitted generator."""

import numpy as np
import pytest

from cxrclf import Augmentation


def test_the_same_seed_gives_the_same_images(make, fitted, radiographs):
    again = make().fit(radiographs.images, radiographs.target, ["covid"])
    np.testing.assert_array_equal(
        fitted.sample(5, "covid", 1), again.sample(5, "covid", 1)
    )
    other = make(random_state=1).fit(radiographs.images, radiographs.target, ["covid"])
    assert (fitted.sample(5, "covid", 1) != other.sample(5, "covid", 1)).any()
    assert (fitted.sample(5, "covid", 1) != fitted.sample(5, "covid", 2)).any()


def test_samples_are_translations_of_their_source_rows(fitted, radiographs):
    rows = fitted.source_rows(10, "covid", 3)
    normal = np.flatnonzero(radiographs.target == "normal")
    assert sorted(rows) == normal.tolist()
    np.testing.assert_array_equal(
        fitted.sample(10, "covid", 3), fitted.translate(radiographs.images[rows])
    )
    np.testing.assert_array_equal(fitted.source_rows(4, "covid", 3), rows[:4])


def test_images_that_repeat_are_warned_of(fitted, radiographs):
    with pytest.warns(UserWarning, match="12 images are generated from 10"):
        images = fitted.sample(12, "covid", 0)
    assert len(np.unique(images, axis=0)) < 12


def test_with_augmentation_each_sample_is_another_view(make, radiographs):
    generator = make(augmentation=Augmentation(shift=0.1), max_iter=2)
    generator.fit(radiographs.images, radiographs.target, ["covid"])
    images = generator.sample(20, "covid", 0)
    assert len(np.unique(images, axis=0)) == 20
    np.testing.assert_array_equal(images, generator.sample(20, "covid", 0))


def test_an_image_does_not_depend_on_the_other_images(fitted, radiographs):
    X = radiographs.images
    together = fitted.translate(X)
    np.testing.assert_array_equal(together[:20], fitted.translate(X[:20]))
    # A single image is computed by other kernels, and rounds differently.
    alone = fitted.translate(X[:1])
    np.testing.assert_allclose(together[:1], alone.astype(int), atol=1)


def test_reverse_uses_the_other_generator(fitted, radiographs):
    X = radiographs.images[:4]
    there, back = fitted.translate(X), fitted.translate(X, reverse=True)
    assert (there != back).any()
