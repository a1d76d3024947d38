"""The checks of imbalanced-learn and of scikit-learn, all of them."""

import numpy as np
import pytest
from imblearn.over_sampling import RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from imblearn.utils.estimator_checks import estimator_checks_generator
from sklearn.utils import check_random_state
from sklearn.utils.estimator_checks import parametrize_with_checks

from cxrclf.sampling import (
    AugmentedOverSampler,
    GenerativeOverSampler,
    ImageGenerator,
    ImageSampler,
)


class NormalRows(ImageGenerator):
    """Draws rows with the mean and the standard deviations of their class."""

    def fit(self, X, y):
        X = np.asarray(X, dtype=float)
        self.moments_ = {
            label: (X[y == label].mean(0), X[y == label].std(0))
            for label in np.unique(y)
        }
        return self

    def sample(self, n_samples, label, random_state):
        mean, deviation = self.moments_[label]
        rng = check_random_state(random_state)
        return rng.normal(mean, deviation, (n_samples, *mean.shape))


SAMPLERS = [
    AugmentedOverSampler(random_state=0),
    GenerativeOverSampler(NormalRows(), random_state=0),
    ImageSampler(RandomOverSampler(random_state=0)),
    ImageSampler(RandomUnderSampler(random_state=0)),
]


# imbalanced-learn's own decorator passes a generator, which pytest 9 warns of.
@pytest.mark.parametrize(
    ("estimator", "check"),
    [
        pytest.param(*pair, id=f"{sampler}-{pair[1].func.__name__}")
        for sampler in SAMPLERS
        for pair in estimator_checks_generator(sampler)
    ],
)
def test_imbalanced_learn_checks(estimator, check):
    check(estimator)


@parametrize_with_checks(SAMPLERS)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
