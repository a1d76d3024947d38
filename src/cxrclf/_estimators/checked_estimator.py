"""The parameters that every estimator has, and X in any form, checked before work."""

from numbers import Integral, Real
from pathlib import Path

import numpy as np
import torch
from sklearn.utils import check_array
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import validate_data

from cxrclf._estimators.saving import SavedEstimator
from cxrclf._training.images import open_array, open_files
from cxrclf._training.optimizer import OPTIMIZERS, SCHEDULES
from cxrclf._training.precision import PRECISIONS
from cxrclf._utils.image_size import check_image_size
from cxrclf._utils.optional import import_optional
from cxrclf._utils.paths import path_values
from cxrclf.augmentation._augmentation import Augmentation


class CheckedEstimator(SavedEstimator):
    """Base of estimators that take images: their parameters, and what X has to be.

    A subclass implements ``_default_image_size()``, that of files.
    """

    _parameter_constraints = {
        "trainable": [
            StrOptions({"all", "head"}),
            Interval(Integral, 0, None, closed="left"),
        ],
        "image_size": [None, Integral, tuple, list],
        "keep_aspect_ratio": ["boolean"],
        "augmentation": [None, Augmentation],
        "optimizer": [StrOptions(set(OPTIMIZERS))],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "body_learning_rate": [None, Interval(Real, 0, None, closed="neither")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "decay_bias_and_norm": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="left")],
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
        "random_state": ["random_state"],
        "n_threads": [None, Interval(Integral, 1, None, closed="left")],
        "device": [str, torch.device],
        "precision": [StrOptions(set(PRECISIONS))],
        "compile": ["boolean"],
        "cache_dir": [None, str, Path],
        "checkpoint_dir": [None, str, Path],
        "log_dir": [None, str, Path],
        "verbose": ["verbose"],
    }

    # Parameters of the classifiers that the engine asks every estimator for.
    image_shape = None
    n_views = None
    balanced_batches = False

    def _check_settings(self, has_validation):
        """Check the parameters, alone and together, before any work."""
        self._validate_params()
        if self.image_size is not None:
            check_image_size(self.image_size)
        if self.image_shape is not None:
            check_image_size(tuple(self.image_shape)[:2], "image_shape")
        if self.augmentation is not None:
            self.augmentation.check_params()
        if self.validation_fraction is not None and has_validation:
            raise ValueError(
                "Both validation_fraction and X_val are given. Set "
                "validation_fraction=None to use X_val and y_val."
            )
        if self.early_stopping and not (self.validation_fraction or has_validation):
            raise ValueError(
                "early_stopping=True needs a validation set. Set validation_fraction, "
                "or pass X_val and y_val to fit."
            )
        if self.checkpoint_dir is not None and not isinstance(
            self.random_state, Integral
        ):
            raise ValueError(
                "checkpoint_dir needs an int random_state: with another one, a "
                "restarted run cannot find its own checkpoint."
            )
        for name in ("cache_dir", "checkpoint_dir", "log_dir"):
            folder = getattr(self, name)
            if folder is not None and Path(folder).is_file():
                raise ValueError(f"{name} must be a folder, and {folder} is a file.")
        if self.log_dir is not None:
            import_optional("tensorboard", extra="tensorboard", purpose="log_dir")

    def _check_images(self, X, *, reset):
        """Return X as an array of paths or as images; nothing is decoded yet.

        With `reset`, learn what a sample looks like.
        """
        if reset:
            for name in ("n_features_in_", "feature_names_in_"):
                vars(self).pop(name, None)  # of another fit, on rows of numbers
        paths = path_values(X)
        if paths is not None:
            if reset:
                self.input_shape_ = None
                self.image_size_ = self._size_or(self._default_image_size())
            return paths
        images = open_array(self._check_array(X, reset=reset), self.image_shape)
        shape = images.shape[1:]
        if reset:
            self.input_shape_ = shape
            self.image_size_ = self._size_or(shape[:2])
        elif self._n_channels(shape) != self._n_channels(self.input_shape_):
            if shape[:2] == (1, 1):
                raise ValueError(
                    f"X has rows of {shape[2]} values, but this {type(self).__name__} "
                    "was fitted on images. Pass an (n, H, W) array, X[None] for a "
                    "single image, or set image_shape to the shape of a row's image."
                )
            raise ValueError(
                f"X has images of shape {shape}, but this {type(self).__name__} was "
                f"fitted on images of {self._n_channels(self.input_shape_)} channels."
            )
        return images

    def _open(self, checked):
        """Return the images of what :meth:`_check_images` returned."""
        if not isinstance(checked, np.ndarray):
            return checked
        return open_files(
            checked,
            self.image_size_,
            keep_aspect_ratio=self.keep_aspect_ratio,
            cache_dir=self.cache_dir,
            verbose=self.verbose,
        )

    def _check_array(self, X, *, reset):
        try:
            ndim = X.ndim if hasattr(X, "ndim") else np.asarray(X).ndim
        except ValueError:  # ragged: check_array says so better
            ndim = 2
        if ndim <= 2:
            return validate_data(self, X, reset=reset)
        return check_array(
            X, allow_nd=True, ensure_2d=False, estimator=self, input_name="X"
        )

    def _size_or(self, default):
        if self.image_size is None:
            return tuple(default)
        return check_image_size(self.image_size)

    @staticmethod
    def _n_channels(shape):
        """Return how many channels the network gets: grey is repeated to three."""
        channels = shape[2] if shape is not None and len(shape) == 3 else 1
        return 3 if channels == 1 else channels
