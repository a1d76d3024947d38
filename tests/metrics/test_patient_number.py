import numpy as np
import pytest

from cxrclf.metrics._patient_number import patient_number


def test_patients_count_if_they_have_equally_many_images():
    assert patient_number(np.arange(7)) == 7
    assert patient_number(np.tile([3, 5, 8, 9], 6)) == 4
    assert patient_number(np.zeros(5, dtype=int)) == 1


def test_number_has_the_variance_of_a_mean_over_equal_images():
    sizes = np.array([1, 1, 2, 6])
    values = np.random.default_rng(0).normal(size=(200_000, 4))
    means = values @ sizes / sizes.sum()
    number = patient_number(np.repeat(np.arange(4), sizes))
    # The relative standard error of a variance of 200,000 values is 0.3 %.
    assert 1 / means.var() == pytest.approx(number, rel=0.02)
