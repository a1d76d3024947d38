"""Small images of three classes, as an array and as files, and a generator."""

import sys

import cloudpickle
import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from cxrclf.images import ImageReader, find_paths
from cxrclf.sampling import ImageGenerator

# Worker processes cannot import the tests.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


@pytest.fixture(scope="session")
def few_images():
    """Return (21, 24, 20) uint8 images and their labels, 12 : 6 : 3, mixed."""
    rng = np.random.default_rng(0)
    smooth = gaussian_filter(rng.random((21, 24, 20)), (0, 2, 2))
    smooth = (smooth - smooth.min()) / np.ptp(smooth)
    y = rng.permutation(np.repeat(["normal", "pneumonia", "covid"], [12, 6, 3]))
    return (255 * smooth).round().astype(np.uint8), y


@pytest.fixture(scope="session")
def few_files(few_images, tmp_path_factory):
    """Return paths of the images as files, and their labels."""
    images, y = few_images
    folder = tmp_path_factory.mktemp("few")
    paths = [str(folder / f"{number:02d}.png") for number in range(len(images))]
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(image).save(path)
    return np.array(paths, dtype=object), y


class MixGenerator(ImageGenerator):
    """Makes means of two different images of a class, from an array or from files."""

    def __init__(self, size=(24, 20), random_state=None):
        self.size = size
        self.random_state = random_state

    def fit(self, X, y):
        reads = find_paths(X) is not None
        images = ImageReader(self.size).fit_transform(X) if reads else np.asarray(X)
        self.images_ = {label: images[y == label] for label in np.unique(y)}
        self.fitted_on_ = X, y
        return self

    def sample(self, n_samples, label, random_state):
        rng = np.random.default_rng(random_state)
        images = self.images_[label]
        first = rng.integers(len(images), size=n_samples)
        second = (first + rng.integers(1, len(images), size=n_samples)) % len(images)
        return ((images[first] * 1.0 + images[second]) / 2).astype(images.dtype)


@pytest.fixture
def mix_generator():
    return MixGenerator()
