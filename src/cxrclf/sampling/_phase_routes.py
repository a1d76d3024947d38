"""Two functions that train a classifier on one phase after another."""

import copy
from functools import partial

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import has_fit_parameter


def choose_route(phased, has_validation):
    """Choose the function that trains the classifier of a `PhasedClassifier`.

    Parameters
    ----------
    phased : PhasedClassifier
        Classifier with checked parameters.
    has_validation : bool
        Whether there is a validation set.

    Returns
    -------
    callable
        :func:`fit_at_once` or :func:`fit_in_turn`, as a function of (estimator, X, y,
        phases, validation). It returns a dict of fitted attributes.

    Raises
    ------
    TypeError, ValueError
        If neither function fits the classifier, or a parameter does not fit the
        function.
    """
    estimator, name = phased.estimator, type(phased.estimator).__name__
    if not is_classifier(estimator):
        raise TypeError(f"estimator must be a classifier, got {name}.")
    if has_fit_parameter(estimator, "phases"):
        _check_at_once(phased, name, has_validation)
        return partial(fit_at_once, restart=phased.schedule == "restart")
    if not hasattr(estimator, "partial_fit"):
        raise TypeError(
            f"{name} has no partial_fit. Phases need a classifier with "
            "partial_fit, or with the parameter phases in fit. If it is the last step "
            "of a pipeline, put PhasedClassifier around that step."
        )
    if phased.schedule != "continuous":
        raise ValueError(
            f"schedule={phased.schedule!r} is for classifiers with the parameter "
            f"phases in fit. {name} is trained by partial_fit, which has no "
            'learning-rate schedule across calls. Leave schedule="continuous".'
        )
    return partial(fit_in_turn, n_epochs=phased.n_epochs)


def _check_at_once(phased, name, has_validation):
    """Check the parameters for a classifier with the parameter `phases` in `fit`."""
    if phased.n_epochs != 1:
        raise ValueError(
            f"n_epochs={phased.n_epochs} is for classifiers with partial_fit only. "
            f"{name} has its own parameter for the number of epochs per phase, such as "
            "max_epochs. Set that parameter, and leave n_epochs=1."
        )
    if getattr(phased.estimator, "validation_fraction", None) is not None:
        raise ValueError(
            f"validation_fraction of {name} would hold out rows after the split into "
            "phases. Set it to None, and set validation_fraction of PhasedClassifier."
        )
    needed = ["restart_schedule"] if phased.schedule == "restart" else []
    needed += ["X_val", "y_val"] if has_validation else []
    for parameter in needed:
        if not has_fit_parameter(phased.estimator, parameter):
            raise TypeError(
                f"fit of {name} must take {parameter}, but does not. Add the "
                "parameter, or do not use the option that needs it."
            )


def fit_at_once(estimator, X, y, phases, validation, *, restart):
    """Train a classifier with the parameter `phases` in `fit`."""
    rows = np.unique(np.concatenate(phases))
    if len(rows) < len(y):  # so that rows in no phase are not read
        X, y = _safe_indexing(X, rows), y[rows]
        phases = [np.searchsorted(rows, phase) for phase in phases]
    options = {"restart_schedule": True} if restart else {}
    if validation is not None:
        options["X_val"], options["y_val"] = validation
    estimator.fit(X, y, phases=phases, **options)
    found = {
        name: getattr(estimator, name)
        for name in ("best_epoch_", "history_")
        if hasattr(estimator, name)
    }
    return {"estimator_": estimator, **found}


def fit_in_turn(estimator, X, y, phases, validation, *, n_epochs):
    """Train a classifier by `partial_fit`, and return its best epoch in validation."""
    classes = np.unique(y)
    best, best_epoch = None, 0
    history = {"phase": [], "epoch": [], "valid_accuracy": []}
    for number, phase in enumerate(phases, 1):
        X_phase, y_phase = _safe_indexing(X, phase), y[phase]
        for _ in range(n_epochs):
            estimator.partial_fit(X_phase, y_phase, classes=classes)
            if validation is None:
                continue
            scores = history["valid_accuracy"]
            scores.append(estimator.score(*validation))
            history["phase"].append(number)
            history["epoch"].append(len(scores))
            if best is None or scores[-1] > scores[best_epoch - 1]:
                best, best_epoch = copy.deepcopy(estimator), len(scores)
    if best is None:
        return {"estimator_": estimator}
    return {"estimator_": best, "best_epoch_": best_epoch, "history_": history}
