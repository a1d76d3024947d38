import numpy as np
import pytest

from cxrclf.metrics._patient_freedom import patient_freedom


def test_normal_contributions_have_half_the_number_of_patients():
    contributions = np.random.default_rng(0).normal(size=100_000)
    assert patient_freedom(contributions, 100_000) == pytest.approx(50_000, rel=0.03)


def test_one_patient_with_all_errors_decides_alone():
    assert patient_freedom(np.array([0.0, 0, 0, 5]), 4) == 1.5


def test_number_is_at_most_that_of_the_patients():
    assert patient_freedom(np.ones(10), 10) == 9
    assert patient_freedom(np.zeros(10), 10) == 9
