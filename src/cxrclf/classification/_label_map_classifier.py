"""LabelMapClassifier: train any classifier in a label scheme."""

from collections.abc import Mapping
from numbers import Real

import numpy as np
from sklearn import get_config
from sklearn.base import clone
from sklearn.metrics import accuracy_score
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.validation import _num_samples, check_is_fitted

from cxrclf._utils.encoders import is_within_encoder
from cxrclf._utils.label_maps import apply_label_map, complete_label_map
from cxrclf._utils.label_warnings import warn_of_labels
from cxrclf._utils.labels import (
    ENCODED,
    are_numbers_of_classes,
    as_labels,
    check_label_count,
    check_labels,
)
from cxrclf._utils.meta_classifier import MetaClassifier
from cxrclf._utils.user_warnings import warn_user


class LabelMapClassifier(MetaClassifier):
    """Train a classifier in a label scheme, which has fewer classes than the data.

    One set of images serves several schemes, for example COVID-19 against the rest,
    three classes, and all four. `fit` and `score` take the labels of the data. Splits
    are stratified by these labels, and `cxrclf.metrics.scorers` reports them. The
    estimator, `classes_` and predictions have the classes of the scheme.

    Read more in :ref:`label_schemes`.

    Parameters
    ----------
    estimator : classifier
        Classifier that is trained. It gets the classes of the scheme, so that class
        weights and the samplers of an imbalanced-learn pipeline balance these classes.
    label_map : mapping or None
        Class in the scheme for each label of the data. It may list labels that do not
        occur. None makes each label its own class, so that `rest` has no effect.
    rest : str or number, default=None
        Class of the labels that `label_map` does not list. None makes such labels an
        error.

    Attributes
    ----------
    estimator_ : classifier
        Fitted clone of `estimator`.
    classes_ : ndarray of shape (n_classes,)
        Sorted classes of the scheme.
    label_map_ : dict
        Class of every label that occurred in `fit` or that `label_map` lists.
    n_features_in_ : int
        Number of columns. It exists if ``estimator_`` has it.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns. It exists if ``estimator_`` has it.

    See Also
    --------
    cxrclf.metrics.scorers : Scores of the scheme's classes and of the labels.
    cxrclf.metrics.original_class_table : Predictions for the images of each label.
    cxrclf.metrics.map_labels : The map alone, for arrays of labels.

    Notes
    -----
    Scorers of scikit-learn by name, such as ``scoring="balanced_accuracy"``, compare
    predictions with the labels of the data, which is meaningless here. Use
    ``scoring=scorers()``, or the default, which is :meth:`score`.

    Samplers, tuned thresholds and calibration that should see the classes of the scheme
    belong inside, in `estimator`. Calibration, stacking, voting and
    ``cross_val_predict(method="predict_proba")`` do not work around this classifier,
    because they replace labels by the ints 0, 1, ... before they reach it. This is an
    error if `label_map` does not list all these ints.

    References
    ----------
    .. [1] N. S. Punn and S. Agarwal, "Automated diagnosis of COVID-19 with limited
       posteroanterior chest X-ray images using fine-tuned deep neural networks",
       Applied Intelligence 51, 2689-2702, 2021: schemes of two, three and four
       classes.

    Examples
    --------
    >>> from cxrclf import CXRClassifier
    >>> from cxrclf.classification import LabelMapClassifier
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> data = make_chest_radiographs(24, image_size=64, random_state=0)
    >>> net = CXRClassifier("test_resnet", weights=None, max_epochs=2, random_state=0)
    >>> clf = LabelMapClassifier(net, {"covid": "covid"}, rest="other")
    >>> clf.fit(data.images, data.target).classes_
    array(['covid', 'other'], dtype='<U5')
    >>> clf.label_map_
    {'covid': 'covid', 'normal': 'other', 'pneumonia': 'other'}
    """

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "predict"])],
        "label_map": [None, Mapping],
        "rest": [None, str, Real],
    }

    def __init__(self, estimator, label_map, *, rest=None):
        self.estimator = estimator
        self.label_map = label_map
        self.rest = rest

    def fit(self, X, y, **fit_params):
        """Fit a clone of the estimator to the classes of the scheme.

        Parameters
        ----------
        X : array-like
            Samples, in any form that the estimator takes.
        y : array-like of shape (n,)
            Labels of the data.
        **fit_params : dict
            Parameters of the estimator's `fit`. If metadata routing is enabled, they
            are routed there. Labels of a validation set, ``y_val`` or
            ``<step>__y_val`` for a pipeline, are labels of the data as well.

        Returns
        -------
        self : LabelMapClassifier

        Raises
        ------
        ValueError
            If y has labels that `label_map` does not list, and `rest` is None or a
            meta-estimator has encoded the labels; if all labels of y are in one class
            of the scheme, or if y is invalid.
        """
        self._validate_params()
        y = check_labels(y, owner=type(self).__name__)
        check_label_count("y", len(y), _num_samples(X))
        label_map = complete_label_map(y.tolist(), self.label_map, self.rest)
        self._check_numbers(np.unique(y))
        if self.label_map is not None:  # else the labels are the estimator's classes
            warn_of_labels(label_map, self.label_map, self.rest)
        present = np.unique(y)
        y = self._map_labels(y)
        if len(set(y.tolist())) < 2:
            raise ValueError(
                f"y has one class only in this scheme: {label_map}. A classifier needs "
                f"at least two, and y holds the labels {present.tolist()}. Change "
                "label_map, or pass samples of other classes."
            )
        absent = [k for k in self.label_map or {} if k not in present.tolist()]
        if absent and self.rest in label_map.values():
            warn_user(
                f"label_map lists {absent}, which y lacks, and labels that it does not "
                f"list become {self.rest!r}. Check the spelling of the labels: y holds "
                f"{present.tolist()}."
            )
        for name, value in fit_params.items():
            if name.rpartition("__")[2] == "y_val" and value is not None:
                fit_params[name] = self._map_labels(value, name, label_map)
        if get_config()["enable_metadata_routing"]:
            fit_params = process_routing(self, "fit", **fit_params)["estimator"]["fit"]
        self.estimator_ = clone(self.estimator).fit(X, y, **fit_params)
        self.label_map_ = label_map
        return self

    @property
    def classes_(self):
        """Sorted classes of the scheme."""
        return self.estimator_.classes_

    def score(self, X, y, sample_weight=None):
        """Return the accuracy in the classes of the scheme.

        Parameters
        ----------
        X : array-like
            Samples, in any form of :meth:`fit`.
        y : array-like of shape (n,)
            Labels of the data, as in :meth:`fit`, not classes of the scheme.
        sample_weight : array-like of shape (n,), default=None
            Weights of the samples.

        Returns
        -------
        float
            Fraction of the samples for which the class of their label is predicted.
        """
        check_is_fitted(self)
        y_true = self._map_labels(y, "y", self.label_map_)
        return accuracy_score(y_true, self.predict(X), sample_weight=sample_weight)

    def get_metadata_routing(self):
        """Return the metadata routing.

        Metadata of `fit` go to the estimator. Metadata of `score` go to this object.

        Returns
        -------
        sklearn.utils.metadata_routing.MetadataRouter
        """
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(
                estimator=self.estimator,
                method_mapping=MethodMapping().add(caller="fit", callee="fit"),
            )
        )

    def _check_numbers(self, labels):
        """Raise an error if the labels may be numbers that replace other labels."""
        if self.label_map is None or not are_numbers_of_classes(labels):
            return
        if not is_within_encoder():
            return
        unlisted = [label for label in labels.tolist() if label not in self.label_map]
        if unlisted:  # else rest has no effect
            raise ValueError(
                f"label_map does not list the labels {unlisted}. {ENCODED}, so that "
                f"rest={self.rest!r} could apply to other labels. List all these ints."
            )

    def _map_labels(self, y, name="y", known=None):
        """Return the classes of labels. Classes of a known map are no valid labels."""
        y = as_labels(y, name)
        scheme = set() if known is None else {*known.values()} - known.keys()
        mistaken = sorted(scheme.intersection(y.tolist()))
        if mistaken:
            raise ValueError(
                f"{name} holds {mistaken}, which are classes of the scheme and no "
                f"labels of the data. Pass labels as in fit: {list(known)}."
            )
        return apply_label_map(y, self.label_map, self.rest)
