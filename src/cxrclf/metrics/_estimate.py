"""A score and its confidence interval."""

from typing import NamedTuple


class Estimate(NamedTuple):
    """A score and the bounds of its confidence interval.

    Parameters
    ----------
    value : float
        Score. It is nan where the score is undefined.
    low : float
        Lower bound of the interval. It is nan where the interval is undefined.
    high : float
        Upper bound of the interval. It is nan where the interval is undefined.

    See Also
    --------
    roc_auc_interval : Interval of an area under the ROC curve.
    proportion_interval : Interval of a sensitivity or an accuracy.
    bootstrap_interval : Interval of any other score.

    Examples
    --------
    >>> from cxrclf.metrics import Estimate
    >>> sensitivity = Estimate(0.9, 0.74, 0.97)
    >>> sensitivity.low
    0.74
    >>> f"{sensitivity:.2f}"
    '0.90 [0.74, 0.97]'
    """

    value: float
    low: float
    high: float

    def __format__(self, spec: str) -> str:
        if not spec:
            return str(self)
        value, low, high = (format(number, spec) for number in self)
        return f"{value} [{low}, {high}]"
