"""MixupGenerator: mixtures of two images of a class."""

import numpy as np
import pytest
from scipy import stats

from cxrclf.generation import MixupGenerator
from cxrclf.images import read_image


def test_each_sample_lies_between_two_images_of_its_class():
    rng = np.random.default_rng(0)
    X = rng.random((8, 5, 6))
    y = np.repeat(["a", "b"], 4)
    made = MixupGenerator(alpha=0.7).fit(X, y).sample(400, "b", 3)
    ends = X[4:].reshape(4, -1)
    factors = []
    for image in made.reshape(400, -1):
        weights, residual, *_ = np.linalg.lstsq(ends.T, image, rcond=None)
        assert residual == pytest.approx(0, abs=1e-20)
        used = np.sort(weights)
        assert used[:2] == pytest.approx([0, 0], abs=1e-9)
        assert weights.sum() == pytest.approx(1)
        factors.append(used[3])
    # The larger of λ and 1 - λ.
    reference = stats.beta(0.7, 0.7)
    cdf = lambda x: reference.cdf(x) - reference.cdf(1 - x)  # noqa: E731
    assert stats.kstest(factors, cdf).pvalue > 1e-3


def test_more_samples_begin_with_the_same_ones(radiographs):
    generator = MixupGenerator().fit(radiographs.images, radiographs.target)
    five, ten = (generator.sample(n, "covid", 1) for n in (5, 10))
    assert ten.dtype == np.uint8
    np.testing.assert_array_equal(five, ten[:5])
    assert (five != generator.sample(5, "covid", 2)).any()


def test_files_give_what_their_pixels_give(radiograph_files):
    made = [
        MixupGenerator(image_size=48).fit(X, y).sample(4, "normal", 0)
        for X, y in (
            (radiograph_files.data, radiograph_files.target),
            (
                np.stack([read_image(path) for path in radiograph_files.data[:, 0]]),
                radiograph_files.target,
            ),
        )
    ]
    np.testing.assert_array_equal(*made)


def test_one_image_cannot_be_mixed(radiographs):
    generator = MixupGenerator().fit(radiographs.images[:3], ["a", "b", "b"])
    with pytest.raises(ValueError, match="'a' has one image.*ElasticGenerator"):
        generator.sample(1, "a", 0)
    with pytest.raises(ValueError, match=r"no class 'c'.*\['a', 'b'\]"):
        generator.sample(1, "c", 0)
    with pytest.raises(ValueError, match="alpha"):
        MixupGenerator(alpha=0).fit(radiographs.images[:3], ["a", "b", "b"])
