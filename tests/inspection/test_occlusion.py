"""Occlusion maps, compared with a loop over windows."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from cxrclf.inspection import Occlusion, saliency_maps


class Brightness(ClassifierMixin, BaseEstimator):
    """Classifier whose probability is the mean brightness of a patch."""

    classes_ = np.array(["dark", "light"])

    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        p = np.asarray(X, float)[:, 4:8, 4:8].mean((1, 2))
        return np.stack([1 - p, p], 1)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(1)]

    def __sklearn_is_fitted__(self):
        return True


@pytest.mark.parametrize("fill", [0.0, "mean"])
def test_map_of_a_known_function(fill):
    image = np.full((1, 16, 16), 0.75)
    image[0, :, 12:] = 0.25
    method = Occlusion(window=0.25, stride=0.25, fill=fill)
    found = saliency_maps(Brightness(), image, "light", method=method)[0]
    expected = np.zeros((16, 16))
    # Only the window on the patch changes the probability.
    expected[4:8, 4:8] = 0.75 - (0.0 if fill == 0 else image.mean())
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_map_of_a_network_equals_a_loop(trained, radiographs):
    image = radiographs.images[0] / 255
    method = Occlusion(window=0.5, stride=0.25, fill=0.5)
    found = saliency_maps(trained, image[None], "covid", method=method)[0]
    total, count = np.zeros((48, 48)), np.zeros((48, 48))
    whole = trained.predict_proba(image[None])[0, 0]
    for top in range(0, 25, 12):
        for left in range(0, 25, 12):
            changed = image.copy()
            part = np.s_[top : top + 24, left : left + 24]
            changed[part] = 0.5
            total[part] += whole - trained.predict_proba(changed[None])[0, 0]
            count[part] += 1
    # A single image is computed by another algorithm than a batch.
    np.testing.assert_allclose(found, total / count, atol=2e-6)
