"""What the classifiers share: labels in, class probabilities out."""

import os
import warnings
from numbers import Integral, Real

import numpy as np
from scipy.special import softmax
from sklearn.base import ClassifierMixin
from sklearn.utils import assert_all_finite
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    _num_samples,
    check_consistent_length,
    column_or_1d,
)

from cxrclf._estimators.banked_estimator import BankedEstimator
from cxrclf._training.weights import training_weights
from cxrclf._utils.paths import as_paths
from cxrclf.losses import WeightedCrossEntropy
from cxrclf.nets import Head

_NOT_RESAMPLED = (
    "There are {} {} for {} samples. The samplers of a pipeline resample X and y "
    "alone: use class_weight instead of sample weights, and hold a validation set out "
    "by patients before the pipeline, or use no sampler."
)


class BaseCXRClassifier(ClassifierMixin, BankedEstimator):
    """Base of the classifiers: all but their parameters and their backbone."""

    _parameter_constraints = {
        **BankedEstimator._parameter_constraints,
        "hidden_units": [None, Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "pointwise_channels": [None, Interval(Integral, 1, None, closed="left")],
        "pooling": [StrOptions({"mean", "flatten"})],
        "normalization": [StrOptions({"backbone", "unit"})],
        "class_weight": [None, StrOptions({"balanced"}), dict],
        "image_shape": [None, tuple, list],
        "balanced_batches": ["boolean"],
        "monitor": [StrOptions({"valid_loss", "valid_accuracy"})],
    }
    _network_parameters = (
        "hidden_units",
        "dropout",
        "pointwise_channels",
        "pooling",
        "normalization",
    )

    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        groups=None,
        X_val=None,
        y_val=None,
        phases=None,
        restart_schedule=False,
    ):
        """Train the network.

        Parameters
        ----------
        X : array-like
            Image files as an (n, 1) or (n,) array, a list, or a data frame with a
            column ``path``; or pixels as an (n, H, W), (n, H, W, C) or flat (n, F)
            array.
        y : array-like of shape (n,)
            Class labels.
        sample_weight : array-like of shape (n,), default=None
            Relative weights of the samples; over those of a phase, or of the training,
            their mean is set to 1.
        groups : array-like of shape (n,), default=None
            Patient ids, which `validation_fraction` keeps together.
        X_val, y_val : array-like, default=None
            A validation set, in any form of X and y.
        phases : list of array-like of int, default=None
            Row numbers of X. The rows of each phase are trained on for `max_epochs`
            epochs, one phase after another; weights, optimiser and epoch count carry
            on. Class weights are those of the phase; the best epoch and early stopping
            are those of the whole training. What
            :class:`~cxrclf.sampling.PhasedClassifier` gives.
        restart_schedule : bool, default=False
            Whether the learning-rate schedule begins anew in each phase, instead of
            spanning them all.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ImageReadError
            Naming all unreadable files.
        WeightsError
            If the weights cannot be had or do not fit.
        ValueError
            If a parameter, X or y is out of its range.
        """
        with self._all_or_nothing():
            self._fit(
                X, y, sample_weight, groups, X_val, y_val, phases, restart_schedule
            )
        return self

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for `max_epochs` more epochs on these samples.

        Weights, optimiser and epoch count carry on, so that the samples of another
        call may be others. A change of ``learning_rate`` or another parameter of the
        optimiser begins a new optimiser. Validation sets are not used.

        Parameters
        ----------
        X, y, sample_weight
            As in :meth:`fit`. With `class_weight` each call weighs its own samples, and
            needs some of every class.
        classes : array-like of shape (n_classes,), default=None
            All classes that later calls may bring; needed in the first call if y
            lacks some.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        with self._all_or_nothing():
            self._partial_fit(X, y, classes, sample_weight)
        return self

    def predict_proba(self, X):
        """Predict class probabilities.

        Parameters
        ----------
        X : array-like
            Images, in any form of :meth:`fit`.

        Returns
        -------
        ndarray of shape (n, n_classes)
            In the order of ``classes_``.
        """
        return softmax(np.concatenate(list(self._outputs(X))), axis=1)

    def predict(self, X):
        """Predict class labels.

        Parameters
        ----------
        X : array-like
            Images, in any form of :meth:`fit`.

        Returns
        -------
        ndarray of shape (n,)
        """
        outputs = np.concatenate(list(self._outputs(X)))
        return self.classes_[outputs.argmax(axis=1)]

    def _criterion(self):
        return WeightedCrossEntropy

    def _check_settings(self, has_validation):
        super()._check_settings(has_validation)
        if self.balanced_batches and self.class_weight is not None:
            warnings.warn(
                "class_weight and balanced_batches both balance the classes: together "
                "they count the rare ones twice. Set one of them.",
                stacklevel=2,
            )

    def _fit(self, X, y, sample_weight, groups, X_val, y_val, phases, restart_schedule):
        self._check_settings(X_val is not None or y_val is not None)
        y = self._check_y(X, y)
        go_on = self.warm_start and hasattr(self, "net_")
        classes = np.unique(y)
        if len(classes) < 2:
            raise ValueError(
                f"y has one class only, {classes.tolist()}: a classifier needs at "
                "least two classes."
            )
        if go_on:
            self._check_same_network("warm_start", classes)
        self.classes_ = classes
        phases, weigh = self._check_phases(phases, y, sample_weight)
        groups = None if groups is None else column_or_1d(groups)
        if groups is not None and len(groups) != len(y):
            raise ValueError(_NOT_RESAMPLED.format(len(groups), "groups", len(y)))
        checked = self._check_images(X, reset=not go_on)
        X_val, codes_val = self._check_validation(X_val, y_val)
        self._train(
            checked,
            self._codes(y),
            phases,
            weigh,
            fresh="optimizer" if go_on else "net",
            groups=groups,
            X_val=X_val,
            codes_val=codes_val,
            restart_schedule=restart_schedule,
        )

    def _partial_fit(self, X, y, classes, sample_weight):
        self._check_settings(has_validation=False)
        if self.validation_fraction is not None:
            raise ValueError(
                "partial_fit holds no validation set out, because another call might "
                "train on it. Set validation_fraction=None."
            )
        y = self._check_y(X, y)
        first = not hasattr(self, "net_")
        if first:
            self.classes_ = np.unique(y if classes is None else classes)
        else:
            classes = self.classes_ if classes is None else np.unique(classes)
            self._check_same_network("partial_fit", classes)
        codes = self._codes(y)
        phases, weigh = self._check_phases(None, y, sample_weight)
        checked = self._check_images(X, reset=first)
        self._train(checked, codes, phases, weigh, fresh="net" if first else None)

    def _check_same_network(self, what, classes):
        """Refuse to go on with a net of other classes or another architecture."""
        if not np.array_equal(classes, self.classes_):
            raise ValueError(
                f"{what} needs the classes of the fit before, "
                f"{self.classes_.tolist()}; now they are {classes.tolist()}."
            )
        changed = self._changed(self._network_parameters)
        if changed:
            raise ValueError(
                f"{what} goes on with the network of the fit before, and {changed} "
                "changed since. Use fit with warm_start=False for a new network."
            )

    def _check_y(self, X, y):
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but "
                "the target y is None."
            )
        if isinstance(X, (str, os.PathLike)):
            as_paths(X)  # says that one path has to be put in a list
        y = column_or_1d(y, warn=True)
        if len(y) == 0:
            raise ValueError("X and y have no samples. Give at least two images.")
        assert_all_finite(y, input_name="y")
        check_consistent_length(X, y)
        check_classification_targets(y)
        return y

    def _check_phases(self, phases, y, sample_weight):
        """Return the rows of each phase, and a function of rows to their weights.

        By default all rows are one phase. Rows that weigh nothing are left out.
        """
        if sample_weight is not None:
            n = len(y) if np.isscalar(sample_weight) else _num_samples(sample_weight)
            if n != len(y):
                raise ValueError(_NOT_RESAMPLED.format(n, "sample weights", len(y)))
            sample_weight = _check_sample_weight(
                sample_weight, np.empty((len(y), 1)), dtype=np.float64
            )

        def weigh(rows):
            weights = None if sample_weight is None else sample_weight[rows]
            return training_weights(y[rows], self.classes_, self.class_weight, weights)

        phases = [np.arange(len(y))] if phases is None else _row_numbers(phases, len(y))
        return [rows[weigh(rows) > 0] for rows in phases], weigh

    def _check_validation(self, X_val, y_val):
        if X_val is None and y_val is None:
            return None, None
        if X_val is None or y_val is None:
            raise ValueError("X_val and y_val are given together or not at all.")
        codes = self._codes(self._check_y(X_val, y_val))
        return self._check_images(X_val, reset=False), codes

    def _codes(self, y):
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(
                f"y has labels that are not among the classes "
                f"{self.classes_.tolist()}: {unknown.tolist()}."
            )
        return np.searchsorted(self.classes_, y).astype(np.int64)

    def _make_head(self, backbone, *, pointwise_relu=True):
        flatten_size = None
        if self.pooling == "flatten":
            flatten_size = backbone.map_size(self.image_size_)
        return Head(
            backbone.num_features,
            len(self.classes_),
            hidden_units=self.hidden_units,
            dropout=self.dropout,
            pointwise_channels=self.pointwise_channels,
            pointwise_relu=pointwise_relu,
            flatten_size=flatten_size,
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def _row_numbers(phases, n):
    """Check that phases are arrays of row numbers, and return them."""
    try:
        phases = [np.asarray(rows) for rows in phases]
    except (TypeError, ValueError):
        phases = []
    for rows in phases:
        if (
            rows.ndim != 1
            or not rows.size
            or rows.dtype.kind not in "iu"
            or rows.min() < 0
            or rows.max() >= n
        ):
            phases = []
            break
    if not phases:
        raise ValueError(
            "phases must be a list with an array of row numbers of X for each phase: "
            f"one phase and one row at least, from 0 to {n - 1}."
        )
    return [rows.astype(np.intp) for rows in phases]
