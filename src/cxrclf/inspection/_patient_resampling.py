"""Confidence intervals of means from resampling patients."""

from numbers import Integral, Real

import numpy as np
from scipy.stats import bootstrap, norm, t

from cxrclf._utils.groups import check_groups

_MIN_PATIENTS = 3
_MIN_RESAMPLES = 100
_VALUES_PER_BATCH = 2**20  # number of resampled values that are in memory at once


class PatientResampling:
    """Means over images, with intervals from resampling patients.

    Parameters
    ----------
    n : int
        Number of images.
    groups : array-like of shape (n,) or None, default=None
        Patient id of each image. None stands for one image per patient.
    confidence_level : float, default=0.95
        Confidence level of the intervals, in (0, 1).
    n_resamples : int, default=2000
        Number of resamples, 100 or more.
    random_state : int, default=0
        Seed of the resamples.

    Raises
    ------
    ValueError
        If a parameter is invalid.
    """

    def __init__(
        self, n, groups=None, confidence_level=0.95, n_resamples=2000, random_state=0
    ):
        if not isinstance(confidence_level, Real) or not 0 < confidence_level < 1:
            raise ValueError(
                f"confidence_level must lie in (0, 1), got {confidence_level!r}."
            )
        check_int(n_resamples, "n_resamples", _MIN_RESAMPLES)
        check_int(random_state, "random_state", 0)
        self.n = n
        ids = np.arange(n) if groups is None else check_groups(groups, n)
        self._patients = np.unique(ids, return_inverse=True)[1]
        self.confidence_level = confidence_level
        self.n_resamples = n_resamples
        self.random_state = random_state

    def count_patients(self, used=...):
        """Return the number of patients of some images."""
        return len(np.unique(self._patients[used]))

    def estimate(self, values):
        """Return the mean of values, and its interval.

        Parameters
        ----------
        values : ndarray of shape (n,) of float
            Value of each image. Images with nan are left out.

        Returns
        -------
        mean, low, high : float
            The mean over images, and the bounds of its interval.
        """
        used = ~np.isnan(values)
        if not used.any():
            return np.nan, np.nan, np.nan
        mean = float(values[used].mean())
        _, patients = np.unique(self._patients[used], return_inverse=True)
        counts = np.bincount(patients)
        n = len(counts)
        if n < _MIN_PATIENTS:
            return mean, np.nan, np.nan
        interval = bootstrap(
            (np.bincount(patients, values[used]), counts),
            _mean_of_images,
            paired=True,
            vectorized=True,
            method="percentile",
            confidence_level=_expand_level(self.confidence_level, n),
            n_resamples=self.n_resamples,
            batch=max(1, _VALUES_PER_BATCH // n),
            random_state=np.random.default_rng(self.random_state),
        ).confidence_interval
        return mean, float(interval.low), float(interval.high)


def check_int(value, name, lowest):
    """Raise a ValueError if a value is no int, or less than `lowest`."""
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or value < lowest:
        raise ValueError(f"{name} must be an int, {lowest} or more, got {value!r}.")


def _mean_of_images(sums, counts, axis=-1):
    return sums.sum(axis) / counts.sum(axis)


def _expand_level(level, n):
    """Return the level at which a percentile interval of n patients has `level`.

    Percentile intervals of few patients are too narrow. The expanded level replaces
    the quantile of the normal distribution by Student's t, and the variance by the
    unbiased variance (Hesterberg 2015).
    """
    quantile = np.sqrt(n / (n - 1)) * t.ppf((1 + level) / 2, n - 1)
    return float(min(2 * norm.cdf(quantile) - 1, 1 - 1e-12))
