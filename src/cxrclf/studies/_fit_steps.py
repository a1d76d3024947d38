"""Fit a classifier, or the steps of a pipeline, with a validation set."""

import numpy as np
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter


def fit_steps(estimator, X, y, *, groups=None, X_val=None, y_val=None):
    """Fit a classifier, or the steps of a pipeline, with a validation set.

    Transformers are fitted on the training images, and also transform the validation
    images. Samplers change the training images only. A pipeline of scikit-learn passes
    a validation set to the last step unchanged, which is why the steps are fitted here.

    Parameters
    ----------
    estimator : classifier
        Unfitted classifier or pipeline. It is fitted in place.
    X, y : array-like
        Training images and their classes.
    groups : array-like, default=None
        Patient ids. They are passed to the last step if its `fit` has this parameter,
        unless a sampler lacks `sample_indices_`, the rows of its images.
    X_val, y_val : array-like, default=None
        Validation images and their classes.

    Returns
    -------
    estimator : classifier
        Fitted estimator.
    """
    last = estimator
    if isinstance(estimator, Pipeline):
        for _, step in estimator.steps[:-1]:
            if step is None or step == "passthrough":
                continue
            if hasattr(step, "fit_resample"):
                X, y = step.fit_resample(X, y)
                groups = _resample_groups(groups, step, y)
            else:
                X = step.fit_transform(X, y)
                X_val = None if X_val is None else step.transform(X_val)
        last = estimator.steps[-1][1]
    options = {}
    if X_val is not None:
        options |= {"X_val": X_val, "y_val": y_val}
    if groups is not None and _uses_groups(last):
        options["groups"] = groups
    last.fit(X, y, **options)
    return estimator


def _resample_groups(groups, sampler, y):
    """Return the patient of each row of a sampler, or None if they are not known."""
    rows = getattr(sampler, "sample_indices_", ())
    if groups is None or len(rows) != len(y):
        return None
    return np.asarray(groups)[rows]


def _uses_groups(estimator):
    """Return whether `fit` has groups. A search passes them to its own splitter."""
    if isinstance(estimator, (GridSearchCV, RandomizedSearchCV)):
        return hasattr(estimator.cv, "split")
    return has_fit_parameter(estimator, "groups")


def has_validation(estimator):
    """Return whether the last step of an estimator has a validation set in `fit`."""
    return has_fit_parameter(last_step(estimator), "X_val")


def last_step(estimator):
    """Return the last step of a pipeline, or the estimator itself."""
    return estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator


def find_classifier(estimator):
    """Return the innermost fitted classifier of an estimator."""
    while True:
        for name in ("best_estimator_", "estimator_"):
            if hasattr(estimator, name):
                estimator = getattr(estimator, name)
                break
        else:
            if not isinstance(estimator, Pipeline):
                return estimator
            estimator = estimator.steps[-1][1]
