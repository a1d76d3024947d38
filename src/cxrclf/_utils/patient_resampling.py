"""Confidence intervals from resampling patients."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.stats import bootstrap, norm, t

from cxrclf._utils.checks import check_int, check_level
from cxrclf._utils.groups import index_patients

_MIN_PATIENTS = 3
_MIN_RESAMPLES = 100
_VALUES_PER_BATCH = 2**20  # number of resampled values that are in memory at once


class PatientResampling:
    """Statistics of images, with intervals from resampling patients.

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
        self,
        n: int,
        groups: Any = None,
        confidence_level: float = 0.95,
        n_resamples: int = 2000,
        random_state: int = 0,
    ):
        check_level(confidence_level)
        check_int(n_resamples, "n_resamples", _MIN_RESAMPLES)
        check_int(random_state, "random_state", 0)
        self.n = n
        self._patients = index_patients(groups, n)
        self.confidence_level = confidence_level
        self.n_resamples = n_resamples
        self.random_state = random_state

    def count_patients(self, used: Any = ...) -> int:
        """Return the number of patients of some images."""
        return len(np.unique(self._patients[used]))

    def estimate(self, values: np.ndarray) -> tuple[float, float, float]:
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

    def resample(
        self, statistic: Callable[..., Any], arrays: Sequence[np.ndarray]
    ) -> np.ndarray:
        """Return a statistic of each resample.

        Parameters
        ----------
        statistic : callable
            Function of the arrays that returns one or several numbers.
        arrays : sequence of ndarray of shape (n, ...)
            Arrays with one row per image.

        Returns
        -------
        ndarray of shape (n_resamples,) or (n_resamples, n_numbers)
            Statistics. They are nan where the function raised a ValueError or a
            ZeroDivisionError, as scores of a single class do.
        """
        order = np.argsort(self._patients, kind="stable")
        counts = np.bincount(self._patients)
        starts = np.cumsum(counts) - counts
        rng = np.random.default_rng(self.random_state)
        found = []
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # of scores of a single class
            for _ in range(self.n_resamples):
                drawn = rng.integers(0, len(counts), len(counts))
                rows = order[_join_ranges(starts[drawn], counts[drawn])]
                try:
                    found.append(statistic(*(array[rows] for array in arrays)))
                except (ValueError, ZeroDivisionError):
                    found.append(np.nan)
        shape = next((np.shape(value) for value in found if np.ndim(value)), ())
        return np.array([np.broadcast_to(value, shape) for value in found], float)

    def interval(self, resampled: np.ndarray) -> tuple[float, float]:
        """Return the interval of one statistic from its values in the resamples.

        Parameters
        ----------
        resampled : ndarray of shape (n_resamples,)
            Statistics of the resamples. Undefined ones are nan and are left out.

        Returns
        -------
        low, high : float
            Bounds. They are nan for fewer than 3 patients, and if half of the
            statistics or more are undefined.
        """
        n = self.count_patients()
        defined = resampled[np.isfinite(resampled)]
        if n < _MIN_PATIENTS or 2 * len(defined) <= len(resampled):
            return np.nan, np.nan
        tail = (1 - _expand_level(self.confidence_level, n)) / 2
        low, high = np.quantile(defined, [tail, 1 - tail])
        return float(low), float(high)


def _mean_of_images(sums, counts, axis=-1):
    return sums.sum(axis) / counts.sum(axis)


def _join_ranges(starts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the numbers of the ranges ``start, ..., start + count - 1``, joined."""
    ends = np.cumsum(counts)
    return np.arange(ends[-1]) + np.repeat(starts - (ends - counts), counts)


def _expand_level(level: float, n: int) -> float:
    """Return the level at which a percentile interval of n patients has `level`.

    Percentile intervals of few patients are too narrow. The expanded level replaces
    the quantile of the normal distribution by Student's t, and the variance by the
    unbiased variance (Hesterberg 2015).
    """
    quantile = np.sqrt(n / (n - 1)) * t.ppf((1 + level) / 2, n - 1)
    return float(min(2 * norm.cdf(quantile) - 1, 1 - 1e-12))
