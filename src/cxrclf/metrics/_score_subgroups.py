"""Scores of subgroups of patients, and the gaps between them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cxrclf.metrics._make_subgroup_table import make_subgroup_table
from cxrclf.metrics._predictions import Predictions
from cxrclf.metrics._subgroup_table import SubgroupTable


def subgroup_table(
    y_true: Any,
    y_pred: Any,
    y_score: Any = None,
    *,
    by: Any,
    groups: Any = None,
    labels: Any = None,
    scores: str | Iterable[str] | None = None,
    bands: Mapping[str, Sequence[float]] | None = None,
    min_patients: int = 10,
    confidence_level: float = 0.95,
) -> SubgroupTable:
    """Score subgroups of patients, and the gaps between them.

    All arrays must have the same order. For predictions of
    :func:`cross_val_predictions`, use :meth:`Predictions.subgroup_table`, which finds
    the values of each sample by its row.

    Read more in the :ref:`User Guide <subgroups>`.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels.
    y_pred : array-like of shape (n,)
        Predicted labels.
    y_score : array-like of shape (n, n_classes) or (n,), default=None
        Probabilities, in the form of :func:`classification_table`.
    by : mapping of str to array-like of shape (n,), or data frame of n rows
        Columns of subgroups, such as sex, age, view, scanner and source, in the order
        of `y_true`. Missing values are the subgroup "unknown".
    groups : array-like of shape (n,), default=None
        Patient id of each image. None stands for one image per patient.
    labels : array-like of shape (n_classes,), default=None
        All classes. By default, the labels in `y_true` and `y_pred`.
    scores : str or iterable of str, default=None
        Names of the scores, as :func:`scorers` names them: ``"accuracy"``,
        ``"balanced_accuracy"``, ``"macro_<score>"`` or ``"<score>_<class>"``. By
        default, the sensitivity of each class, and the AUC of each class if there are
        `y_score`. Two classes always have equal AUCs, so only the AUC of the last class
        in sorted order is computed by default.
    bands : mapping of str to sequence of float, default=None
        Increasing edges of the bands of columns of numbers: ``{"age": [18, 65]}``. A
        column named "age" has the edges 2, 12, 18, 40 and 65 years by default. Other
        columns with more than 10 different numbers need edges.
    min_patients : int, default=10
        Smallest number of patients for a gap. A sensitivity needs this number of
        patients with the class, a specificity of patients without it, a precision of
        patients with images predicted as the class, and an F1 of patients with the
        class or images predicted as it. AUC and accuracy of a class need patients with
        the class and patients without it. Means over classes need it for each class.
    confidence_level : float, default=0.95
        Confidence level of the intervals, in (0, 1).

    Returns
    -------
    SubgroupTable
        Number of images, of patients and of images of each class, and the scores with
        intervals, for all samples and for each subgroup. `gaps` has the difference
        between the highest and the lowest score for each column and score.

    Warns
    -----
    SmallSubgroupWarning
        If subgroups have too few patients. Their scores are shown with a mark, and are
        left out of the gaps.

    Raises
    ------
    TypeError, ValueError
        If labels, scores or patient ids are invalid, see :class:`Predictions`, if `by`
        or `bands` does not fit, if a score does not exist, or if the name of a score is
        that of a bound, such as ``"accuracy_low"`` of a class named "low".

    See Also
    --------
    Predictions.subgroup_table : Score out-of-fold predictions by columns of the data.
    classification_table : Score all samples together.

    Notes
    -----
    Intervals are the same as in :func:`classification_table`. The interval of a gap
    comes from the bounds of both scores [1]_. If a patient has images in both
    subgroups, for instance of two views, the correlation of the scores is part of it.

    The largest of many differences is large by chance. The intervals and p-values of a
    gap are therefore corrected for the number of pairs of subgroups (Bonferroni). The
    p-value comes from the interval [2]_: it is below ``1 - confidence_level`` if the
    interval lies above 0. `adjusted_p_value` is corrected for the number of gaps in the
    table as well, by :func:`holm`.

    Sensitivities of subgroups can be compared at one threshold. An AUC can be equal in
    two subgroups that need different thresholds. Compare both.

    References
    ----------
    .. [1] G. Y. Zou and A. Donner, "Construction of confidence limits about effect
       measures: a general approach", Statistics in Medicine 27, 2008.
    .. [2] D. G. Altman and J. M. Bland, "How to obtain the P value from a confidence
       interval", BMJ 343, d2304, 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from cxrclf.metrics import subgroup_table
    >>> y_true = np.tile(["covid", "normal"], 40)
    >>> sex = np.repeat(["F", "M"], 40)
    >>> missed = (sex == "F") & (np.arange(80) % 4 == 0)
    >>> y_pred = np.where(missed, "normal", y_true)
    >>> table = subgroup_table(y_true, y_pred, by={"sex": sex},
    ...                        scores="sensitivity_covid")
    >>> print(table)
             images  patients  covid  normal     sensitivity_covid
    all          80        80     40      40  0.750 [0.598, 0.858]
    sex = F      40        40     20      20  0.500 [0.299, 0.701]
    sex = M      40        40     20      20  1.000 [0.839, 1.000]
    [low, high]: 95 % confidence intervals.
    <BLANKLINE>
    by               score  highest  lowest                   gap       p  p (Holm)
    sex  sensitivity_covid        M       F  0.500 [0.243, 0.701]  <0.001    <0.001
    Gap: highest minus lowest score, 95 % confidence intervals.
    Intervals and p are corrected for the choice of the pair.
    """
    found = Predictions(y_true, y_pred, y_score, classes=labels, groups=groups)
    return make_subgroup_table(
        found,
        by,
        scores=scores,
        bands=bands,
        min_patients=min_patients,
        confidence_level=confidence_level,
    )
