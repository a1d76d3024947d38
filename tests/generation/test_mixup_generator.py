"""MixupGenerator: which images are mixed, and in which fractions."""

from itertools import permutations

import numpy as np
import pytest
from scipy.stats import beta, kstest

from cxrclf.generation import MixupGenerator
from rare_images import make_rare


@pytest.fixture(scope="module")
def rare(tmp_path_factory):
    return make_rare(tmp_path_factory.mktemp("rare"))


def find_fractions(images, sources):
    """Return the pair and the fraction of each image, by least squares."""
    found = []
    for image in images.reshape(len(images), -1):
        for first, second in permutations(range(len(sources)), 2):
            x1, x2 = sources[first].ravel(), sources[second].ravel()
            change = x1 - x2
            fraction = change @ (image - x2) / (change @ change)
            if np.abs(x2 + fraction * change - image).max() < 1e-12:
                found.append((first, second, fraction))
                break
    return np.array(found)


@pytest.mark.parametrize("alpha", [0.3, 1.0, 4.0])
def test_two_images_of_the_class_in_beta_fractions(rare, alpha):
    sources = rare.floats[rare.y == "covid"]
    generator = MixupGenerator(alpha).fit(rare.floats, rare.y)
    found = find_fractions(generator.sample(300, "covid", 0), sources)
    assert len(found) == 300
    # Each pair is found in its first order, and Beta(alpha, alpha) is symmetric.
    assert kstest(found[:, 2], beta(alpha, alpha).cdf).pvalue > 0.01
    pairs, counts = np.unique(found[:, :2], axis=0, return_counts=True)
    assert len(pairs) == 15
    assert counts.max() < 40


def test_flat_rows_are_mixed_as_images(rare):
    X = rare.pixels.reshape(18, -1)
    rows = MixupGenerator().fit(X, rare.y).sample(4, "covid", 0)
    assert rows.shape == (4, 480)
    found = find_fractions(
        MixupGenerator().fit(X / 255, rare.y).sample(4, "covid", 0),
        X[rare.y == "covid"] / 255,
    )
    assert len(found) == 4


def test_one_image_is_too_few(rare):
    X = rare.pixels[[0, 0, 1, 2]]
    generator = MixupGenerator().fit(X, ["covid", "covid", "normal", "normal"])
    with pytest.raises(ValueError, match=r"'covid' has only one image.*ElasticGen"):
        generator.sample(1, "covid", 0)
    assert generator.sample(2, "normal", 0).shape == (2, 24, 20)


@pytest.mark.parametrize("alpha", [0, -1, "1", None])
def test_bad_alpha(rare, alpha):
    with pytest.raises(ValueError, match="'alpha' parameter"):
        MixupGenerator(alpha).fit(rare.pixels, rare.y)
