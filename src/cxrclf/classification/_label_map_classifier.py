"""LabelMapClassifier: train any classifier in a scheme of fewer classes."""

import warnings
from collections.abc import Mapping
from numbers import Real

import numpy as np
from sklearn import get_config
from sklearn.base import clone
from sklearn.metrics import accuracy_score
from sklearn.utils import (
    assert_all_finite,
    check_consistent_length,
    column_or_1d,
)
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from cxrclf._utils.label_maps import full_label_map, map_labels
from cxrclf._utils.meta_classifier import MetaClassifier


class LabelMapClassifier(MetaClassifier):
    """Train a classifier in a label scheme: in fewer classes than the data have.

    One set of images serves several schemes, for instance COVID-19 against the rest,
    three classes, and all four. The data keep their labels: `fit` and `score` take
    them, splits are stratified by them, and `cxrclf.metrics.scorers` reports them;
    training, `classes_` and predictions are in the classes of the scheme.

    Read more in :ref:`label_schemes`.

    Parameters
    ----------
    estimator : classifier
        What is trained. It gets the classes of the scheme, so that class weights and
        the samplers of an imbalanced-learn pipeline balance these.
    label_map : mapping or None
        For each label of the data, its class in the scheme. It may list labels that
        do not occur. None is the scheme of the labels themselves, which leaves none
        for `rest`.
    rest : str or number, optional
        The class of the labels that `label_map` does not list. Without it, they are
        an error.

    Attributes
    ----------
    estimator_ : classifier
        The fitted clone of `estimator`.
    classes_ : ndarray of shape (n_classes,)
        The sorted classes of the scheme.
    label_map_ : dict
        The class of every label that occurred in `fit` or that `label_map` lists.
    n_features_in_ : int
        Number of columns, where the estimator has it.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where the estimator has them.

    See Also
    --------
    cxrclf.metrics.scorers : Scores of the scheme's classes and of the labels.
    cxrclf.metrics.original_class_table : How the images of each label fare.
    cxrclf.metrics.map_labels : The map alone, for arrays of labels.

    Notes
    -----
    Scorers of scikit-learn by name, such as ``scoring="balanced_accuracy"``, compare
    predictions with the labels of the data, which is meaningless here. Use
    ``scoring=scorers()``, or the default, which is :meth:`score`.

    Put everything that is to work in the scheme inside: samplers, tuned thresholds,
    calibration. Calibration, stacking, voting and
    ``cross_val_predict(method="predict_proba")`` replace labels by numbers before
    they reach the estimator, so that they do not work around this one: with str as
    labels that is an error, with numbers and `rest` the results are silently wrong.

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
            Passed on to the estimator's `fit`, or routed there where metadata
            routing is on. Labels of a validation set, ``y_val`` (or
            ``<step>__y_val`` for a pipeline), are labels of the data, too.

        Returns
        -------
        self : LabelMapClassifier

        Raises
        ------
        ValueError
            If y holds labels that `label_map` does not list and there is no `rest`,
            if the scheme leaves y in one class, or if the labels are unsuitable.
        """
        self._validate_params()
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but "
                "the target y is None."
            )
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        check_consistent_length(X, y)
        label_map = full_label_map(y.tolist(), self.label_map, self.rest)
        present = np.unique(y)
        y = self._mapped(y)
        if len(set(y.tolist())) < 2:
            raise ValueError(
                f"y has one class only in this scheme: {label_map}. A classifier needs "
                f"at least two, and y holds the labels {present.tolist()}: change "
                "label_map, or give samples of other classes."
            )
        absent = [k for k in self.label_map or {} if k not in present.tolist()]
        if absent and self.rest in label_map.values():
            warnings.warn(
                f"label_map lists {absent}, which y lacks, and gives {self.rest!r} to "
                "labels that it does not list. See that the labels are spelled alike: "
                f"y holds {present.tolist()}.",
                stacklevel=2,
            )
        for name, value in fit_params.items():
            if name.rpartition("__")[2] == "y_val" and value is not None:
                fit_params[name] = self._mapped(value, name, label_map)
        if get_config()["enable_metadata_routing"]:
            fit_params = process_routing(self, "fit", **fit_params)["estimator"]["fit"]
        self.estimator_ = clone(self.estimator).fit(X, y, **fit_params)
        self.label_map_ = label_map
        return self

    @property
    def classes_(self):
        """The sorted classes of the scheme."""
        return self.estimator_.classes_

    def score(self, X, y, sample_weight=None):
        """Return the accuracy in the scheme.

        Parameters
        ----------
        X : array-like
            Samples, in any form of :meth:`fit`.
        y : array-like of shape (n,)
            Labels of the data, as in :meth:`fit`, and not classes of the scheme.
        sample_weight : array-like of shape (n,), default=None
            Weights of the samples.

        Returns
        -------
        float
            Share of the samples that are given to the class of their label.
        """
        check_is_fitted(self)
        y_true = self._mapped(y, "y", self.label_map_)
        return accuracy_score(y_true, self.predict(X), sample_weight=sample_weight)

    def get_metadata_routing(self):
        """Say where metadata go: those of `fit` to the estimator, of `score` here.

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

    def _mapped(self, y, name="y", known=None):
        """Return the classes of labels; refuse classes that are no labels of a map."""
        y = column_or_1d(y)
        scheme = set() if known is None else {*known.values()} - known.keys()
        mistaken = sorted(scheme.intersection(y.tolist()))
        if mistaken:
            raise ValueError(
                f"{name} holds {mistaken}, which are classes of the scheme and no "
                f"labels of the data. Give labels as in fit: {list(known)}."
            )
        return map_labels(y, self.label_map, rest=self.rest)
