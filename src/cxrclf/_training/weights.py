"""What class weights and sample weights mean."""

import numpy as np
from sklearn.utils.class_weight import compute_class_weight


class SampleWeights:
    """Factors on the loss of the rows that are trained on together.

    Parameters
    ----------
    sample_weight : ndarray of shape (n,) or None, default=None
        Relative weights of the samples.
    labels : ndarray of shape (n,) or None, default=None
        Class labels, where there are class weights.
    classes : ndarray of shape (n_classes,) or None, default=None
        The sorted labels.
    class_weight : None, "balanced" or dict, default=None
        Constants of the classes, see :func:`training_weights`.
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
        return _with_mean_one(weights)


def training_weights(y, classes, class_weight, sample_weight):
    """Multiply class weights by sample weights of mean one.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Labels.
    classes : ndarray of shape (n_classes,)
        The sorted labels.
    class_weight : None, "balanced" or dict
        Constants C_c in w(c) = C_c Σn / (N n_c) [1]_, where n_c is the sum of the
        sample weights of class c and N the number of classes; 1 where the dict
        lacks a class, and for all with "balanced". None is w(c) = 1.
    sample_weight : ndarray of shape (n,) or None
        Relative weights; their mean over the data set is set to one, so that they
        change the balance of the samples and not the learning rate.

    Returns
    -------
    ndarray of shape (n,) of float64

    Raises
    ------
    ValueError
        If `class_weight` names unknown classes, or a weight is negative or infinite,
        or all are 0; or if there are class weights and y lacks a class.

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
        weighing = y if sample_weight is None else y[sample_weight > 0]
        if not np.isin(classes, weighing).all():
            raise ValueError(
                "class_weight needs samples of every class that weigh more than 0, "
                f"and y lacks {np.setdiff1d(classes, weighing).tolist()}. Set "
                "class_weight=None, or give sample_weight alone."
            )
        factors = compute_class_weight(
            "balanced", classes=classes, y=y, sample_weight=sample_weight
        )
    if isinstance(class_weight, dict):
        factors = factors * _constants(class_weight, classes)
    weights = factors[np.searchsorted(classes, y)]
    if sample_weight is not None:
        weights = weights * sample_weight / sample_weight.mean()
    if not weights.any():
        raise ValueError(
            "class_weight, times sample_weight where given, is 0 for every sample. "
            "Give at least one sample a weight above zero."
        )
    return weights


def _constants(class_weight, classes):
    unknown = [label for label in class_weight if label not in set(classes)]
    if unknown:
        raise ValueError(
            f"class_weight has weights for unknown classes {unknown}. The classes in y "
            f"are {classes.tolist()}. In a cross-validation every training fold needs "
            "all classes: use a stratified one."
        )
    if not all(0 <= weight < np.inf for weight in class_weight.values()):
        raise ValueError(
            "class_weight must have finite weights that are not negative, got "
            f"{class_weight}."
        )
    return np.array([class_weight.get(label, 1.0) for label in classes])


def _check_weights(sample_weight):
    if (sample_weight < 0).any() or sample_weight.sum() <= 0:
        raise ValueError(
            "sample_weight must be non-negative, with at least one weight above zero."
        )


def _with_mean_one(sample_weight):
    _check_weights(sample_weight)
    return sample_weight / sample_weight.mean()
