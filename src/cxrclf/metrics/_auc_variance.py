"""Variance of areas under the ROC curve, with patients as the independent units."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from cxrclf.metrics._patient_freedom import patient_freedom


@dataclass(frozen=True)
class AucVariance:
    """Areas under the ROC curves of k scores, and their variance.

    Attributes
    ----------
    auc : ndarray of shape (k,)
        Areas under the curves.
    positive : ndarray of shape (k, n_patients)
        Contributions of the patients with positive images to the errors of the areas.
    negative : ndarray of shape (k, n_patients)
        Contributions of the patients with negative images.
    n_positive : int
        Number of patients with positive images.
    n_negative : int
        Number of patients with negative images.
    clustered : bool
        Whether a patient has several images.
    """

    auc: np.ndarray
    positive: np.ndarray
    negative: np.ndarray
    n_positive: int
    n_negative: int
    clustered: bool

    def variance(self, weights: np.ndarray) -> float:
        """Return the variance of a weighted sum of the areas, 0 or more."""
        positive, negative = weights @ self.positive, weights @ self.negative
        n = self.positive.shape[1]
        both = 2 * float(positive @ negative) * n / (n - 1)
        parts = self._variances(positive, negative)
        return max(0.0, sum(parts) + both)

    def freedom(self, weights: np.ndarray) -> float:
        """Return the degrees of freedom of the variance of a weighted sum.

        The formula is that of Welch and Satterthwaite. The number of a class is the
        number of its patients, less 1, and the number of :func:`patient_freedom` if
        patients have several images.
        """
        contributions = weights @ self.positive, weights @ self.negative
        counts = self.n_positive, self.n_negative
        parts = self._variances(*contributions)
        spread = 0.0
        for r, n, variance in zip(contributions, counts, parts, strict=True):
            freedom = patient_freedom(r, n) if self.clustered else n - 1
            spread += variance**2 / freedom
        return sum(parts) ** 2 / spread if spread else np.inf

    def _variances(
        self, positive: np.ndarray, negative: np.ndarray
    ) -> tuple[float, float]:
        n, m = self.n_positive, self.n_negative
        return (
            float(positive @ positive) * n / (n - 1),
            float(negative @ negative) * m / (m - 1),
        )


def auc_variance(
    y_true: np.ndarray, scores: np.ndarray, patients: np.ndarray
) -> AucVariance:
    """Return areas under the ROC curve and their variance.

    This is the method of DeLong (1988) for one image per patient, and of Obuchowski
    (1997) for several. Ranks give the placements of all images in O(n log n).

    Parameters
    ----------
    y_true : ndarray of shape (n,) of bool
        Whether an image is positive. Both classes occur in at least 2 patients.
    scores : ndarray of shape (k, n)
        Scores of the images.
    patients : ndarray of shape (n,) of int
        Number of the patient of each image, 0, 1, ... without gaps.

    Returns
    -------
    AucVariance
        Areas and their variance.
    """
    ranks = rankdata(scores, axis=1)
    # Placement of a positive image: share of the negative images with a lower score.
    placements = np.empty(scores.shape)
    for value in (True, False):
        rows = y_true == value
        others = ranks[:, rows] - rankdata(scores[:, rows], axis=1)
        share = others / (len(y_true) - rows.sum())
        placements[:, rows] = share if value else 1 - share
    auc = placements[:, y_true].mean(axis=1)

    n_patients = patients.max() + 1
    positive, negative = (
        np.array(
            [
                np.bincount(patients[rows], line, n_patients)
                for line in (placements[:, rows] - auc[:, None]) / rows.sum()
            ]
        )
        for rows in (y_true, ~y_true)
    )
    return AucVariance(
        auc,
        positive,
        negative,
        n_positive=len(np.unique(patients[y_true])),
        n_negative=len(np.unique(patients[~y_true])),
        clustered=n_patients < len(y_true),
    )
