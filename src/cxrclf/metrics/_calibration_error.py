"""Calibration error in bins, and its size for perfect probabilities."""

import numpy as np

from cxrclf.metrics._estimate import Estimate

_VALUES_PER_PART = 2**21  # number of drawn labels that are in memory at once


def find_bins(proba: np.ndarray, n_bins: int) -> np.ndarray:
    """Return the bin of each probability, 0, 1, ... without gaps, of shape (n,).

    Bins have about the same number of images. Equal probabilities are in one bin, so
    the result does not depend on the order of the images.
    """
    edges = np.unique(np.quantile(proba, np.linspace(0, 1, n_bins + 1)[1:-1]))
    bins = np.searchsorted(edges, proba, side="right")
    return np.unique(bins, return_inverse=True)[1]


def calibration_error(
    is_true: np.ndarray, proba: np.ndarray, bins: np.ndarray
) -> float:
    """Return the expected calibration error (ECE)."""
    return float(np.abs(np.bincount(bins, is_true - proba)).sum() / len(proba))


def null_calibration_error(
    proba: np.ndarray,
    bins: np.ndarray,
    patients: np.ndarray,
    *,
    confidence_level: float,
    n_resamples: int,
    random_state: int,
) -> Estimate:
    """Return the ECE that perfectly calibrated probabilities would have.

    Labels are drawn from the probabilities. Images of one patient share a random
    number, so their labels are as similar as their probabilities allow.

    Parameters
    ----------
    proba : ndarray of shape (n,)
        Probabilities.
    bins : ndarray of shape (n,) of int
        Bin of each probability.
    patients : ndarray of shape (n,) of int
        Number of the patient of each image, 0, 1, ... without gaps.
    confidence_level : float
        Share of the drawn errors between the bounds.
    n_resamples : int
        Number of draws.
    random_state : int
        Seed of the draws.

    Returns
    -------
    Estimate
        Mean of the errors, and their quantiles.
    """
    order = np.argsort(bins, kind="stable")
    proba, patients = proba[order], patients[order]
    starts = np.flatnonzero(np.diff(bins[order], prepend=-1))
    rng = np.random.default_rng(random_state)
    size = max(1, _VALUES_PER_PART // len(proba))
    errors: list[np.ndarray] = []
    for start in range(0, n_resamples, size):
        n = min(size, n_resamples - start)
        numbers = rng.random((n, patients.max() + 1))[:, patients]
        sums = np.add.reduceat((numbers < proba) - proba, starts, axis=1)
        errors.append(np.abs(sums).sum(axis=1) / len(proba))
    drawn = np.concatenate(errors)
    tail = (1 - confidence_level) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Estimate(float(drawn.mean()), float(low), float(high))
