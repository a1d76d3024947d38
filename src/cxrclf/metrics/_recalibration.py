"""Calibration slope and intercept of probabilities."""

import warnings

import numpy as np
from scipy.optimize import root_scalar
from scipy.special import expit, logit
from scipy.stats import t
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from cxrclf.metrics._estimate import Estimate

_CLIP = 1e-6  # the logit of probabilities of 0 and 1 is infinite


def recalibrate(
    is_true: np.ndarray, proba: np.ndarray, patients: np.ndarray, level: float
) -> tuple[Estimate, Estimate]:
    """Return the calibration slope and intercept, with intervals over patients.

    The slope is the coefficient of a logistic regression of the labels on
    logit(proba). The intercept belongs to a regression with slope 1. The variance is
    the sandwich estimator over patients.

    Parameters
    ----------
    is_true : ndarray of shape (n,) of bool
        Whether the image belongs to the class.
    proba : ndarray of shape (n,)
        Probability of the class.
    patients : ndarray of shape (n,) of int
        Number of the patient of each image, 0, 1, ... without gaps.
    level : float
        Confidence level.

    Returns
    -------
    slope, intercept : Estimate
        Both are nan if there is one class only. The slope is also nan if the
        probabilities separate the classes or are all equal.
    """
    undefined = Estimate(np.nan, np.nan, np.nan)
    if is_true.all() or not is_true.any():
        return undefined, undefined
    x = logit(np.clip(proba, _CLIP, 1 - _CLIP))
    positive, negative = x[is_true], x[~is_true]
    separated = positive.min() >= negative.max() or positive.max() <= negative.min()
    slope = undefined
    if not separated:
        model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-8)
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            model.fit(x[:, None], is_true)
        design = np.column_stack([x, np.ones_like(x)])
        fitted = model.predict_proba(x[:, None])[:, 1]
        slope = _interval(model.coef_[0, 0], design, is_true, fitted, patients, level)

    def excess(shift: float) -> float:
        return float((expit(x + shift) - is_true).sum())

    shift = root_scalar(excess, bracket=(-40, 40)).root
    ones = np.ones((len(x), 1))
    return slope, _interval(shift, ones, is_true, expit(x + shift), patients, level)


def _interval(
    value: float,
    design: np.ndarray,
    is_true: np.ndarray,
    fitted: np.ndarray,
    patients: np.ndarray,
    level: float,
) -> Estimate:
    """Return the first coefficient of a logistic regression with its interval."""
    n = patients.max() + 1
    if n == 1:
        return Estimate(float(value), np.nan, np.nan)
    residuals = design * (is_true - fitted)[:, None]
    scores = np.column_stack([np.bincount(patients, column) for column in residuals.T])
    bread = np.linalg.inv(design.T @ (design * (fitted * (1 - fitted))[:, None]))
    # The norm is the root of (bread @ scores.T @ scores @ bread)[0, 0], and never nan.
    error = np.sqrt(n / (n - 1)) * np.linalg.norm(scores @ bread[0])
    half = t.isf((1 - level) / 2, n - 1) * error
    return Estimate(float(value), float(value - half), float(value + half))
