"""What the samplers share: rows are drawn by imbalanced-learn, from their numbers."""

import numpy as np
from imblearn.base import BaseSampler
from imblearn.over_sampling import RandomOverSampler
from sklearn.base import clone
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from cxrclf._utils.keyed_random import draw_seed
from cxrclf.images import ImageInput


class RowResampler(BaseSampler):
    """Base of the samplers: draws row numbers, and leaves X to the subclass.

    imbalanced-learn takes X of two dimensions alone, and turns it into arrays and back.
    Its samplers get row numbers here, so that X stays what it is; y they resample
    themselves, in any form they know.

    A subclass implements ``_row_sampler``, the sampler of row numbers, and
    ``_fit_resample(images, y, drawn)``, which returns the new X.
    """

    def fit(self, X, y):
        """Check X, y and the parameters, and count what is to be resampled.

        Use `fit_resample` to resample.

        Parameters
        ----------
        X : array-like of length n
            Images or paths, as in `fit_resample`.
        y : array-like of shape (n,)
            Their labels.

        Returns
        -------
        self : object
            The sampler.

        Raises
        ------
        ValueError
            As in `fit_resample`.
        """
        images, sampler = self._check_inputs(X, y)
        sampler.fit(_numbers(images), y)
        self.sampling_strategy_ = sampler.sampling_strategy_
        return self

    def fit_resample(self, X, y):
        """Resample images.

        Parameters
        ----------
        X : array-like of length n
            File paths as an (n, 1) or (n,) array, a list, a Series, or a data frame
            with a column `path`; images of shape (n, H, W) or (n, H, W, C); or flat
            rows of shape (n, F). No file is opened.
        y : array-like of shape (n,)
            Their labels.

        Returns
        -------
        X_resampled : array-like of length n_new
            In the form of X.
        y_resampled : array-like of shape (n_new,)
            In the form of y.

        Raises
        ------
        ValueError
            If a parameter is invalid, X holds neither images nor paths, X and y differ
            in length, or y is not a classification target of at least two classes.
        """
        images, sampler = self._check_inputs(X, y)
        _, y_resampled = sampler.fit_resample(_numbers(images), y)
        self.sampling_strategy_ = sampler.sampling_strategy_
        return self._fit_resample(images, y, sampler), y_resampled

    def _check_inputs(self, X, y):
        """Return X as an ImageInput, and the sampler of row numbers."""
        self._validate_params()
        sampler = self._row_sampler()
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is "
                "None."
            )
        check_classification_targets(y)
        if hasattr(X, "columns") and not hasattr(X, "iloc"):
            raise TypeError(
                f"Data frames must be those of pandas, got {type(X).__module__}."
                f"{type(X).__name__}. Pass X.to_pandas(), or the paths as a list."
            )
        images = self._interpret(X)
        if images.paths is not None:
            validate_data(self, X, skip_check_array=True)
        check_consistent_length(images, y)
        return images, sampler

    def _interpret(self, X, **checks):
        return ImageInput.from_X(X, estimator=self, **checks)

    def _row_sampler(self):
        # imbalanced-learn draws from numpy's global generator for None.
        fresh = draw_seed(None) if self.random_state is None else self.random_state
        return RandomOverSampler(
            sampling_strategy=self.sampling_strategy, random_state=fresh
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.sparse = False
        return tags


def _numbers(images):
    return np.arange(len(images))[:, None]


def seeded_clone(estimator, random_state, *, kind=int):
    """Clone an estimator, and set the `random_state` that it leaves at None.

    Parameters
    ----------
    estimator : object
        Copied deeply if it has no parameters.
    random_state : int, RandomState instance or None
        What the seeds are drawn from; None is fresh.
    kind : callable, default=int
        What a seed is made; ``np.random.RandomState`` for an estimator that goes on
        drawing from one call to the next.

    Returns
    -------
    object
        With seeds at each level of nesting, so that it uses no global generator.
    """
    rng = check_random_state(draw_seed(random_state))
    estimator = clone(estimator, safe=False)
    if not hasattr(estimator, "get_params"):
        return estimator
    seeds = {
        name: kind(rng.randint(2**31 - 1))
        for name, value in sorted(estimator.get_params().items())
        if value is None and name.rpartition("__")[2] == "random_state"
    }
    return estimator.set_params(**seeds)
