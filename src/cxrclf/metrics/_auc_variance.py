"""Variance of areas under the ROC curve, with patients as the independent units."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata


@dataclass(frozen=True)
class AucVariance:
    """Areas under the ROC curves of k scores, and the parts of their covariance.

    Attributes
    ----------
    auc : ndarray of shape (k,)
        Areas under the curves.
    positive : ndarray of shape (k, k)
        Part of the covariance that comes from the patients with positive images.
    negative : ndarray of shape (k, k)
        Part of the covariance that comes from the patients with negative images.
    covariance : ndarray of shape (k, k)
        Covariance of the areas: both parts, and the part of patients with images of
        both classes.
    n_positive : int
        Number of patients with positive images.
    n_negative : int
        Number of patients with negative images.
    """

    auc: np.ndarray
    positive: np.ndarray
    negative: np.ndarray
    covariance: np.ndarray
    n_positive: int
    n_negative: int

    def freedom(self, weights: np.ndarray) -> float:
        """Return the degrees of freedom (Welch-Satterthwaite) of a weighted sum."""
        a = float(weights @ self.positive @ weights)
        b = float(weights @ self.negative @ weights)
        return (a + b) ** 2 / (
            a**2 / (self.n_positive - 1) + b**2 / (self.n_negative - 1)
        )


def auc_variance(
    y_true: np.ndarray, scores: np.ndarray, patients: np.ndarray
) -> AucVariance:
    """Return areas under the ROC curve and their covariance.

    This is the method of DeLong (1988) for one image per patient, and of Obuchowski
    (1997) for several. Ranks give the placements of all images in O(n log n).

    Parameters
    ----------
    y_true : ndarray of shape (n,) of bool
        Whether an image is positive. Both classes occur in at least 2 patients.
    scores : ndarray of shape (k, n)
        Scores of the images.
    patients : ndarray of shape (n,) of int
        Number of the patient of each image, from 0.

    Returns
    -------
    AucVariance
        Areas and covariances.
    """
    n_images = np.array([y_true.sum(), (~y_true).sum()])
    ranks = rankdata(scores, axis=1)
    # Placement of a positive image: share of the negative images with a lower score.
    placements = np.empty(scores.shape)
    for positive in (True, False):
        rows = y_true == positive
        others = ranks[:, rows] - rankdata(scores[:, rows], axis=1)
        share = others / n_images[int(positive)]
        placements[:, rows] = share if positive else 1 - share
    auc = placements[:, y_true].mean(axis=1)

    n_patients = patients.max() + 1
    sums, counts = [], []
    for rows, n in zip((y_true, ~y_true), n_images, strict=True):
        residuals = (placements[:, rows] - auc[:, None]) / n
        sums.append(
            np.array(
                [np.bincount(patients[rows], line, n_patients) for line in residuals]
            )
        )
        counts.append(len(np.unique(patients[rows])))
    total = len(np.unique(patients))
    positive, negative = (
        part @ part.T * (n / (n - 1)) for part, n in zip(sums, counts, strict=True)
    )
    both = sums[0] @ sums[1].T * (total / (total - 1))
    covariance = positive + negative + both + both.T
    return AucVariance(auc, positive, negative, covariance, *counts)
