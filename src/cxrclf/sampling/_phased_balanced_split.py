"""Cut imbalanced rows into phases that are balanced."""

from collections.abc import Mapping
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import assert_all_finite, check_consistent_length, column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets

from cxrclf._utils.keyed_random import draw_seed
from cxrclf.sampling._phase_plan import PhasePlan
from cxrclf.sampling._shared_rows import as_mask


class PhasedBalancedSplit(BaseEstimator):
    """Cut imbalanced rows into phases that are balanced.

    Every phase has all rows of the rare classes and another part of the frequent
    ones. A network that is trained on one phase after another sees balanced classes
    all the time, and still sees all images of the frequent classes. It is no splitter
    for a cross-validation.

    Parameters
    ----------
    n_phases : int or "auto", default="auto"
        Number of phases. "auto" takes as many as the scarcest class of `per_phase`
        allows, or, without `per_phase`, the size of the largest class divided by that
        of the smallest, rounded.
    per_phase : dict of label to int, default=None
        How many rows of a class a phase has for itself: no other phase has them.
        All rows of a class that is not named are in every phase. None stands for the
        automatic rule in the Notes.
    shared : dict of label to int, default=None
        How many rows of a class, drawn at random, are in every phase in addition. To
        say which, pass `shared_rows` instead.
    random_state : int, RandomState instance or None, default=None
        Decides which rows are shared and which phase gets which. What becomes of the
        rows of a class does not depend on the rows of the others.

    See Also
    --------
    PhasedClassifier : Trains a classifier on one phase after another.
    PhasePlan : What every phase gets, in numbers.

    Notes
    -----
    The automatic rule: with m rows in the smallest class, a phase gets
    max(m, ceil(n / n_phases)) rows of a class with n rows. They are dealt out in a
    shuffled order, which begins anew when it is used up. So every phase has as many
    rows as the others and at least m of every class, no row is left over, and none
    recurs before all others of its class have had their turn. With
    ``n_phases="auto"`` a phase has at most one and a half times as many rows of a
    class as of the smallest. Shared rows count towards the m; the rule deals out the
    others.

    References
    ----------
    .. [1] M. Rahimzadeh and A. Attar, "A modified deep convolutional neural network
       for detecting COVID-19 and pneumonia from chest X-ray images based on the
       concatenation of Xception and ResNet50V2", Informatics in Medicine Unlocked 19,
       2020, which trains in eight phases.

    Examples
    --------
    The phases of [1]_:

    >>> import numpy as np
    >>> from cxrclf.sampling import PhasedBalancedSplit
    >>> y = np.repeat(["covid", "normal", "pneumonia"], [149, 2000, 1634])
    >>> split = PhasedBalancedSplit(
    ...     per_phase={"normal": 250, "pneumonia": 200},
    ...     shared={"pneumonia": 34},
    ...     random_state=0,
    ... )
    >>> print(split.plan(y))
    8 phases of 633 rows; 3783 of 3783 rows are used
               rows  in every phase  dealt to a phase  recurring  left over
    covid       149             149                 0          0          0
    normal     2000               0               250          0          0
    pneumonia  1634              34               200          0          0
    >>> [len(rows) for rows in split.split(None, y)]
    [633, 633, 633, 633, 633, 633, 633, 633]
    """

    _parameter_constraints = {
        "n_phases": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "per_phase": [None, Mapping],
        "shared": [None, Mapping],
        "random_state": ["random_state"],
    }

    def __init__(
        self, n_phases="auto", *, per_phase=None, shared=None, random_state=None
    ):
        self.n_phases = n_phases
        self.per_phase = per_phase
        self.shared = shared
        self.random_state = random_state

    def split(self, X, y, *, shared_rows=None):
        """Give the rows of each phase.

        Parameters
        ----------
        X : array-like of n samples, or None
            Only its length is looked at.
        y : array-like of shape (n,)
            Class labels.
        shared_rows : array-like of shape (n,) of bool, or of int, default=None
            Rows that are in every phase, as a mask or by their numbers.

        Returns
        -------
        iterator of ndarray of int
            For each phase the numbers of its rows, sorted.

        Raises
        ------
        ValueError
            As :meth:`plan`, and at once: not when the first phase is asked for.
        """
        if X is not None:
            check_consistent_length(X, y)
        classes, codes, marked, plan = self._plan(y, shared_rows)
        seed = draw_seed(self.random_state)
        phases = [[] for _ in range(plan.n_phases)]
        for code, label in enumerate(classes.tolist()):
            rng = np.random.default_rng([seed, code])
            first = np.flatnonzero((codes == code) & marked)
            others = rng.permutation(np.flatnonzero((codes == code) & ~marked))
            rows = np.concatenate([first, others])
            shared, dealt = np.split(rows, [plan.shared[label]])
            n = plan.per_phase[label]
            for phase, parts in enumerate(phases):
                turns = np.arange(phase * n, (phase + 1) * n)
                parts += [shared, dealt.take(turns, mode="wrap") if n else dealt[:0]]
        return iter([np.sort(np.concatenate(parts)) for parts in phases])

    def get_n_splits(self, X, y, *, shared_rows=None):
        """Give the number of phases.

        Parameters
        ----------
        X, y, shared_rows
            As in :meth:`split`.

        Returns
        -------
        int
        """
        if X is not None:
            check_consistent_length(X, y)
        return self.plan(y, shared_rows=shared_rows).n_phases

    def plan(self, y, *, shared_rows=None):
        """State what every phase gets, without choosing rows.

        Parameters
        ----------
        y, shared_rows
            As in :meth:`split`.

        Returns
        -------
        PhasePlan

        Raises
        ------
        ValueError
            If y does not have the classes or the rows that the parameters ask for, or
            `shared_rows` does not fit y.
        """
        return self._plan(y, shared_rows)[-1]

    def _plan(self, y, shared_rows):
        """Return the classes, the rows' class codes, the marked rows and the plan."""
        self._validate_params()
        y = column_or_1d(y)
        if len(y) == 0:
            raise ValueError("y has no rows to cut into phases.")
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        classes, codes = np.unique(y, return_inverse=True)
        labels = classes.tolist()
        if len(labels) < 2:
            raise ValueError(
                f"y has one class only, {labels}: there is nothing to balance."
            )
        if shared_rows is not None and self.shared is not None:
            raise ValueError(
                "Both shared and shared_rows are given. Use shared for a number of "
                "rows, drawn at random, or shared_rows for certain ones."
            )
        marked = as_mask(shared_rows, len(y))
        n_rows = dict(zip(labels, np.bincount(codes).tolist(), strict=True))
        if self.shared is None:
            n_marked = np.bincount(codes[marked], minlength=len(labels)).tolist()
            shared = dict(zip(labels, n_marked, strict=True))
        else:
            _check_numbers("shared", self.shared, n_rows, smallest=0)
            shared = {label: self.shared.get(label, 0) for label in labels}
        if self.per_phase is None:
            plan = self._automatic_plan(n_rows, shared)
        else:
            plan = self._named_plan(n_rows, shared)
        return classes, codes, marked, plan

    def _automatic_plan(self, n_rows, shared):
        smallest = min(n_rows.values())
        largest = max(n_rows, key=n_rows.get)
        n_phases = self.n_phases
        if n_phases == "auto":
            n_phases = (2 * n_rows[largest] + smallest) // (2 * smallest)
        if n_phases > n_rows[largest]:
            raise ValueError(
                f"n_phases={n_phases}, and even the largest class, {largest!r}, has "
                f"only {n_rows[largest]} rows. Use at most as many phases."
            )
        shared, per_phase = dict(shared), {}
        for label, n in n_rows.items():
            pool = n - shared[label]
            per_phase[label] = max(smallest - shared[label], -(-pool // n_phases))
            if per_phase[label] == pool:
                shared[label], per_phase[label] = n, 0
        return PhasePlan(n_phases, n_rows, shared, per_phase)

    def _named_plan(self, n_rows, shared):
        named = self.per_phase
        _check_numbers("per_phase", named, n_rows, smallest=1)
        if not named:
            raise ValueError(
                "per_phase names no class, so that all phases would be the same. Name "
                'a frequent class: per_phase={"normal": 250}.'
            )
        needless = [label for label in self.shared or {} if label not in named]
        if needless:
            raise ValueError(
                f"shared names {needless}, of which every phase has all rows anyway: "
                "per_phase does not name them. Name them in both or in neither."
            )
        pools = {label: n_rows[label] - shared[label] for label in named}
        most = {label: pools[label] // named[label] for label in named}
        n_phases = self.n_phases
        if n_phases == "auto":
            n_phases = max(1, min(most.values()))
        for label in named:
            if most[label] < n_phases:
                phases = "1 phase" if n_phases == 1 else f"{n_phases} phases"
                raise ValueError(
                    f"{phases} with {named[label]} rows of class {label!r} each "
                    f"need {n_phases * named[label]} rows, and there are "
                    f"{_rows_there(n_rows[label], shared[label])}. Use smaller numbers "
                    "in per_phase, or fewer phases."
                )
        return PhasePlan(
            n_phases,
            n_rows,
            {
                label: shared[label] if label in named else n
                for label, n in n_rows.items()
            },
            {label: named.get(label, 0) for label in n_rows},
        )


def _rows_there(n, shared):
    return f"{n - shared} besides the {shared} that are shared" if shared else str(n)


def _check_numbers(name, numbers, n_rows, *, smallest):
    """Check `per_phase` or `shared` against the classes of y."""
    unknown = [label for label in numbers if label not in n_rows]
    if unknown:
        raise ValueError(
            f"{name} names {unknown}, and y has the classes {list(n_rows)} only. In a "
            "cross-validation every training fold needs all classes: use a stratified "
            "one."
        )
    for label, number in numbers.items():
        whole = isinstance(number, Integral) and not isinstance(number, bool)
        if not whole or number < smallest:
            raise ValueError(
                f"{name} must have ints of at least {smallest} as values, and has "
                f"{number!r} for {label!r}."
            )
        if number > n_rows[label]:
            raise ValueError(
                f"{name} asks for {number} rows of class {label!r}, which has "
                f"{n_rows[label]}."
            )
