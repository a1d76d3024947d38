"""Train and test one network in one fold."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone

from cxrclf.images import ImageInput
from cxrclf.metrics import Predictions
from cxrclf.studies._choose_examples import choose_examples
from cxrclf.studies._epoch_file import EpochFile
from cxrclf.studies._fit_result import FitResult
from cxrclf.studies._fit_steps import find_classifier, fit_steps, has_validation
from cxrclf.studies._measure_network import measure_network
from cxrclf.studies._plan_folds import Fold

_CHECKPOINTS = "checkpoints"


@dataclass(frozen=True, eq=False)
class FitTask:
    """One network in one fold.

    Parameters
    ----------
    network : str
        Name of the network.
    number : int
        Number of the fold, from 1.
    estimator : classifier
        Unfitted classifier.
    fold : Fold
        Rows of the fold.
    folder : pathlib.Path or None
        Folder for the outcome, and for the state after each epoch.
    fingerprint : str
        Text that identifies the training.
    epoch_file : pathlib.Path
        File for the number of the last complete epoch.
    explain : bool
        Whether to compute saliency maps.
    """

    network: str
    number: int
    estimator: Any
    fold: Fold
    folder: Path | None
    fingerprint: str
    epoch_file: Path
    explain: bool


def fit_fold(task, X, y, groups):
    """Train and test one network in one fold.

    Parameters
    ----------
    task : FitTask
    X : array-like of length n
        Images of the study.
    y : ndarray of shape (n,)
        Class of each image.
    groups : ndarray of shape (n,) or None
        Patient id of each image.

    Returns
    -------
    FitResult
        It is also written to the folder of the task.
    """
    estimator, fold = clone(task.estimator), task.fold
    _set_files(estimator, task)
    images = ImageInput.from_X(X)
    options = {}
    if len(fold.valid) and has_validation(estimator):
        options = {"X_val": images.take(fold.valid), "y_val": y[fold.valid]}
    if groups is not None:
        options["groups"] = groups[fold.train]
    start = time.perf_counter()
    fit_steps(estimator, images.take(fold.train), y[fold.train], **options)
    fitted = time.perf_counter()
    predictions = _predict(estimator, images.take(fold.test), y, groups, task)
    done = time.perf_counter()
    examples, reason = None, None
    if task.explain:
        examples, reason = _explain(estimator, X, predictions)
    result = FitResult(
        task.network,
        task.number,
        predictions,
        _find_history(estimator),
        fold.count(y),
        {
            "seconds_fit": fitted - start,
            "seconds_predict": done - fitted,
            **_describe_training(estimator),
            **measure_network(find_classifier(estimator)),
            "no_maps": reason,
        },
        examples,
    )
    if task.folder is not None:
        result.save(task.folder, task.fingerprint)
        shutil.rmtree(task.folder / _CHECKPOINTS, ignore_errors=True)
    return result


def set_parameters(estimator, name, value, old=None):
    """Set a parameter in all steps of an estimator in which it has an old value."""
    found = {
        path: value
        for path, current in estimator.get_params().items()
        if path.rsplit("__", 1)[-1] == name and current is old
    }
    return estimator.set_params(**found)


def _set_files(estimator, task):
    """Set the files that a training writes."""
    if task.folder is not None:
        set_parameters(estimator, "checkpoint_dir", task.folder / _CHECKPOINTS)
    set_parameters(estimator, "callbacks", [EpochFile(task.epoch_file)])


def _predict(estimator, X, y, groups, task):
    rows = task.fold.test
    classes = estimator.classes_
    if hasattr(estimator, "predict_proba"):
        scores = estimator.predict_proba(X)
        predicted = classes[scores.argmax(axis=1)]
    else:
        scores, predicted = None, estimator.predict(X)
    return Predictions(
        y[rows],
        predicted,
        scores,
        classes=classes,
        fold=np.full(len(rows), task.number - 1),
        rows=rows,
        groups=None if groups is None else groups[rows],
    )


def _find_history(estimator):
    history = getattr(_last_with(estimator, "history_"), "history_", {})
    return {name: list(values) for name, values in history.items()}


def _describe_training(estimator):
    history = _find_history(estimator)
    best = getattr(_last_with(estimator, "best_epoch_"), "best_epoch_", None)
    plan = getattr(_last_with(estimator, "plan_"), "plan_", None)
    return {
        "best_epoch": None if best is None else int(best),
        "n_epochs": len(next(iter(history.values()), [])),
        "phases": None if plan is None else str(plan),
    }


def _last_with(estimator, name):
    """Return the outermost classifier of a pipeline with an attribute, or None."""
    if hasattr(estimator, "steps"):
        estimator = estimator.steps[-1][1]
    for candidate in (estimator, find_classifier(estimator)):
        if hasattr(candidate, name):
            return candidate
    return None


def _explain(estimator, X, predictions):
    """Return images with maps, or None, and the reason if there are none.

    A training must not be lost because its network has no map.
    """
    classifier = find_classifier(estimator)
    if not hasattr(classifier, "net_") or predictions.y_score is None:
        return None, "no network of this library"
    try:
        return choose_examples(estimator, X, predictions), None
    except (TypeError, ValueError) as error:
        return None, str(error)
