"""Train a classifier on one balanced phase after another."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import (
    _safe_indexing,
    assert_all_finite,
    column_or_1d,
    indexable,
)
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets

from cxrclf._utils.keyed_random import draw_seed
from cxrclf._utils.meta_classifier import MetaClassifier
from cxrclf._utils.splitting import join_groups, split_validation
from cxrclf.augmentation import AugmentedPath
from cxrclf.images import find_paths
from cxrclf.sampling._phase_routes import choose_route, fit_at_once
from cxrclf.sampling._phased_balanced_split import PhasedBalancedSplit
from cxrclf.sampling._row_keys import row_keys
from cxrclf.sampling._row_resampler import seeded_clone
from cxrclf.sampling._shared_rows import as_mask


class PhasedClassifier(MetaClassifier):
    """Train a classifier on one balanced phase after another.

    The rows are cut into phases by a :class:`PhasedBalancedSplit`, and the weights
    carry on from phase to phase. X goes to the classifier as it is: files, images or
    rows of numbers, whatever it takes.

    Parameters
    ----------
    estimator : classifier
        One whose `fit` takes `phases`, such as `CXRClassifier`, or else any with
        `partial_fit`.
    split : PhasedBalancedSplit, default=None
        Cuts the rows. None stands for ``PhasedBalancedSplit()``; to search
        ``split__n_phases`` in a grid, give one.
    n_epochs : int, default=1
        Calls of `partial_fit` a phase. A classifier whose `fit` takes `phases` trains
        its own `max_epochs` epochs a phase instead.
    validation_fraction : float in (0, 1) or None, default=None
        Part of the rows to hold out of all phases, stratified by class, for keeping
        the best epoch. Rows with the same content and rows of one patient (`groups`)
        are not divided, and transformed copies of files
        (:class:`~cxrclf.augmentation.AugmentedPath`) not validated on. None holds
        nothing out.
    schedule : {"continuous", "restart"}, default="continuous"
        Whether the learning-rate schedule of a classifier whose `fit` takes `phases`
        spans all phases or begins anew in each.
    random_state : int, RandomState instance or None, default=None
        Decides what is held out, and the seeds of `split` and `estimator` where their
        own `random_state` is None.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The sorted class labels.
    estimator_ : classifier
        The trained classifier: with a validation set, as it was after its best epoch.
    phases_ : list of ndarray of int
        For each phase the numbers of its rows in the X of `fit`, sorted.
    plan_ : PhasePlan
        What every phase got, in numbers.
    best_epoch_ : int
        The epoch, from 1 and over all phases, that was best on the validation set, if
        there was one.
    history_ : dict of str to list
        A value an epoch. Of a classifier whose `fit` takes `phases`, its own; of
        others with a validation set, ``phase`` and ``epoch`` (both from 1) and
        ``valid_accuracy``; of others without, there is none.
    n_features_in_ : int
        Number of columns, where the classifier has it.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where the classifier has them.

    See Also
    --------
    PhasedBalancedSplit : How the rows are cut.

    Notes
    -----
    The validation set is held out before the rows are cut. Held out of each phase, a
    row that is validated in one would have been trained on in another.

    Early stopping of the classifier ends the whole training, so that later phases may
    never be trained on; `plan_` and `phases_` are what was planned.

    There is no `sample_weight`: the phases balance the classes by choosing rows, and
    weights would balance them twice. Use `per_phase` and `shared` of the split to
    give a class more or less of each phase. The `class_weight` of a `CXRClassifier`
    is computed in each phase, and evens out what is not quite balanced there.

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
            In any form that the classifier takes.
        y : array-like of shape (n,)
            Class labels.
        groups : array-like of shape (n,), default=None
            Patient ids, which `validation_fraction` keeps together.
        shared_rows : array-like of shape (n,) of bool, default=None
            Rows that are in every phase. A mask and not row numbers, because
            scikit-learn cuts a mask with X into folds and would leave numbers as they
            are.
        X_val, y_val : array-like, default=None
            A validation set, in any form of X and y.

        Returns
        -------
        self : PhasedClassifier

        Raises
        ------
        TypeError
            If the classifier can neither be given phases nor be trained further.
        ValueError
            If a parameter is out of its range or does not fit the classifier or the
            classes of y.
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
        classes = np.unique(y)
        seed = draw_seed(self.random_state)
        split = seeded_clone(self.split or PhasedBalancedSplit(), seed)
        # One that seeds its calls of partial_fit by an int would repeat itself.
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
            vars(self).pop(name, None)  # of an earlier fit
        vars(self).update(found, classes_=classes, phases_=phases, plan_=plan)
        return self

    def _check_rows(self, X, y):
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but "
                "the target y is None."
            )
        X, y = indexable(X, column_or_1d(y, warn=True))
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        return X, y

    def _hold_out(self, X, y, groups, seed):
        """Return the rows to train on and those to validate on."""
        kept = row_keys(X)
        if groups is not None:
            groups = column_or_1d(groups)
            if len(groups) != len(y):
                raise ValueError(
                    f"There are {len(groups)} groups for {len(y)} samples. The "
                    "samplers of a pipeline do not resample groups: give X_val and "
                    "y_val, or use no sampler."
                )
            kept = join_groups(groups, kept)
        classes, codes = np.unique(y, return_inverse=True)
        train, valid = split_validation(codes, kept, self.validation_fraction, seed)
        missing = np.setdiff1d(classes, y[train])
        if len(missing):
            raise ValueError(
                f"validation_fraction={self.validation_fraction} holds out all rows of "
                f"{missing.tolist()}, because they belong to few patients or images. "
                "Use another random_state, or pass X_val and y_val."
            )
        paths = find_paths(X)
        if paths is not None:  # copies are trained on, and never validated on
            is_copy = [isinstance(paths[row], AugmentedPath) for row in valid]
            valid = valid[~np.array(is_copy, dtype=bool)]
        return train, valid


def _check_shared_rows(shared_rows, n):
    if shared_rows is None:
        return None
    dtype = getattr(shared_rows, "dtype", np.asarray(shared_rows).dtype)
    if str(dtype) not in ("bool", "boolean"):  # of NumPy, of pandas
        raise ValueError(
            "shared_rows must be a mask of bool, one value a row of X, which "
            "scikit-learn can cut into folds. Make one of row numbers with "
            "np.isin(np.arange(len(y)), numbers)."
        )
    return as_mask(np.asarray(shared_rows, dtype=bool), n)


def _check_validation(X_val, y_val, classes):
    if X_val is None and y_val is None:
        return None
    if X_val is None or y_val is None:
        raise ValueError("X_val and y_val are given together or not at all.")
    X_val, y_val = indexable(X_val, column_or_1d(y_val))
    unknown = np.setdiff1d(y_val, classes)
    if len(unknown):
        raise ValueError(
            f"y_val has labels that are not among the classes {classes.tolist()}: "
            f"{unknown.tolist()}."
        )
    return X_val, y_val
