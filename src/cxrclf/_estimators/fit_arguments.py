"""What `fit` accepts besides X and y."""

import numpy as np
from sklearn.utils.validation import _check_sample_weight, _num_samples

from cxrclf._utils.groups import hint_at_samplers, other_length


def check_sample_weight(sample_weight, n):
    """Return sample weights as an array of shape (n,), or None."""
    if sample_weight is None:
        return None
    n_weights = n if np.isscalar(sample_weight) else _num_samples(sample_weight)
    if n_weights != n:
        raise ValueError(
            other_length("sample_weight", n_weights, n, "weight")
            + hint_at_samplers(
                n_weights, n, "use class_weight instead of sample weights"
            )
        )
    return _check_sample_weight(sample_weight, np.empty((n, 1)), dtype=np.float64)


def check_validation(X_val, y_val):
    """Return whether there is a validation set."""
    if (X_val is None) != (y_val is None):
        raise ValueError("X_val and y_val must be given together or not at all.")
    return X_val is not None
