"""What a generator of images must have."""

import numpy as np
import pytest
from sklearn.base import clone

from cxrclf.sampling import ImageGenerator


class Noise(ImageGenerator):
    def __init__(self, scale=1.0):
        self.scale = scale

    def fit(self, X, y):
        self.shape_ = X.shape[1:]
        return self

    def sample(self, n_samples, label, random_state):
        rng = np.random.default_rng(random_state)
        return self.scale * rng.random((n_samples, *self.shape_))


def test_a_generator_is_an_estimator():
    generator = Noise(scale=2.0)
    assert generator.get_params() == {"scale": 2.0}
    assert clone(generator.set_params(scale=3.0)).scale == 3.0
    samples = generator.fit(np.zeros((2, 4, 5)), [0, 1]).sample(3, 0, 7)
    assert samples.shape == (3, 4, 5)


@pytest.mark.parametrize("missing", ["fit", "sample"])
def test_both_methods_are_needed(missing):
    methods = {name: vars(Noise)[name] for name in ("fit", "sample")}
    del methods[missing]
    incomplete = type("Incomplete", (ImageGenerator,), methods)
    with pytest.raises(TypeError, match=f"abstract method '?{missing}'?"):
        incomplete()
