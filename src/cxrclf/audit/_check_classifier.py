"""The parameter `estimator` of reports."""

from sklearn.base import is_classifier


def check_classifier(estimator, *, needs_proba=False):
    """Refuse what is no classifier, before the long work.

    Parameters
    ----------
    estimator : object
        Parameter of a report.
    needs_proba : bool, default=False
        Whether the estimator needs `predict_proba`.

    Raises
    ------
    TypeError
        If it is not a classifier of scikit-learn.
    ValueError
        If it has no `predict_proba` and needs it.
    """
    if not hasattr(estimator, "fit") or not is_classifier(estimator):
        raise TypeError(
            "estimator must be a classifier with the methods of scikit-learn, got "
            f"{estimator!r}."
        )
    if needs_proba and not hasattr(estimator, "predict_proba"):
        raise ValueError(
            f"The estimator needs predict_proba, got {estimator!r}. Use "
            "CalibratedClassifierCV around it."
        )
