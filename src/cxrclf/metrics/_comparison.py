"""Difference of two scores, with its interval and its p-value."""

from dataclasses import dataclass

from cxrclf.metrics._estimate import Estimate


@dataclass(frozen=True)
class Comparison:
    """Difference of two scores on the same images or folds, and its test.

    :func:`delong_test`, :func:`mcnemar_test` and :func:`corrected_resampled_t_test`
    return this object.

    Parameters
    ----------
    difference : Estimate
        Score of the first classifier minus score of the second, and its interval.
    statistic : float
        Statistic of the test.
    p_value : float
        Two-sided p-value of the hypothesis that there is no difference.

    See Also
    --------
    holm : Adjust the p-values of several comparisons.

    Examples
    --------
    >>> from cxrclf.metrics import mcnemar_test
    >>> y_true, y_pred_a = [1] * 20, [1] * 18 + [0] * 2
    >>> y_pred_b = [1] * 10 + [0] * 10
    >>> print(mcnemar_test(y_true, y_pred_a, y_pred_b))
    difference 0.400 [0.168, 0.589], p = 0.0078
    """

    difference: Estimate
    statistic: float
    p_value: float

    def __str__(self) -> str:
        value = "p < 0.0001" if self.p_value < 1e-4 else f"p = {self.p_value:.2g}"
        return f"difference {self.difference:.3f}, {value}"
