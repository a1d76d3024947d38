"""Class weights and sample weights as factors on the loss."""

import numpy as np
from sklearn.utils.class_weight import compute_class_weight

from cxrclf._utils.encoders import is_within_encoder
from cxrclf._utils.labels import ENCODED, are_numbers_of_classes, explain_unknown


class SampleWeights:
    """Factors on the loss for the rows of a training or of a phase.

    Parameters
    ----------
    sample_weight : ndarray of shape (n,) or None, default=None
        Relative weights of the samples.
    labels : ndarray of shape (n,) or None, default=None
        Class label of each sample. None stands for no class weights.
    classes : ndarray of shape (n_classes,) or None, default=None
        Sorted class labels.
    class_weight : None, "balanced" or dict, default=None
        Class constants, see :func:`training_weights`.
    """

    def __init__(
        self, sample_weight=None, *, labels=None, classes=None, class_weight=None
    ):
        self.sample_weight = sample_weight
        self.labels = labels
        self.classes = classes
        self.class_weight = class_weight

    def at(self, rows):
        """Return the factors of some rows, (b,) of float64."""
        weights = None if self.sample_weight is None else self.sample_weight[rows]
        if self.labels is not None:
            return training_weights(
                self.labels[rows], self.classes, self.class_weight, weights
            )
        if weights is None:
            return np.ones(len(rows))
        return _scale_to_mean_one(weights)


def training_weights(y, classes, class_weight, sample_weight):
    """Return the products of class weights and sample weights.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Class label of each sample.
    classes : ndarray of shape (n_classes,)
        Sorted class labels.
    class_weight : None, "balanced" or dict
        Class constants C_c in w(c) = C_c Σn / (N n_c) [1]_, with the sum n_c of the
        sample weights of class c and the number N of classes. Constants of classes
        that the dict lacks are 1. ``"balanced"`` stands for 1 for all classes. None
        stands for w(c) = 1.
    sample_weight : ndarray of shape (n,) or None
        Relative weights of the samples. They are scaled to a mean of 1, so that they
        change the balance of the samples and not the learning rate.

    Returns
    -------
    ndarray of shape (n,) of float64

    Raises
    ------
    ValueError
        If `class_weight` names an unknown class, or does not name all classes within a
        meta-estimator that encodes labels, if y lacks a class and there are class
        weights, if a weight is negative or infinite, or if all weights are 0.

    References
    ----------
    .. [1] N. S. Punn, S. Agarwal, "Automated diagnosis of COVID-19 with limited
       posteroanterior chest X-ray images using fine-tuned deep neural networks",
       Applied Intelligence 51, 2021.
    """
    if sample_weight is not None:
        _check_weights(sample_weight)
    factors = np.ones(len(classes))
    if class_weight is not None:
        weighted_labels = y if sample_weight is None else y[sample_weight > 0]
        if not np.isin(classes, weighted_labels).all():
            raise ValueError(
                "class_weight needs samples of every class with a sample weight above "
                f"0, and {np.setdiff1d(classes, weighted_labels).tolist()} lack them. "
                "Set class_weight=None, or pass sample_weight alone."
            )
        factors = compute_class_weight(
            "balanced", classes=classes, y=y, sample_weight=sample_weight
        )
    if isinstance(class_weight, dict):
        factors = factors * _check_constants(class_weight, classes)
    weights = factors[np.searchsorted(classes, y)]
    if sample_weight is not None:
        weights = weights * sample_weight / sample_weight.mean()
    if not weights.any():
        raise ValueError(
            "class_weight, times sample_weight if given, is 0 for every sample. Set a "
            "weight above zero for at least one sample."
        )
    return weights


def _check_constants(class_weight, classes):
    known = set(classes.tolist())
    unknown = [label for label in class_weight if label not in known]
    if unknown:
        raise ValueError(
            f"class_weight has weights for unknown classes {unknown}. The classes in y "
            f"are {classes.tolist()}.{explain_unknown(classes)}"
        )
    if not all(0 <= weight < np.inf for weight in class_weight.values()):
        raise ValueError(
            "class_weight must have finite weights that are not negative, got "
            f"{class_weight}."
        )
    unnamed = [label for label in known if label not in class_weight]
    if unnamed and are_numbers_of_classes(classes) and is_within_encoder():
        full = {label: class_weight.get(label, 1) for label in classes.tolist()}
        raise ValueError(
            f"class_weight={class_weight} must name all classes here, as the numbers 0 "
            f"to {len(classes) - 1}: class_weight={full}. {ENCODED}, so that a weight "
            "could apply to another class."
        )
    return np.array([class_weight.get(label, 1.0) for label in classes])


def _check_weights(sample_weight):
    if (sample_weight < 0).any() or sample_weight.sum() <= 0:
        raise ValueError(
            "sample_weight must be non-negative, with at least one weight above zero."
        )


def _scale_to_mean_one(sample_weight):
    _check_weights(sample_weight)
    return sample_weight / sample_weight.mean()
