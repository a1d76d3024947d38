"""Typical cases and errors of a network, from all folds."""

from typing import NamedTuple

import numpy as np

from cxrclf.audit import ReportTable

_N_ERRORS = 15  # rows of the table of errors


class Cases(NamedTuple):
    """Test images with saliency maps.

    Attributes
    ----------
    rows : ndarray of shape (n,) of int
        Row of each image in the data of the study.
    y_true, y_pred : list of str
        True class and predicted class.
    probability : ndarray of shape (n,)
        Probability of the predicted class.
    images : ndarray of shape (n, H, W) of uint8
        Images.
    maps : ndarray of shape (n, h, w)
        Saliency maps of the predicted class.
    """

    rows: np.ndarray
    y_true: list[str]
    y_pred: list[str]
    probability: np.ndarray
    images: np.ndarray
    maps: np.ndarray


def choose_cases(fits, kind, n):
    """Choose examples of one kind from all folds of a network.

    Parameters
    ----------
    fits : sequence of FitResult
        Outcomes of the folds. They may be without examples.
    kind : {"typical", "worst"}
        Kind of the examples. The typical ones alternate between the classes. The worst
        ones have the highest probabilities.
    n : int
        Largest number of examples. An image occurs once.

    Returns
    -------
    Cases or None
        None if there are no such examples.
    """
    found = [
        (examples, k)
        for examples in (fit.examples for fit in fits)
        if examples is not None
        for k in range(len(examples.rows))
        if str(examples.kind[k]) == kind
    ]
    if kind == "worst":
        found.sort(key=lambda case: -float(case[0].probability[case[1]]))
    else:
        found = _alternate(found)
    chosen, rows = [], set()
    for examples, k in found:
        if int(examples.rows[k]) not in rows and len(chosen) < n:
            rows.add(int(examples.rows[k]))
            chosen.append((examples, k))
    if not chosen:
        return None
    return Cases(
        np.array([examples.rows[k] for examples, k in chosen]),
        [str(examples.y_true[k]) for examples, k in chosen],
        [str(examples.y_pred[k]) for examples, k in chosen],
        np.array([float(examples.probability[k]) for examples, k in chosen]),
        np.stack([np.asarray(examples.images[k]) for examples, k in chosen]),
        np.stack([np.asarray(examples.maps[k], dtype=float) for examples, k in chosen]),
    )


def choose_images(fits, per_class, most):
    """Choose images of each class among the examples.

    Parameters
    ----------
    fits : sequence of FitResult
        Outcomes. They may be without examples.
    per_class : int
        Largest number of images per class.
    most : int
        Largest number of images.

    Returns
    -------
    (list of int, list of str, ndarray of shape (n, H, W)) or None
        Rows of the data, classes and images, sorted by class. Only images of the size
        of the first one are used. None if there are no examples.
    """
    found = {}
    for examples in (fit.examples for fit in fits):
        for k in range(0 if examples is None else len(examples.rows)):
            case = str(examples.y_true[k]), np.asarray(examples.images[k])
            found.setdefault(int(examples.rows[k]), case)
    if not found:
        return None
    size = next(iter(found.values()))[1].shape
    rows = [row for row in sorted(found) if found[row][1].shape == size]
    by_class = {}
    for row in rows:
        by_class.setdefault(found[row][0], []).append(row)
    per_class = min(per_class, max(1, most // len(by_class)))
    chosen = [row for _, group in sorted(by_class.items()) for row in group[:per_class]]
    chosen = chosen[:most]
    return (
        chosen,
        [found[row][0] for row in chosen],
        np.stack([found[row][1] for row in chosen]),
    )


def tabulate_errors(predictions, names):
    """Return the wrong predictions of the highest scores.

    Parameters
    ----------
    predictions : Predictions
        Test predictions, of which one or more are wrong.
    names : sequence of str
        Name of each row of the data.

    Returns
    -------
    ReportTable
        At most 15 rows, the highest score of the predicted class first. Without
        scores, in the order of the predictions.
    """
    wrong = np.flatnonzero(predictions.y_true != predictions.y_pred)
    columns = {}
    if predictions.y_score is not None:
        code = {label: k for k, label in enumerate(predictions.classes.tolist())}
        of_pred = [code[label] for label in predictions.y_pred[wrong].tolist()]
        of_true = [code[label] for label in predictions.y_true[wrong].tolist()]
        predicted = predictions.y_score[wrong, of_pred]
        true = predictions.y_score[wrong, of_true]
        order = np.argsort(-predicted, kind="stable")
        wrong, predicted, true = wrong[order], predicted[order], true[order]
        columns = {
            "probability of the predicted class": predicted[:_N_ERRORS],
            "probability of the true class": true[:_N_ERRORS],
        }
    n_wrong, wrong = len(wrong), wrong[:_N_ERRORS]
    first = {
        "image": [str(names[row]) for row in predictions.rows[wrong]],
        "true class": [str(label) for label in predictions.y_true[wrong]],
        "predicted class": [str(label) for label in predictions.y_pred[wrong]],
    }
    if predictions.fold is not None:
        first["fold"] = [str(fold + 1) for fold in predictions.fold[wrong]]
    return ReportTable(
        first | columns,
        f"{len(wrong)} of {n_wrong} wrong predictions, those of the highest "
        "probability first.",
    )


def _alternate(found):
    """Return cases in an order in which the true classes alternate."""
    queues = {}
    for examples, k in found:
        queues.setdefault(str(examples.y_true[k]), []).append((examples, k))
    order = []
    while any(queues.values()):
        order += [queue.pop(0) for _, queue in sorted(queues.items()) if queue]
    return order
