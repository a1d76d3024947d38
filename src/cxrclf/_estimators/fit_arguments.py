"""What `fit` accepts besides X and y."""

import numpy as np
from sklearn.utils.validation import (
    _check_sample_weight,
    _num_samples,
    column_or_1d,
)

_OTHER_LENGTH = (
    "There are {} {} for {} samples. Pass one per sample. In a pipeline, samplers "
    "resample X and y only: use class_weight instead of sample weights, and hold out a "
    "validation set by patients before the pipeline."
)


def check_sample_weight(sample_weight, n):
    """Return sample weights as an array of shape (n,), or None."""
    if sample_weight is None:
        return None
    n_weights = n if np.isscalar(sample_weight) else _num_samples(sample_weight)
    if n_weights != n:
        raise ValueError(_OTHER_LENGTH.format(n_weights, "sample weights", n))
    return _check_sample_weight(sample_weight, np.empty((n, 1)), dtype=np.float64)


def check_groups(groups, n):
    """Return groups as an array of shape (n,), or None."""
    if groups is None:
        return None
    groups = column_or_1d(groups)
    if len(groups) != n:
        raise ValueError(_OTHER_LENGTH.format(len(groups), "groups", n))
    return groups


def check_validation(X_val, y_val):
    """Return whether there is a validation set."""
    if (X_val is None) != (y_val is None):
        raise ValueError("X_val and y_val must be given together or not at all.")
    return X_val is not None
