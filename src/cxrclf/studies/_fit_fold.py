"""Train and test one network in one fold."""

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV

from cxrclf._estimators.image_estimator import ImageEstimator
from cxrclf.images import ImageInput
from cxrclf.metrics import Predictions
from cxrclf.studies._choose_examples import choose_examples
from cxrclf.studies._epoch_file import EpochFile, read_first_epoch
from cxrclf.studies._fit_result import FitResult
from cxrclf.studies._fit_steps import (
    find_classifier,
    fit_steps,
    has_validation,
    last_step,
)
from cxrclf.studies._measure_network import measure_network
from cxrclf.studies._plan_folds import Fold

MODEL = "model"  # folder of a saved classifier, beside the other files of a training
_CHECKPOINTS = "checkpoints"
_THRESHOLDS = FixedThresholdClassifier, TunedThresholdClassifierCV


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
    explain : str or None
        Method of the saliency maps, or None for no maps.
    keep_model : bool
        Whether to save the fitted classifier in the folder.
    """

    network: str
    number: int
    estimator: Any
    fold: Fold
    folder: Path | None
    fingerprint: str
    epoch_file: Path
    explain: str | None
    keep_model: bool = False


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
    is_resumed = _has_checkpoint(task)
    start = time.perf_counter()
    fit_steps(estimator, images.take(fold.train), y[fold.train], **options)
    fitted = time.perf_counter()
    predictions = _predict(estimator, images.take(fold.test), y, groups, task)
    done = time.perf_counter()
    examples, reason = None, None
    if task.explain:
        examples, reason = _explain(estimator, X, predictions, task.explain)
    result = FitResult(
        task.network,
        task.number,
        predictions,
        _find_history(estimator),
        fold.count(y),
        {
            "seconds_fit": fitted - start + _sum_earlier(estimator, task, is_resumed),
            "seconds_predict": done - fitted,
            **_describe_training(estimator),
            **measure_network(find_classifier(estimator)),
            "classifier": type(find_classifier(estimator)).__name__,
            "maps": None if examples is None else task.explain,
            "no_maps": reason,
        },
        examples,
        task.fingerprint,
    )
    if task.folder is not None:
        result.save(task.folder)
        if task.keep_model:
            _save_model(find_classifier(estimator), task.folder / MODEL)
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
    set_parameters(estimator, "callbacks", [EpochFile(task.epoch_file)])
    if task.folder is not None and _can_continue(estimator):
        set_parameters(estimator, "checkpoint_dir", task.folder / _CHECKPOINTS)


def _can_continue(estimator):
    """Return whether a training can continue after a checkpoint: without state."""
    for path, value in estimator.get_params().items():
        name = path.rsplit("__", 1)[-1]
        if name == "random_state" and not isinstance(value, Integral):
            return False
        if name == "callbacks" and value is not None:
            objects = [one[1] if isinstance(one, tuple) else one for one in value]
            if not all(getattr(one, "stateless", False) for one in objects):
                return False
    return True


def _has_checkpoint(task):
    folder = None if task.folder is None else task.folder / _CHECKPOINTS
    return folder is not None and any(folder.glob("*"))


def _sum_earlier(estimator, task, is_resumed):
    """Return the seconds of the epochs that a killed run trained."""
    durations = _find_history(estimator).get("duration", [])
    if not is_resumed:
        return 0.0
    first = read_first_epoch(task.epoch_file)
    return float(sum(durations[: first - 1] if first else durations))


def _predict(estimator, X, y, groups, task):
    rows = task.fold.test
    classes = estimator.classes_
    if hasattr(estimator, "predict_proba"):
        scores = estimator.predict_proba(X)
        predicted = classes[scores.argmax(axis=1)]
        if isinstance(last_step(estimator), _THRESHOLDS):
            predicted = estimator.predict(X)
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
    """Return the history of a classifier, or {} if it has none of this form."""
    history = getattr(_last_with(estimator, "history_"), "history_", None)
    if not isinstance(history, Mapping):
        return {}
    found = {str(name): list(values) for name, values in history.items()}
    return found if len({len(values) for values in found.values()}) == 1 else {}


def _describe_training(estimator):
    history = _find_history(estimator)
    best = getattr(_last_with(estimator, "best_epoch_"), "best_epoch_", None)
    if not getattr(find_classifier(estimator), "keep_best", True):
        best = None
    plan = getattr(_last_with(estimator, "plan_"), "plan_", None)
    return {
        "best_epoch": None if best is None else int(best),
        "n_epochs": len(next(iter(history.values()), [])),
        "phases": None if plan is None else str(plan),
    }


def _last_with(estimator, name):
    """Return the outermost classifier of a pipeline with an attribute, or None."""
    for candidate in (last_step(estimator), find_classifier(estimator)):
        if hasattr(candidate, name):
            return candidate
    return None


def _explain(estimator, X, predictions, method):
    """Return images with maps, or None, and the reason if there are none.

    A training must not be lost because its network has no map.
    """
    classifier = find_classifier(estimator)
    if not isinstance(classifier, ImageEstimator) or predictions.y_score is None:
        return None, "no network of this library"
    try:
        return choose_examples(estimator, X, predictions, method=method), None
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"


def _save_model(classifier, folder):
    """Save a classifier of this library. Others have no files without pickle."""
    if isinstance(classifier, ImageEstimator):
        shutil.rmtree(folder, ignore_errors=True)  # of a killed run
        classifier.save(folder)
