"""Find the only network of a classifier, or raise an error."""

from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from cxrclf.inspection._explained_model import find_network


def find_single_network(estimator, function):
    """Return the classifier with a network inside an estimator.

    Parameters
    ----------
    estimator : classifier
        Fitted classifier, or a wrapper around one.
    function : str
        Name of the function that needs the network, for the message.

    Returns
    -------
    CXRClassifier

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If there is not exactly one network.
    """
    check_is_fitted(estimator)
    inner = find_network(estimator)[0] if is_classifier(estimator) else None
    if inner is None:
        raise TypeError(
            f"{function} needs a classifier with a single network, but "
            f"{type(estimator).__name__} has none or several. Pass a CXRClassifier, or "
            "a wrapper around one."
        )
    return inner
