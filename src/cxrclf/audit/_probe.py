"""A classifier that sees only a part of the data."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

ESTIMATOR = "estimator"  # name of the classifier that the probes are compared with

IMAGE = "image"  # name of the whole image among the pictures

# Each probe: what it sees, in words that complete "a classifier that sees only ...",
# and whether it cannot see the disease.
PROBES = {
    "metadata": ("the headers of the files", True),
    "source": ("the source of the image", True),
    "border": ("the outer border of the image", True),
    "corners": ("the four corners of the image", True),
    "outside_lungs": ("the image without the box around the lungs", True),
    "estimator_outside_lungs": ("the image without the box around the lungs", True),
    "file_size": ("the number of bytes of the file", False),
    "thumbnail": ("a thumbnail of 8 × 8 pixels", False),
    "histogram": ("the histogram of the gray levels", False),
    "lung_shape": ("the shape of the lungs", False),
    "estimator_lungs": ("the lungs", False),
    "estimator_shuffled": ("the pixels in random order", False),
}


@dataclass
class Probe:
    """A classifier that sees only a part of the data, and what it sees.

    Parameters
    ----------
    name : str
        Name of the probe, a key of `PROBES`.
    X : array-like
        What the classifier sees: features of shape (n, n_features), or images.
    estimator : classifier
        Classifier to fit in each fold.
    picture : ndarray of shape (H, W) of uint8, default=None
        What the probe sees of one image, for a figure.
    columns : dict of str to ndarray of shape (n,), default={}
        Columns of X by name, if single columns have a meaning.
    """

    name: str
    X: Any
    estimator: Any
    picture: np.ndarray | None = None
    columns: dict[str, np.ndarray] = field(default_factory=dict)
