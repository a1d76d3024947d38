"""Scores of the calibration of probabilities."""

from typing import Any

import numpy as np

from cxrclf._utils.checks import check_int
from cxrclf._utils.groups import index_patients
from cxrclf._utils.patient_resampling import PatientResampling
from cxrclf.metrics._calibration_error import (
    calibration_error,
    find_bins,
    null_calibration_error,
)
from cxrclf.metrics._calibration_table import CalibrationTable
from cxrclf.metrics._checks import float_type
from cxrclf.metrics._estimate import Estimate
from cxrclf.metrics._probabilities import check_probabilities
from cxrclf.metrics._recalibration import recalibrate

_OVERALL = "overall"


def calibration_scores(
    y_true: Any,
    y_proba: Any,
    *,
    classes: Any = None,
    groups: Any = None,
    n_bins: int = 10,
    confidence_level: float = 0.95,
    n_resamples: int = 1000,
    random_state: int = 0,
) -> CalibrationTable:
    """Compute how well probabilities agree with the frequencies of the classes.

    The scores are:

    - `brier`: mean squared error of the probabilities;
    - `log_loss`: mean negative logarithm of the probability of the true class;
    - `ece`: expected calibration error, the mean distance of probability and frequency
      in bins with about the same number of images;
    - `ece_null`: ECE that perfectly calibrated probabilities would have on as many
      images;
    - `slope`: calibration slope. It is 1 for calibrated probabilities, and less than 1
      if the probabilities are too extreme;
    - `intercept`: calibration in the large. It is 0 for calibrated probabilities, and
      positive if the probabilities are too small.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels.
    y_proba : array-like of shape (n, n_classes) or (n,)
        Output of `predict_proba`: one column per class, in sorted order of the classes.
        For two classes, it can also be the probability of the last class in sorted
        order.
    classes : array-like of shape (n_classes,), default=None
        All classes of the problem, in any order. By default, the labels in `y_true`.
    groups : array-like of shape (n,), default=None
        Patient id of each image. None stands for one image per patient.
    n_bins : int, default=10
        Largest number of bins of the ECE. Equal probabilities share a bin.
    confidence_level : float, default=0.95
        Confidence level of the intervals, in (0, 1).
    n_resamples : int, default=1000
        Number of resamples of the patients, and of drawn labels for `ece_null`.
    random_state : int, default=0
        Seed of the resamples and of the drawn labels.

    Returns
    -------
    CalibrationTable
        One row per class, which is scored against all other classes, and the row
        ``"overall"``. Index it with ``table["covid", "brier"]`` to get an
        :class:`Estimate`.

    Raises
    ------
    ValueError
        If lengths or shapes do not fit, if values are not probabilities, or if a
        parameter is invalid.

    See Also
    --------
    ReliabilityDisplay : Plot probabilities against frequencies.
    fit_temperature : Correct probabilities that are too extreme.

    Notes
    -----
    The overall Brier score and log loss are those of scikit-learn for all classes
    together. In the log loss, probabilities below the precision of their type count as
    the precision: 2.2e-16 for float64, and 1.2e-7 for float32. The overall ECE compares
    the largest probability of each image with the frequency of correct predictions
    [1]_. Slope and intercept [2]_ belong to one class
    and are nan in the overall row. They are also nan where a class has no images or
    all of them, and the slope where the probabilities separate the classes.

    The ECE has a bias: it is positive for perfectly calibrated probabilities too, and
    larger for fewer images and more bins [3]_. Compare it with `ece_null`: if `ece`
    lies between the bounds of `ece_null`, the images do not show a calibration error.
    The ECE itself has no interval, because resampling adds the same bias again. With
    `groups`, the labels of `ece_null` are drawn per patient.

    Intervals of the Brier score and the log loss come from resampled patients, as in
    :func:`bootstrap_interval`. Intervals of slope and intercept come from the sandwich
    variance over patients. For them, probabilities are limited to [1e-6, 1 - 1e-6].

    References
    ----------
    .. [1] C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On calibration of modern
       neural networks", ICML 2017.
    .. [2] B. Van Calster et al., "Calibration: the Achilles heel of predictive
       analytics", BMC Medicine 17, 230, 2019.
    .. [3] R. Roelofs, N. Cain, J. Shlens and M. C. Mozer, "Mitigating bias in
       calibration error estimation", AISTATS 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from cxrclf.metrics import calibration_scores
    >>> rng = np.random.default_rng(0)
    >>> y_proba = rng.random(400)
    >>> y_true = rng.random(400) < y_proba
    >>> table = calibration_scores(y_true, y_proba)
    >>> print(f"{table[True, 'slope']:.2f}")
    1.05 [0.82, 1.28]
    """
    codes, proba, names = check_probabilities(y_true, y_proba, classes)
    smallest = float(np.finfo(float_type(y_proba)).eps)
    check_int(n_bins, "n_bins", 1)
    n = len(codes)
    resampling = PatientResampling(
        n, groups, confidence_level, n_resamples, random_state
    )
    patients = index_patients(groups, n)

    def score_bins(is_true: np.ndarray, column: np.ndarray) -> dict[str, Estimate]:
        bins = find_bins(column, n_bins)
        error = calibration_error(is_true, column, bins)
        null = null_calibration_error(
            column,
            bins,
            patients,
            confidence_level=confidence_level,
            n_resamples=n_resamples,
            random_state=random_state,
        )
        return {"ece": Estimate(error, np.nan, np.nan), "ece_null": null}

    scores: dict[str, dict[str, Estimate]] = {}
    for code, name in enumerate(names.tolist()):
        if str(name) in scores or str(name) == _OVERALL:
            raise ValueError(
                f"Two rows of the table would be named {str(name)!r}. Rename the class."
            )
        is_true, column = codes == code, proba[:, code]
        slope, intercept = recalibrate(is_true, column, patients, confidence_level)
        of_true = np.where(is_true, column, 1 - column)
        scores[str(name)] = {
            "brier": Estimate(*resampling.estimate((is_true - column) ** 2)),
            "log_loss": Estimate(*resampling.estimate(_log_losses(of_true, smallest))),
            **score_bins(is_true, column),
            "slope": slope,
            "intercept": intercept,
        }
    undefined = Estimate(np.nan, np.nan, np.nan)
    scores[_OVERALL] = {
        "brier": Estimate(*resampling.estimate(_brier_scores(codes, proba))),
        "log_loss": Estimate(
            *resampling.estimate(_log_losses(proba[np.arange(n), codes], smallest))
        ),
        **score_bins(proba.argmax(axis=1) == codes, proba.max(axis=1)),
        "slope": undefined,
        "intercept": undefined,
    }
    return CalibrationTable(
        scores,
        n_images=n,
        n_patients=resampling.count_patients(),
        confidence_level=confidence_level,
    )


def _brier_scores(codes: np.ndarray, proba: np.ndarray) -> np.ndarray:
    """Return the Brier score of each image: half the sum for two classes."""
    squares = ((np.eye(proba.shape[1])[codes] - proba) ** 2).sum(axis=1)
    return squares / 2 if proba.shape[1] == 2 else squares


def _log_losses(proba_of_true: np.ndarray, smallest: float) -> np.ndarray:
    """Return the log loss of each image. It is limited, as in scikit-learn."""
    return -np.log(np.clip(proba_of_true, smallest, 1 - smallest))
