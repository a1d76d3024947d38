"""Join the predictions of several folds."""

from collections.abc import Sequence

import numpy as np

from cxrclf.metrics._class_predictor import sort_classes
from cxrclf.metrics._predictions import Predictions


def join_predictions(parts: Sequence[Predictions]) -> Predictions:
    """Join the predictions of several folds, in the order of the samples.

    Parameters
    ----------
    parts : sequence of Predictions
        Predictions of each fold, with the attribute `fold`.

    Returns
    -------
    Predictions
        All predictions, sorted by `rows` and then by `fold`. The probability of a class
        that a fold lacks is 0. Scores or groups that a fold lacks are None for all.

    Raises
    ------
    ValueError
        If there are no predictions, if a part has no folds, or if some classes are
        text and others are numbers.

    See Also
    --------
    cross_val_predictions : Predict each sample by a fold that was not trained on it.

    Examples
    --------
    >>> from cxrclf.metrics import Predictions, join_predictions
    >>> first = Predictions(["a", "b"], ["a", "a"], fold=[0, 0], rows=[1, 3])
    >>> second = Predictions(["b", "a"], ["a", "a"], fold=[1, 1], rows=[0, 2])
    >>> join_predictions([first, second]).y_true.tolist()
    ['b', 'a', 'a', 'b']
    """
    folds = [part.fold for part in parts if part.fold is not None]
    if not parts or len(folds) < len(parts):
        raise ValueError("Pass one or more Predictions, each with fold=...")
    classes = sort_classes({label for part in parts for label in part.classes.tolist()})
    scores = None
    if all(part.y_score is not None for part in parts):
        scores = np.zeros((sum(map(len, parts)), len(classes)))
        start = 0
        for part in parts:
            columns = [classes.index(label) for label in part.classes.tolist()]
            scores[start : start + len(part), columns] = part.y_score
            start += len(part)
    known = [part.groups for part in parts if part.groups is not None]
    groups = np.concatenate(known) if len(known) == len(parts) else None
    rows = np.concatenate([part.rows for part in parts])
    numbers = np.concatenate(folds)
    joined = Predictions(
        np.concatenate([part.y_true for part in parts]),
        np.concatenate([part.y_pred for part in parts]),
        scores,
        classes=classes,
        fold=numbers,
        rows=rows,
        groups=groups,
    )
    return joined.subset(np.lexsort([numbers, rows]))
