"""Train a classifier on one balanced phase after another."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import _safe_indexing, indexable
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import _num_samples

from cxrclf._utils.groups import check_groups
from cxrclf._utils.keyed_random import draw_seed
from cxrclf._utils.label_warnings import warn_of_labels
from cxrclf._utils.labels import check_label_count, check_labels, explain_unknown
from cxrclf._utils.meta_classifier import MetaClassifier
from cxrclf._utils.paths import is_copy
from cxrclf._utils.splitting import join_groups, split_validation
from cxrclf.images import find_paths
from cxrclf.sampling._phase_routes import choose_route, fit_at_once
from cxrclf.sampling._phased_balanced_split import PhasedBalancedSplit
from cxrclf.sampling._row_keys import row_keys
from cxrclf.sampling._row_resampler import seeded_clone
from cxrclf.sampling._shared_rows import as_mask


class PhasedClassifier(MetaClassifier):
    """Train a classifier on one balanced phase after another.

    A :class:`PhasedBalancedSplit` splits the rows into phases. Each phase continues the
    training with the weights from the phase before. X is passed to the classifier in
    its original form, such as files, images or rows of numbers.

    Parameters
    ----------
    estimator : classifier
        Classifier with the parameter `phases` in `fit`, such as `CXRClassifier`, or
        with the method `partial_fit`.
    split : PhasedBalancedSplit, default=None
        Splitter of the rows. None means ``PhasedBalancedSplit()``. To search
        ``split__n_phases`` in a grid, pass a splitter.
    n_epochs : int, default=1
        Number of calls of `partial_fit` per phase. A classifier with the parameter
        `phases` in `fit` trains its own `max_epochs` epochs per phase instead.
    validation_fraction : float in (0, 1) or None, default=None
        Fraction of the rows in a validation set, which selects the best epoch. The
        validation set is stratified by class and has no rows of any phase. Rows with
        the same content, and rows of the same patient (`groups`), are on the same side.
        Transformed copies of files (:class:`~cxrclf.augmentation.AugmentedPath`) are
        never in the validation set. None means no validation set.
    schedule : {"continuous", "restart"}, default="continuous"
        Whether the learning-rate schedule spans all phases or restarts in each phase.
        Only a classifier with the parameter `phases` in `fit` supports "restart".
    random_state : int, RandomState instance or None, default=None
        Random state of the validation set. It also seeds `split` and `estimator` if
        their own `random_state` is None.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Sorted class labels.
    estimator_ : classifier
        Trained classifier. With a validation set, its state after the best epoch.
    phases_ : list of ndarray of int
        Sorted row numbers of each phase, in the X of `fit`.
    plan_ : PhasePlan
        Numbers of rows per class in the phases.
    best_epoch_ : int
        Number of the best epoch on the validation set, counted from 1 over all phases.
        Exists only with a validation set.
    history_ : dict of str to list
        Training history, with one value per epoch. A classifier with the parameter
        `phases` in `fit` supplies its own history. For other classifiers the keys are
        ``phase`` and ``epoch`` (both from 1) and ``valid_accuracy``; without a
        validation set they have no history.
    n_features_in_ : int
        Number of columns, if the classifier has the attribute.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if the classifier has the attribute.

    See Also
    --------
    PhasedBalancedSplit : Splitter of the rows into phases.

    Notes
    -----
    The validation set is held out before the rows are split into phases. If each phase
    had its own validation set, other phases would train on its rows.

    If the classifier stops early, the whole training ends, and later phases may not be
    used. `plan_` and `phases_` describe all planned phases.

    `fit` has no `sample_weight`. The phases balance the classes by choosing rows, and
    weights would balance them twice. Use `per_phase` and `shared` of the split to
    change the number of rows of a class per phase. The `class_weight` of a
    `CXRClassifier` is computed per phase, and corrects the remaining imbalance.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import SGDClassifier
    >>> from cxrclf.sampling import PhasedBalancedSplit, PhasedClassifier
    >>> X, y = make_classification(400, weights=[0.9], random_state=0)
    >>> clf = PhasedClassifier(
    ...     SGDClassifier(), PhasedBalancedSplit(n_phases=4), n_epochs=5, random_state=0
    ... )
    >>> print(clf.fit(X, y).plan_)
    4 phases of 131 rows; 400 of 400 rows are used
       rows  in every phase  dealt to a phase  recurring  left over
    0   359               0                90          1          0
    1    41              41                 0          0          0
    >>> clf.predict(X).shape
    (400,)
    """

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "predict"])],
        "split": [None, PhasedBalancedSplit],
        "n_epochs": [Interval(Integral, 1, None, closed="left")],
        "validation_fraction": [None, Interval(Real, 0, 1, closed="neither")],
        "schedule": [StrOptions({"continuous", "restart"})],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator,
        split=None,
        *,
        n_epochs=1,
        validation_fraction=None,
        schedule="continuous",
        random_state=None,
    ):
        self.estimator = estimator
        self.split = split
        self.n_epochs = n_epochs
        self.validation_fraction = validation_fraction
        self.schedule = schedule
        self.random_state = random_state

    def fit(self, X, y, *, groups=None, shared_rows=None, X_val=None, y_val=None):
        """Train on all phases.

        Parameters
        ----------
        X : array-like of n samples
            Samples in any form that the classifier accepts.
        y : array-like of shape (n,)
            Class labels.
        groups : array-like of shape (n,), default=None
            Patient ids. None may be missing. `validation_fraction` does not split a
            patient.
        shared_rows : array-like of shape (n,) of bool, default=None
            Mask of the rows that are in every phase. Row numbers are refused, because
            scikit-learn splits a mask together with X into folds, but does not adapt
            row numbers.
        X_val, y_val : array-like, default=None
            Validation set, in any form of X and y.

        Returns
        -------
        self : PhasedClassifier

        Raises
        ------
        TypeError
            If the classifier has neither the parameter `phases` in `fit` nor the method
            `partial_fit`.
        ValueError
            If a parameter is out of its range or does not fit the classifier or the
            classes of y, or if labels or ids are missing.
        """
        self._validate_params()
        given = X_val is not None or y_val is not None
        if given and self.validation_fraction is not None:
            raise ValueError(
                "Both validation_fraction and X_val are given. Set "
                "validation_fraction=None to use X_val and y_val."
            )
        has_validation = given or self.validation_fraction is not None
        fit_phases = choose_route(self, has_validation)
        X, y = self._check_rows(X, y)
        groups = check_groups(groups, len(y))
        classes = np.unique(y)
        if fit_phases.func is not fit_at_once:  # else the estimator warns
            warn_of_labels(classes)
        seed = draw_seed(self.random_state)
        split = seeded_clone(self.split or PhasedBalancedSplit(), seed)
        # With an int, each call of partial_fit would use the same random numbers. A
        # RandomState continues from call to call.
        kind = int if fit_phases.func is fit_at_once else np.random.RandomState
        estimator = seeded_clone(self.estimator, seed, kind=kind)

        rows = np.arange(len(y))
        shared_rows = _check_shared_rows(shared_rows, len(y))
        validation = _check_validation(X_val, y_val, classes)
        if self.validation_fraction is not None:
            rows, held_out = self._hold_out(X, y, groups, seed)
            validation = _safe_indexing(X, held_out), y[held_out]
            shared_rows = None if shared_rows is None else shared_rows[rows]
        plan = split.plan(y[rows], shared_rows=shared_rows)
        cut = split.split(None, y[rows], shared_rows=shared_rows)
        phases = [rows[phase] for phase in cut]
        found = fit_phases(estimator, X, y, phases, validation)
        for name in ("best_epoch_", "history_"):
            vars(self).pop(name, None)  # from an earlier fit
        vars(self).update(found, classes_=classes, phases_=phases, plan_=plan)
        return self

    def _check_rows(self, X, y):
        y = check_labels(y, owner=type(self).__name__)
        check_label_count("y", len(y), _num_samples(X))
        return indexable(X, y)

    def _hold_out(self, X, y, groups, seed):
        """Return the training rows and the validation rows."""
        units = row_keys(X)
        if groups is not None:
            units = join_groups(groups, units)
        classes, codes = np.unique(y, return_inverse=True)
        train, valid = split_validation(
            codes, units, self.validation_fraction, seed, classes
        )
        paths = find_paths(X)
        if paths is not None:  # validate on original files only
            valid = np.array([row for row in valid if not is_copy(paths[row])], int)
        return train, valid


def _check_shared_rows(shared_rows, n):
    if shared_rows is None:
        return None
    dtype = getattr(shared_rows, "dtype", np.asarray(shared_rows).dtype)
    if str(dtype) not in ("bool", "boolean"):  # the types of NumPy and of pandas
        raise ValueError(
            "shared_rows must be a mask of bool with one value per row of X, which "
            "scikit-learn can split into folds. Convert row numbers with "
            "np.isin(np.arange(len(y)), numbers)."
        )
    return as_mask(np.asarray(shared_rows, dtype=bool), n)


def _check_validation(X_val, y_val, classes):
    if X_val is None and y_val is None:
        return None
    if X_val is None or y_val is None:
        raise ValueError("X_val and y_val must be given together or not at all.")
    y_val = check_labels(y_val, name="y_val", owner="PhasedClassifier", warn=False)
    check_label_count("y_val", len(y_val), _num_samples(X_val))
    X_val, y_val = indexable(X_val, y_val)
    unknown = np.setdiff1d(y_val, classes)
    if len(unknown):
        raise ValueError(
            f"y_val has labels that are not among the classes {classes.tolist()}: "
            f"{unknown.tolist()}.{explain_unknown(classes)}"
        )
    return X_val, y_val
