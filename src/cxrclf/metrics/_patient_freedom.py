"""Degrees of freedom of a variance that is estimated from patients."""

import numpy as np


def patient_freedom(contributions: np.ndarray, n_patients: int) -> float:
    """Return the degrees of freedom of the sum of squared contributions of patients.

    The usual number is the number of patients, less 1. It is too large where few
    patients have nearly all errors, because then few patients decide the variance. The
    sum of the squares has about ``2 s2**2 / var(s2)`` degrees of freedom
    (Satterthwaite), where s2 is the sum of the squares and var(s2) at most the sum of
    the fourth powers. The factor is 1.5 here instead of 2, because the sum of the
    fourth powers of few patients is too small itself: intervals then had the best
    coverage in ``benchmarks/interval_coverage.py``. The result is half the number of
    patients if the contributions have a normal distribution.

    Parameters
    ----------
    contributions : ndarray of shape (n,)
        Contribution of each patient to the error of a score.
    n_patients : int
        Number of patients.

    Returns
    -------
    float
        Degrees of freedom, at most ``n_patients - 1``.
    """
    squares = contributions**2
    fourth = float((squares**2).sum())
    if fourth == 0:
        return n_patients - 1.0
    return min(n_patients - 1.0, 1.5 * float(squares.sum()) ** 2 / fourth)
