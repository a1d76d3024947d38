"""A sampling strategy adds images to one class."""

import numpy as np
from imblearn.over_sampling import RandomOverSampler
from sklearn.base import clone

from cxrclf.studies._added_images import AddedImages


def test_sampler_adds_images_to_the_class():
    y = np.repeat(["covid", "normal"], [3, 7])
    sampler = RandomOverSampler(
        sampling_strategy=AddedImages("covid", 5), random_state=0
    )
    _, resampled = sampler.fit_resample(np.arange(10)[:, None], y)
    assert np.unique(resampled, return_counts=True)[1].tolist() == [8, 7]


def test_number_is_a_parameter_of_the_sampler():
    sampler = clone(RandomOverSampler(sampling_strategy=AddedImages("covid", 5)))
    sampler.set_params(sampling_strategy__n_images=2)
    assert sampler.sampling_strategy(["covid"]) == {"covid": 3}
