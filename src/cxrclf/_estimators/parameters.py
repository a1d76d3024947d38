"""Parameters of all estimators: constraints, roles and checks."""

from numbers import Integral, Real
from pathlib import Path

import torch
from sklearn.utils._param_validation import Interval, StrOptions
from skorch.callbacks import LRScheduler

from cxrclf._estimators.engine import check_engine
from cxrclf._training.engine import ENGINES
from cxrclf._training.precision import PRECISIONS
from cxrclf._utils.image_size import check_image_size
from cxrclf._utils.optional import import_optional
from cxrclf.augmentation import Augmentation
from cxrclf.optimizers import SCHEDULES, Optimizer

PARAMETER_CONSTRAINTS = {
    "trainable": [
        StrOptions({"all", "head"}),
        Interval(Integral, 0, None, closed="left"),
    ],
    "image_size": [None, Integral, tuple, list],
    "keep_aspect_ratio": ["boolean"],
    "bits_stored": [None, Interval(Integral, 2, 16, closed="both")],
    "augmentation": [None, Augmentation],
    "optimizer": [*Optimizer._parameter_constraints["name"], Optimizer],
    "learning_rate": [Interval(Real, 0, None, closed="neither")],
    "body_learning_rate": [None, Interval(Real, 0, None, closed="neither")],
    "learning_rate_schedule": [StrOptions(set(SCHEDULES)), callable],
    "max_epochs": [Interval(Integral, 1, None, closed="left")],
    "head_epochs": [Interval(Integral, 0, None, closed="left")],
    "batch_size": [Interval(Integral, 1, None, closed="left")],
    "validation_fraction": [None, Interval(Real, 0, 1, closed="neither")],
    "early_stopping": ["boolean"],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
    "tol": [Interval(Real, 0, None, closed="left")],
    "keep_best": ["boolean"],
    "warm_start": ["boolean"],
    "callbacks": [None, list, tuple],
    "random_state": ["random_state"],
    "n_threads": [None, Interval(Integral, 1, None, closed="left")],
    "device": [str, torch.device],
    "precision": [StrOptions(set(PRECISIONS))],
    "engine": [StrOptions(set(ENGINES))],
    "compile": ["boolean"],
    "cache_dir": [None, str, Path],
    "checkpoint_dir": [None, str, Path],
    "log_dir": [None, str, Path],
    "verbose": ["verbose"],
}
# Parameters that do not change the result of a training, and ``weights``: the state of
# the network stands for them.
NOT_IN_IDENTITY = {
    "cache_dir",
    "callbacks",
    "checkpoint_dir",
    "device",
    "feature_cache",
    "feature_cache_bytes",
    "log_dir",
    "verbose",
    "weights",
}
# Parameters from which a net and its optimizer are made.
NET_PARAMETERS = {
    "trainable",
    "optimizer",
    "learning_rate",
    "body_learning_rate",
    "batch_size",
    "callbacks",
    "compile",
    "device",
    "engine",
    "precision",
}


def check_together(estimator, has_validation):
    """Check parameters that depend on each other.

    Parameters
    ----------
    estimator : ImageEstimator
    has_validation : bool
        Whether `fit` got a validation set.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or two parameters exclude each other.
    """
    if estimator.image_size is not None:
        check_image_size(estimator.image_size)
    if estimator.image_shape is not None:
        check_image_size(tuple(estimator.image_shape)[:2], "image_shape")
    if estimator.augmentation is not None:
        estimator.augmentation.check_params()
    if isinstance(estimator.optimizer, Optimizer):
        estimator.optimizer.check_params()
    if estimator.validation_fraction is not None and has_validation:
        raise ValueError(
            "Both validation_fraction and X_val are given. Set "
            "validation_fraction=None to use X_val and y_val."
        )
    if estimator.early_stopping and not (
        estimator.validation_fraction or has_validation
    ):
        raise ValueError(
            "early_stopping=True needs a validation set. Set validation_fraction, "
            "or pass X_val and y_val to fit."
        )
    check_engine(estimator)
    if estimator.checkpoint_dir is not None:
        if not isinstance(estimator.random_state, Integral):
            raise ValueError(
                "checkpoint_dir needs an int random_state: otherwise a restarted run "
                "cannot find its checkpoint."
            )
        if not all(getattr(item, "stateless", False) for item in _callbacks(estimator)):
            raise ValueError(
                "A checkpoint does not contain the state of callbacks, so a resumed "
                "run would differ. Set checkpoint_dir=None or callbacks=None. A "
                "callback without a state may have the attribute stateless=True."
            )
    if not (estimator.validation_fraction or has_validation):
        for callback in _callbacks(estimator):
            if str(getattr(callback, "monitor", "")).startswith("valid"):
                raise ValueError(
                    f"The callback {type(callback).__name__} monitors "
                    f"{callback.monitor!r}, which needs a validation set. Set "
                    "validation_fraction, or pass X_val and y_val to fit."
                )
    schedule = estimator.learning_rate_schedule
    if schedule != "constant" and any(
        isinstance(callback, LRScheduler) for callback in _callbacks(estimator)
    ):
        raise ValueError(
            f"learning_rate_schedule={schedule!r} would overwrite the learning rate of "
            'the LRScheduler in callbacks. Set learning_rate_schedule="constant".'
        )
    for name in ("cache_dir", "checkpoint_dir", "log_dir"):
        folder = getattr(estimator, name)
        if folder is not None and Path(folder).is_file():
            raise ValueError(f"{name} must be a folder, and {folder} is a file.")
    if estimator.log_dir is not None:
        import_optional("tensorboard", extra="tensorboard", purpose="log_dir")


def _callbacks(estimator):
    """Return the callbacks, without their names."""
    items = estimator.callbacks or ()
    return [item[-1] if isinstance(item, tuple) else item for item in items]
