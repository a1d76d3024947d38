"""Join the predictions of several folds."""

import numpy as np

from cxrclf.metrics import Predictions


def join_predictions(parts):
    """Join the predictions of several folds, in the order of the images.

    Parameters
    ----------
    parts : sequence of Predictions
        Predictions of each fold, with folds.

    Returns
    -------
    Predictions
        The probability of a class that a fold lacks is 0.
    """
    classes = sorted({label for part in parts for label in part.classes.tolist()})
    scores = None
    if all(part.y_score is not None for part in parts):
        scores = np.zeros((sum(map(len, parts)), len(classes)))
        start = 0
        for part in parts:
            columns = [classes.index(label) for label in part.classes.tolist()]
            scores[start : start + len(part), columns] = part.y_score
            start += len(part)
    groups = None
    if all(part.groups is not None for part in parts):
        groups = np.concatenate([part.groups for part in parts])
    joined = Predictions(
        np.concatenate([part.y_true for part in parts]),
        np.concatenate([part.y_pred for part in parts]),
        scores,
        classes=classes,
        fold=np.concatenate([part.fold for part in parts]),
        rows=np.concatenate([part.rows for part in parts]),
        groups=groups,
    )
    return joined.subset(np.lexsort([joined.fold, joined.rows]))
