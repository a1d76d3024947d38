"""Test of out-of-fold predictions against chance."""

import numpy as np
from scipy.stats import norm, rankdata

_BATCH = 2**22  # values of permuted labels that are in memory at once


def macro_auc(codes: np.ndarray, scores: np.ndarray) -> float:
    """Return the mean area under the ROC curve of each class against the rest.

    Parameters
    ----------
    codes : ndarray of shape (n,) of int
        Number of the class of each sample.
    scores : ndarray of shape (n, n_classes)
        Score of each class.

    Returns
    -------
    float
        Mean over the classes that occur, or nan if only one class occurs. Equal to
        ``roc_auc_score(..., multi_class="ovr", average="macro")``.
    """
    return float(_mean_auc(codes[None], rankdata(scores, axis=0))[0])


def chance_p_value(
    codes: np.ndarray,
    scores: np.ndarray,
    fold: np.ndarray,
    groups: np.ndarray,
    *,
    n_permutations: int = 999,
    random_state: int = 0,
) -> float:
    """Return the p-value of the macro AUC of out-of-fold predictions.

    The labels of the patients are permuted within each fold, and the predictions stay.
    The folds share training samples, so that their scores vary together, and a
    permutation without new fits is too narrow. The standard deviation of the
    permutations is therefore multiplied by ``sqrt(1 + k * n_test / n_train)`` for k
    folds [1]_. The p-value is the larger of the share of permutations with this or a
    higher score, and the tail of the normal distribution with this standard deviation.

    Parameters
    ----------
    codes : ndarray of shape (n,) of int
        Number of the class of each sample.
    scores : ndarray of shape (n, n_classes)
        Score of each class, predicted by a fold that did not train on the sample.
    fold : ndarray of shape (n,) of int
        Fold of each sample.
    groups : ndarray of shape (n,)
        Patient of each sample. The images of a patient with the same class are
        permuted together.
    n_permutations : int, default=999
        Number of permutations.
    random_state : int, default=0
        Seed of the permutations.

    Returns
    -------
    float
        One-sided p-value. It is nan if only one class occurs.

    References
    ----------
    .. [1] C. Nadeau and Y. Bengio, "Inference for the generalization error", Machine
       Learning 52, 2003.
    """
    ranks = rankdata(scores, axis=0)
    observed = _mean_auc(codes[None], ranks)[0]
    if np.isnan(observed):
        return np.nan
    units = _number_units(codes, fold, groups)
    _, first = np.unique(units, return_index=True)
    rng = np.random.default_rng(random_state)
    step = max(1, _BATCH // len(codes))
    null = np.concatenate(
        [
            _mean_auc(_permute(codes[first], fold[first], n, rng)[:, units], ranks)
            for n in _split(n_permutations, step)
        ]
    )
    # A patient with several images can leave a class without images.
    null = null[np.isfinite(null)]
    share = (1 + np.sum(null >= observed - 1e-12)) / (1 + len(null))
    deviation = np.std(null) * _widen(fold)
    tail = norm.sf(observed, np.mean(null), deviation) if deviation > 0 else 1.0
    return float(max(share, tail))


def smallest_p_value(
    codes: np.ndarray,
    fold: np.ndarray,
    groups: np.ndarray,
    *,
    n_permutations: int = 999,
    random_state: int = 0,
) -> float:
    """Return the p-value of a classifier without errors.

    No classifier reaches a much smaller p-value. It is large if there are few patients,
    or if the labels of a fold cannot be permuted because they are the same.

    The parameters are the same as for :func:`chance_p_value`.
    """
    return chance_p_value(
        codes,
        np.eye(codes.max() + 1)[codes],
        fold,
        groups,
        n_permutations=n_permutations,
        random_state=random_state,
    )


def _widen(fold: np.ndarray) -> float:
    """Return the factor of the standard deviation over folds that share samples."""
    k = len(np.unique(fold))
    return 1.0 if k == 1 else float(np.sqrt(1 + k / (k - 1)))


def _number_units(
    codes: np.ndarray, fold: np.ndarray, groups: np.ndarray
) -> np.ndarray:
    """Return unit numbers: a patient with two classes or folds is several units."""
    patients = np.unique(groups, return_inverse=True)[1]
    keys = np.column_stack([fold, patients, codes])
    return np.unique(keys, axis=0, return_inverse=True)[1].ravel()


def _permute(
    codes: np.ndarray, fold: np.ndarray, n: int, rng: np.random.Generator
) -> np.ndarray:
    """Return codes in n random orders within each fold, (n, n_units)."""
    permuted = np.tile(codes, (n, 1))
    for number in np.unique(fold):
        columns = np.flatnonzero(fold == number)
        permuted[:, columns] = rng.permuted(permuted[:, columns], axis=1)
    return permuted


def _split(n: int, step: int) -> list[int]:
    return [min(step, n - start) for start in range(0, n, step)]


def _mean_auc(codes: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """Return the macro AUC of several labelings, from the ranks of the scores."""
    n = codes.shape[1]
    areas = np.full((ranks.shape[1], len(codes)), np.nan)
    for label, rank in enumerate(ranks.T):
        members = codes == label
        positives = members.sum(axis=1)
        pairs = positives * (n - positives)
        area = members @ rank - positives * (positives + 1) / 2
        np.divide(area, pairs, out=areas[label], where=pairs > 0)
    defined = np.isfinite(areas)
    counts = defined.sum(axis=0)
    total = np.where(defined, areas, 0).sum(axis=0)
    return np.divide(total, counts, out=np.full(len(codes), np.nan), where=counts > 0)
