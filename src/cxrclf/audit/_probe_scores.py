"""Scores of out-of-fold predictions with intervals over patients."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cxrclf.audit._chance_test import chance_p_value, macro_auc
from cxrclf.audit._summary_scores import summarize
from cxrclf.metrics import Estimate, Predictions, bootstrap_interval

_UNDEFINED = Estimate(np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class Settings:
    """Settings of intervals and tests.

    Parameters
    ----------
    confidence_level : float
        Confidence level of the intervals.
    n_resamples : int
        Number of bootstrap resamples.
    n_permutations : int
        Number of permutations of the test against chance.
    random_state : int
        Seed of both.
    """

    confidence_level: float
    n_resamples: int
    n_permutations: int
    random_state: int


class ProbeScores:
    """Scores of a classifier and its difference to another classifier.

    Parameters
    ----------
    predictions : Predictions
        Out-of-fold predictions, with `fold`.
    settings : Settings
        Settings of intervals and tests.
    reference : Predictions, default=None
        Predictions of the estimator for the same samples in the same order.

    Attributes
    ----------
    accuracy, balanced_accuracy, auc : Estimate
        Scores with the intervals of :meth:`~cxrclf.metrics.Predictions.table`. The AUC
        is the macro average over classes, and nan without `y_score`.
    difference : Estimate
        Balanced accuracy of the reference minus this balanced accuracy, with an
        interval from resampled patients, the same for both. It is nan without
        `reference`.
    p_value : float
        p-value of the test against chance. Without `y_score`, the predicted labels are
        the scores.
    """

    def __init__(
        self,
        predictions: Predictions,
        settings: Settings,
        reference: Predictions | None = None,
    ):
        self._settings = settings
        scores = summarize(predictions, settings.confidence_level)
        self.accuracy = scores["accuracy"]
        self.balanced_accuracy = scores["balanced_accuracy"]
        self.auc = scores.get("auc", _UNDEFINED)
        self.difference = _UNDEFINED
        if reference is not None:
            codes, predicted = _as_codes(predictions)
            self.difference = bootstrap_interval(
                _difference,
                codes,
                _as_codes(reference)[1],
                predicted,
                groups=predictions.units,
                confidence_level=settings.confidence_level,
                n_resamples=settings.n_resamples,
                random_state=settings.random_state,
            )
        self._predictions = predictions

    @cached_property
    def p_value(self) -> float:
        """p-value of the test against chance, computed at its first use."""
        predictions = self._predictions
        codes, predicted = _as_codes(predictions)
        scores, units = predictions.y_score, predictions.units
        if scores is None:
            scores = np.eye(len(predictions.classes))[predicted]
        return chance_p_value(
            codes,
            scores,
            predictions.fold,
            predictions.rows if units is None else units,
            n_permutations=self._settings.n_permutations,
            random_state=self._settings.random_state,
        )


def estimate_external_auc(
    predictions: Predictions, shuffled: Predictions, settings: Settings
) -> Estimate:
    """Return the estimate of the external AUC of Ong Ly et al. with its interval.

    It is ``AUC - AUC of shuffled pixels + 0.5``, at the level of the macro average.
    """
    if predictions.y_score is None or shuffled.y_score is None:
        return _UNDEFINED
    return bootstrap_interval(
        lambda codes, scores, others: (
            macro_auc(codes, scores) - macro_auc(codes, others) + 0.5
        ),
        _as_codes(predictions)[0],
        predictions.y_score,
        shuffled.y_score,
        groups=predictions.units,
        confidence_level=settings.confidence_level,
        n_resamples=settings.n_resamples,
        random_state=settings.random_state,
    )


def _as_codes(predictions: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """Return the true and the predicted labels as numbers of classes."""
    both = predictions.y_true, predictions.y_pred
    return tuple(np.searchsorted(predictions.classes, labels) for labels in both)


def _balanced_accuracy(codes: np.ndarray, predicted: np.ndarray) -> float:
    """Return the mean recall of the classes that occur."""
    totals = np.bincount(codes)
    hits = np.bincount(codes[codes == predicted], minlength=len(totals))
    return float(np.mean(hits[totals > 0] / totals[totals > 0]))


def _difference(codes: np.ndarray, one: np.ndarray, other: np.ndarray) -> float:
    return _balanced_accuracy(codes, one) - _balanced_accuracy(codes, other)
