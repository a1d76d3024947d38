"""Scores of samples with their bounds, and the influence of each sample."""

from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from cxrclf.metrics._estimate import Estimate
from cxrclf.metrics._proportion_interval import proportion_interval
from cxrclf.metrics._roc_auc_interval import roc_auc_interval
from cxrclf.metrics._shrunk_correlation import correlate, shrunk_correlation

SHARES = ("accuracy", "precision", "sensitivity", "specificity", "f1")


class ScoreColumn(NamedTuple):
    """One score of several classes.

    Attributes
    ----------
    values : ndarray of shape (n_classes, 3)
        Score, lower bound and upper bound of each class.
    influence : ndarray of shape (n, n_classes)
        Influence of each sample on the score of each class. The squared sum over the
        samples of a patient, summed over patients, is the variance of the score.
    """

    values: np.ndarray
    influence: np.ndarray


class SampleScores:
    """Scores of classes against the rest, over one set of samples.

    Accuracy, sensitivity, specificity and precision are proportions. F1 is a function
    of a proportion, too: of the samples that belong to a class or are predicted as the
    class, the share that are both (the Jaccard index J) gives F1 = 2 J / (1 + J). The
    bounds of J give the bounds of F1 (Lam et al. 2023).

    Parameters
    ----------
    is_true, is_pred : ndarray of shape (n, n_classes) of bool
        Whether a sample belongs to a class, and whether it is predicted as the class.
    scores : ndarray of shape (n, n_classes) or None
        Scores of the classes.
    patients : ndarray of shape (n,) of int
        Number of the patient of each sample.
    """

    def __init__(
        self,
        is_true: np.ndarray,
        is_pred: np.ndarray,
        scores: np.ndarray | None,
        patients: np.ndarray,
    ):
        self.is_true, self.is_pred, self.scores = is_true, is_pred, scores
        self.patients = patients

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the scores of a class."""
        return SHARES if self.scores is None else (*SHARES, "auc")

    @property
    def present(self) -> np.ndarray:
        """Positions of the classes that occur in the samples."""
        return np.flatnonzero(self.is_true.any(axis=0))

    def column(
        self, name: str, level: float, classes: np.ndarray | None = None
    ) -> ScoreColumn:
        """Return a score with its bounds.

        Parameters
        ----------
        name : str
            One of `names`.
        level : float
            Confidence level of the bounds.
        classes : ndarray of int, default=None
            Positions of the classes. None selects all.

        Returns
        -------
        ScoreColumn
            Score of each class.
        """
        if classes is None:
            classes = np.arange(self.is_true.shape[1])
        true, pred = self.is_true[:, classes], self.is_pred[:, classes]
        if name == "auc":
            if self.scores is None:
                raise ValueError("There are no y_score.")
            return self._auc(true, self.scores[:, classes], level)
        hit, base = {
            "accuracy": (true == pred, np.ones_like(true)),
            "precision": (true, pred),
            "sensitivity": (pred, true),
            "specificity": (~pred, ~true),
            "f1": (true & pred, true | pred),
        }[name]
        column = self._shares(hit, base, level)
        if name != "f1":
            return column
        index = column.values
        slope = 2 / (1 + index[:, 0]) ** 2
        return ScoreColumn(2 * index / (1 + index), column.influence * slope)

    def overall_accuracy(self, level: float) -> ScoreColumn:
        """Return the share of the samples with a correct class, as one class."""
        correct = (self.is_true & self.is_pred).any(axis=1, keepdims=True)
        return self._shares(correct, np.ones_like(correct), level)

    def mean(self, column: ScoreColumn) -> ScoreColumn:
        """Return the mean over classes, as one class.

        The bounds come from the bounds of the classes and the correlation of their
        scores (Zou and Donner 2008). They are nan if a score or bound is nan.
        """
        values, influence = column
        mean, n = values[:, 0].mean(), len(values)
        if np.isnan(values).any():
            result = np.array([[mean, np.nan, np.nan]])
        else:
            correlation = self._correlation(influence)
            below, above = (
                np.sqrt(max(d @ correlation @ d, 0.0))
                for d in (values[:, 0] - values[:, 1], values[:, 2] - values[:, 0])
            )
            low, high = max(mean - below / n, 0), min(mean + above / n, 1)
            result = np.array([[mean, low, high]])
        return ScoreColumn(result, influence.mean(axis=1, keepdims=True))

    def _correlation(self, influence: np.ndarray) -> np.ndarray:
        """Return the correlation of scores, over patients or images."""
        sums = np.stack([np.bincount(self.patients, line) for line in influence.T])
        return shrunk_correlation(
            correlate(sums),
            correlate(influence.T),
            len(np.unique(self.patients)),
            np.maximum,
        )

    def _shares(self, hit: np.ndarray, base: np.ndarray, level: float) -> ScoreColumn:
        """Return the shares of the samples in `base` that are in `hit`."""
        estimates: list[Estimate] = []
        influence = np.zeros(hit.shape)
        for j in range(hit.shape[1]):
            rows = base[:, j]
            counted = hit[rows, j]
            share = proportion_interval(
                counted, groups=self.patients[rows], confidence_level=level
            )
            estimates.append(share)
            influence[rows, j] = (counted - share.value) / max(len(counted), 1)
        return ScoreColumn(np.array(estimates), influence)

    def _auc(
        self, is_true: np.ndarray, scores: np.ndarray, level: float
    ) -> ScoreColumn:
        """Return the areas under the ROC curves."""
        estimates: list[Estimate] = []
        influence = np.zeros(scores.shape)
        for j, (positive, score) in enumerate(zip(is_true.T, scores.T, strict=True)):
            area = roc_auc_interval(
                positive, score, groups=self.patients, confidence_level=level
            )
            estimates.append(area)
            if np.isnan(area.value):
                continue
            # Share of the samples of the other side that a sample is ranked right to.
            ranks = rankdata(score)
            for rows in (positive, ~positive):
                share = (ranks[rows] - rankdata(score[rows])) / (~rows).sum()
                right = share if rows is positive else 1 - share
                influence[rows, j] = (right - area.value) / rows.sum()
        return ScoreColumn(np.array(estimates), influence)
