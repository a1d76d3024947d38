"""Choose the networks of a run, and check their parameters."""

from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from cxrclf._utils.user_warnings import warn_user
from cxrclf.preprocessing import LungMasker
from cxrclf.studies._fit_fold import set_parameters
from cxrclf.studies._fit_steps import has_validation


def choose_networks(study, names, segmenter):
    """Return the networks to train, with seeds and with the segmenter.

    Parameters
    ----------
    study : Study
        Description with the attributes `name`, `networks` and `validation`.
    names : sequence of str or None
        Names of the networks. None means all of them.
    segmenter : UNetSegmenter or None
        Fitted segmenter of the steps `LungMasker` that have none.

    Returns
    -------
    dict of str to classifier
        Unfitted classifiers with checked parameters.

    Raises
    ------
    TypeError
        If `names` is text.
    ValueError
        If a name is unknown, if no network remains, if a parameter is invalid, or if a
        network has no validation set although the study has one.

    Warns
    -----
    UserWarning
        If networks are left out because there is no segmenter.
    """
    if isinstance(names, str):
        raise TypeError(f"networks must be a list of names, got {names!r}.")
    chosen = list(study.networks) if names is None else list(names)
    unknown = [name for name in chosen if name not in study.networks]
    if unknown or not chosen:
        raise ValueError(
            f"networks={chosen}: the networks of {study.name!r} are "
            f"{list(study.networks)}."
        )
    if segmenter is not None:
        check_is_fitted(segmenter)
        segmenter = FrozenEstimator(segmenter)  # so that a clone is fitted too
    found, left_out = {}, []
    for name in chosen:
        estimator = study.networks[name]
        if segmenter is not None:
            _set_segmenter(estimator, segmenter)
        if _needs_segmenter(estimator):
            left_out.append(name)
        else:
            found[name] = set_parameters(estimator, "random_state", 0)
    if left_out:
        message = (
            f"The networks {left_out} see the lungs only, and need a fitted segmenter. "
            "Pass segmenter=..."
        )
        if not found:
            raise ValueError(message)
        warn_user(f"{message} They are left out.")
    _check_validation(study, found)
    _check_parameters(found)
    return found


def _set_segmenter(estimator, segmenter):
    for path in _find_maskers(estimator):
        estimator.set_params(**{f"{path}__segmenter": segmenter})


def _needs_segmenter(estimator):
    return bool(_find_maskers(estimator))


def _find_maskers(estimator):
    """Return the paths of each LungMasker without a segmenter."""
    return [
        path
        for path, value in estimator.get_params().items()
        if isinstance(value, LungMasker) and value.segmenter is None
    ]


def _check_validation(study, estimators):
    if study.validation is None:
        return
    without = [name for name, one in estimators.items() if not has_validation(one)]
    if without:
        raise ValueError(
            f"Study.validation={study.validation!r} needs networks with X_val and "
            f"y_val in fit, and {without} have none. Set validation=None."
        )


def _check_parameters(estimators):
    """Check the types and ranges of all parameters before any work."""
    for estimator in estimators.values():
        for step in (estimator, *estimator.get_params().values()):
            if hasattr(step, "_parameter_constraints") and hasattr(step, "fit"):
                step._validate_params()
