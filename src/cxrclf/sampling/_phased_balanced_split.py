"""Split imbalanced rows into balanced phases."""

from collections.abc import Mapping
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_consistent_length
from sklearn.utils._param_validation import Interval, StrOptions

from cxrclf._utils.keyed_random import draw_seed
from cxrclf._utils.labels import check_labels, explain_unknown
from cxrclf.sampling._phase_plan import PhasePlan
from cxrclf.sampling._shared_rows import as_mask


class PhasedBalancedSplit(BaseEstimator):
    """Split imbalanced rows into balanced phases.

    Every phase has all rows of the rare classes and a different part of the rows of the
    frequent classes. A network that is trained on one phase after another always sees
    balanced classes, and still sees all images of the frequent classes. Do not use this
    class as a splitter for cross-validation.

    Parameters
    ----------
    n_phases : int or "auto", default="auto"
        Number of phases. With `per_phase`, "auto" means the largest number for which no
        class runs out of rows. Without `per_phase`, "auto" means the rounded ratio of
        the sizes of the largest and the smallest class.
    per_phase : dict of label to int, default=None
        Number of rows per phase that are in no other phase, for each frequent class.
        All rows of the other classes are in every phase. None means the automatic rule
        in the Notes.
    shared : dict of label to int, default=None
        Number of random rows of a class that are in every phase in addition. If
        `per_phase` is given, it must name the class too. To choose the rows yourself,
        pass `shared_rows` instead.
    random_state : int, RandomState instance or None, default=None
        Random state of the shared rows and of the rows of each phase. The rows of a
        class in a phase do not depend on the rows of other classes.

    See Also
    --------
    PhasedClassifier : Classifier that is trained on one phase after another.
    PhasePlan : Numbers of rows per class in the phases.

    Notes
    -----
    The automatic rule is as follows. If the smallest class has m rows, a phase has
    max(m, ceil(n / n_phases)) rows of a class with n rows. The rows are dealt to the
    phases in a shuffled order, which starts again at its end. Therefore all phases have
    the same size and at least m rows per class. No row is left over, and no row recurs
    before all other rows of its class were dealt. With ``n_phases="auto"`` a phase has
    at most 1.5 times as many rows of a class as of the smallest class. Shared rows
    count toward m, and the other rows are dealt.

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
        """Return the rows of each phase.

        Parameters
        ----------
        X : array-like of n samples, or None
            Samples. Only their number is checked.
        y : array-like of shape (n,)
            Class labels.
        shared_rows : array-like of shape (n,) of bool, or of int, default=None
            Rows that are in every phase, as a mask or as row numbers.

        Returns
        -------
        iterator of ndarray of int
            Sorted row numbers of each phase.

        Raises
        ------
        ValueError
            As in :meth:`plan`. The call itself raises the error, and not the first
            step of the iterator.
        """
        if X is not None:
            check_consistent_length(X, y)
        classes, codes, marked, plan = self._plan(y, shared_rows)
        seed = draw_seed(self.random_state)
        phases = [[] for _ in range(plan.n_phases)]
        for code, label in enumerate(classes.tolist()):
            # One generator per class, so that no class changes the rows of another one.
            rng = np.random.default_rng([seed, code])
            first = np.flatnonzero((codes == code) & marked)
            others = rng.permutation(np.flatnonzero((codes == code) & ~marked))
            rows = np.concatenate([first, others])
            shared, dealt = np.split(rows, [plan.shared[label]])
            n = plan.per_phase[label]
            for phase, parts in enumerate(phases):
                turns = np.arange(phase * n, (phase + 1) * n)
                # "wrap" starts again at the first row if the class runs out of rows.
                parts += [shared, dealt.take(turns, mode="wrap") if n else dealt[:0]]
        return iter([np.sort(np.concatenate(parts)) for parts in phases])

    def get_n_splits(self, X, y, *, shared_rows=None):
        """Return the number of phases.

        Parameters
        ----------
        X, y, shared_rows
            As in :meth:`split`.

        Returns
        -------
        int
            Number of phases.
        """
        if X is not None:
            check_consistent_length(X, y)
        return self.plan(y, shared_rows=shared_rows).n_phases

    def plan(self, y, *, shared_rows=None):
        """Return the numbers of rows per class in the phases, without choosing rows.

        Parameters
        ----------
        y, shared_rows
            As in :meth:`split`.

        Returns
        -------
        PhasePlan
            Numbers of rows per class.

        Raises
        ------
        ValueError
            If y lacks classes or rows that the parameters need, or `shared_rows` does
            not fit y.
        """
        return self._plan(y, shared_rows)[-1]

    def _plan(self, y, shared_rows):
        """Return the classes, the class codes, the mask of shared rows and the plan."""
        self._validate_params()
        if y is not None and len(y) == 0:
            raise ValueError(
                "y has no rows to split into phases. Pass the labels of the training "
                "rows."
            )
        y = check_labels(y, owner=type(self).__name__, warn=False)
        classes, codes = np.unique(y, return_inverse=True)
        labels = classes.tolist()
        if len(labels) < 2:
            raise ValueError(
                f"y has one class only, {labels}, so there is nothing to balance. Pass "
                "labels of at least two classes."
            )
        if shared_rows is not None and self.shared is not None:
            raise ValueError(
                "Both shared and shared_rows are given. Use shared for a number of "
                "random rows, or shared_rows for rows that you choose."
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
        """Return the plan of the automatic rule in the Notes."""
        smallest = min(n_rows.values())
        largest = max(n_rows, key=n_rows.get)
        n_phases = self.n_phases
        if n_phases == "auto":
            # The ratio of the sizes, rounded in exact integers.
            n_phases = (2 * n_rows[largest] + smallest) // (2 * smallest)
        if n_phases > n_rows[largest]:
            raise ValueError(
                f"n_phases is {n_phases}, but even the largest class, {largest!r}, has "
                f"only {n_rows[largest]} rows. Use at most {n_rows[largest]} phases."
            )
        shared, per_phase = dict(shared), {}
        for label, n in n_rows.items():
            pool = n - shared[label]
            per_phase[label] = max(smallest - shared[label], -(-pool // n_phases))
            # A class with all its rows in every phase is shared.
            if per_phase[label] == pool:
                shared[label], per_phase[label] = n, 0
        return PhasePlan(n_phases, n_rows, shared, per_phase)

    def _named_plan(self, n_rows, shared):
        """Return the plan for the classes in `per_phase`."""
        named = self.per_phase
        _check_numbers("per_phase", named, n_rows, smallest=1)
        if not named:
            raise ValueError(
                "per_phase names no class, so that all phases would be the same. Name "
                'a frequent class, such as per_phase={"normal": 250}.'
            )
        unneeded = [label for label in self.shared or {} if label not in named]
        if unneeded:
            raise ValueError(
                f"shared names {unneeded}, but every phase has all rows of a class "
                "that per_phase does not name. Name them in both, or in neither."
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
                    f"{_describe_pool(n_rows[label], shared[label])}. Use smaller "
                    "numbers in per_phase, or fewer phases."
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


def _describe_pool(n, shared):
    """Return the number of rows to deal, as text."""
    return f"{n - shared} besides the {shared} that are shared" if shared else str(n)


def _check_numbers(name, numbers, n_rows, *, smallest):
    """Check `per_phase` or `shared` against the classes of y."""
    unknown = [label for label in numbers if label not in n_rows]
    if unknown:
        raise ValueError(
            f"{name} names {unknown}, and y has the classes {list(n_rows)} only."
            f"{explain_unknown(np.array(list(n_rows)))}"
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
