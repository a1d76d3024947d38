"""ImageSampler against the sampler that it wraps."""

import random

import numpy as np
import pytest
from imblearn.base import BaseSampler
from imblearn.combine import SMOTEENN
from imblearn.over_sampling import ADASYN, SMOTE, SMOTEN, RandomOverSampler
from imblearn.under_sampling import (
    AllKNN,
    ClusterCentroids,
    EditedNearestNeighbours,
    NearMiss,
    RandomUnderSampler,
    TomekLinks,
)
from sklearn.base import clone

from cxrclf.sampling import AugmentedOverSampler, ImageSampler


@pytest.mark.parametrize("kind", [RandomOverSampler, RandomUnderSampler])
def test_rows_are_those_of_the_sampler_alone(few_images, kind):
    images, y = few_images
    reference = kind(random_state=4)
    X_expected, y_expected = reference.fit_resample(images.reshape(21, -1), y)
    sampler = ImageSampler(kind(random_state=4))
    X, y_new = sampler.fit_resample(images, y)
    np.testing.assert_array_equal(X.reshape(len(X), -1), X_expected)
    np.testing.assert_array_equal(y_new, y_expected)
    np.testing.assert_array_equal(sampler.sample_indices_, reference.sample_indices_)
    assert sampler.sampling_strategy_ == reference.sampling_strategy_
    assert sampler.sampler_ is not sampler.sampler
    assert not hasattr(sampler.sampler, "sample_indices_")


def test_default_draws_fewer_of_the_frequent_classes(few_files):
    paths, y = few_files
    X, y_new = ImageSampler().fit_resample(paths, y)
    assert sorted(y_new) == ["covid"] * 3 + ["normal"] * 3 + ["pneumonia"] * 3
    assert len(set(X)) == 9


def test_a_sampler_of_ones_own(few_files):
    class FirstRows(BaseSampler):
        _sampling_type = "under-sampling"
        _parameter_constraints = {"sampling_strategy": "no_validation"}

        def _fit_resample(self, X, y):
            self.sample_indices_ = np.concatenate(
                [
                    np.flatnonzero(y == label)[: self.sampling_strategy_.get(label)]
                    for label in np.unique(y)
                ]
            )
            return X[self.sample_indices_], y[self.sample_indices_]

        def __sklearn_tags__(self):
            tags = super().__sklearn_tags__()
            tags.input_tags.string = True
            tags.sampler_tags.sample_indices = True
            return tags

    paths, y = few_files
    X, y_new = ImageSampler(FirstRows()).fit_resample(paths, y)
    for label in np.unique(y):
        assert X[y_new == label].tolist() == paths[y == label][:3].tolist()


def test_nested_parameters_and_clone():
    sampler = ImageSampler(RandomUnderSampler())
    sampler.set_params(sampler__sampling_strategy={0: 1}, sampler__random_state=0)
    copy = clone(sampler)
    assert copy.sampler is not sampler.sampler
    X, y = copy.fit_resample(["a", "b", "c"], [0, 0, 1])
    assert y == [0, 1]
    assert len(X) == 2


@pytest.mark.parametrize(
    ("sampler", "message"),
    [
        (SMOTE(), "SMOTE creates new rows"),
        (SMOTEN(), "SMOTEN creates new rows"),
        (ADASYN(), "ADASYN creates new rows"),
        (ClusterCentroids(), "ClusterCentroids creates new rows"),
        (SMOTEENN(), "SMOTEENN creates new rows"),
        (RandomOverSampler(shrinkage=0.1), "Leave shrinkage=None"),
        (NearMiss(), "NearMiss computes with the values of X"),
        (TomekLinks(), "TomekLinks computes with the values of X"),
        (AllKNN(), "AllKNN computes with the values of X"),
        (EditedNearestNeighbours(), "EditedNearestNeighbours computes"),
        (AugmentedOverSampler(), "AugmentedOverSampler computes .* or changes"),
    ],
)
def test_samplers_that_need_pixel_values_are_refused(sampler, message, few_images):
    for method in ("fit", "fit_resample"):
        with pytest.raises(ValueError, match=f"{message}.*RandomUnderSampler"):
            getattr(ImageSampler(sampler), method)(*few_images)


def test_global_generators_stay_with_a_sampler_without_a_seed(few_images):
    before = np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    results = [ImageSampler().fit_resample(*few_images)[0] for _ in range(2)]
    np.testing.assert_array_equal(np.random.get_state()[1], before[0])  # noqa: NPY002
    assert random.getstate() == before[1]
    assert not np.array_equal(*results)
