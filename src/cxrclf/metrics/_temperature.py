"""Temperature scaling of probabilities."""

from numbers import Real
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from cxrclf._utils.user_warnings import warn_user
from cxrclf.metrics._probabilities import check_columns, check_probabilities

_LOWEST, _HIGHEST = 0.05, 20.0
_SMALLEST = np.finfo(float).eps  # as in scikit-learn's log_loss


def fit_temperature(y_true: Any, y_proba: Any, *, classes: Any = None) -> float:
    """Find the temperature that corrects too extreme or too timid probabilities.

    Fit the temperature on images that the classifier was not trained on, such as
    out-of-fold predictions, and apply it to other images with
    :func:`apply_temperature`.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        True labels.
    y_proba : array-like of shape (n, n_classes) or (n,)
        Output of `predict_proba`: one column per class, in sorted order of the classes.
        For two classes, it can also be the probability of the last class in sorted
        order.
    classes : array-like of shape (n_classes,), default=None
        All classes of the problem, in any order. By default, the labels in `y_true`.

    Returns
    -------
    float
        Temperature with the smallest log loss, in [0.05, 20]. It is above 1 if the
        probabilities are too extreme, and below 1 if they are too timid.

    Warns
    -----
    UserWarning
        If the log loss has no minimum in this range. All predictions may be correct, or
        no better than chance.

    Raises
    ------
    ValueError
        If lengths or shapes do not fit, or if values are not probabilities.

    See Also
    --------
    apply_temperature : Correct probabilities.
    calibration_scores : Measure the calibration.

    Notes
    -----
    The temperature changes neither the predicted class nor, for two classes, the order
    of the images. scikit-learn has the same method for estimators:
    ``CalibratedClassifierCV(method="temperature")``, from version 1.8.

    Probabilities below 2.2e-16 count as 2.2e-16, as in
    :func:`sklearn.metrics.log_loss`. Otherwise, a single image of a class with the
    probability 0 would have an infinite log loss, and would decide the temperature
    alone.

    References
    ----------
    .. [1] C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On calibration of modern
       neural networks", ICML 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from cxrclf.metrics import apply_temperature, fit_temperature
    >>> rng = np.random.default_rng(0)
    >>> calibrated = rng.random(1000)
    >>> y_true = rng.random(1000) < calibrated
    >>> too_extreme = apply_temperature(calibrated, 0.5)
    >>> round(fit_temperature(y_true, too_extreme), 1)
    1.9
    """
    codes, proba, _ = check_probabilities(y_true, y_proba, classes)
    logits = np.log(np.maximum(proba, _SMALLEST))
    rows = np.arange(len(codes))

    def log_loss(log_temperature: float) -> float:
        scaled = log_softmax(logits / np.exp(log_temperature), axis=1)
        return -float(scaled[rows, codes].mean())

    bounds = np.log([_LOWEST, _HIGHEST])
    found = minimize_scalar(
        log_loss, bounds=bounds, method="bounded", options={"xatol": 1e-8}
    )
    if min(abs(found.x - bounds)) < 1e-3:
        warn_user(
            f"The log loss has no minimum at temperatures from {_LOWEST} to "
            f"{_HIGHEST:g}. All predictions may be correct, or no better than chance. "
            "Fit the temperature on more images."
        )
    return float(np.exp(found.x))


def apply_temperature(y_proba: Any, temperature: float) -> np.ndarray:
    """Correct probabilities by a temperature.

    Parameters
    ----------
    y_proba : array-like of shape (n, n_classes) or (n,)
        Output of `predict_proba`, or the probability of one of two classes.
    temperature : float
        Positive number, such as :func:`fit_temperature` returns. 1 changes nothing.

    Returns
    -------
    ndarray of the same shape
        Probabilities proportional to ``y_proba ** (1 / temperature)``.

    Raises
    ------
    ValueError
        If values are not probabilities, or if the temperature is not positive.

    See Also
    --------
    fit_temperature : Find the temperature.

    Examples
    --------
    >>> from cxrclf.metrics import apply_temperature
    >>> apply_temperature([[0.9, 0.1]], 2.0).round(3).tolist()
    [[0.75, 0.25]]
    """
    if not isinstance(temperature, Real) or not 0 < float(temperature) < np.inf:
        raise ValueError(f"temperature must be a positive number, got {temperature!r}.")
    proba = check_columns(y_proba)
    with np.errstate(divide="ignore"):
        logits = np.log(proba) / float(temperature)  # probabilities of 0 stay 0
    scaled = softmax(logits, axis=1)
    shape = np.shape(y_proba)
    return scaled[:, 1].reshape(shape) if np.size(y_proba) == len(proba) else scaled
