"""Base class of the samplers, which resample row numbers by imbalanced-learn."""

import numpy as np
from imblearn.base import BaseSampler
from imblearn.over_sampling import RandomOverSampler
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _num_samples, column_or_1d, validate_data

from cxrclf._utils.keyed_random import draw_seed
from cxrclf._utils.labels import (
    as_array,
    check_label_count,
    check_labels,
    explain_unknown,
)
from cxrclf.images import ImageInput


class RowResampler(BaseSampler):
    """Base class of the samplers, which resample row numbers instead of X.

    The samplers of imbalanced-learn accept only X of two dimensions, and convert it to
    arrays and back. Here they resample row numbers, so that X can have any form. They
    resample y directly, in any form that they accept.

    A subclass may override ``_row_sampler``, which returns the sampler of row numbers.
    It implements ``_fit_resample(images, y, drawn)``, which returns the new X.
    """

    def fit(self, X, y):
        """Check X, y and the parameters, and set `sampling_strategy_`.

        Use `fit_resample` to resample.

        Parameters
        ----------
        X : array-like of length n
            Images or paths, as in `fit_resample`.
        y : array-like of shape (n,)
            Class labels.

        Returns
        -------
        self : RowResampler

        Raises
        ------
        ValueError
            As in `fit_resample`.
        """
        images, sampler = self._check_inputs(X, y)
        sampler.fit(_row_numbers(images), y)
        self.sampling_strategy_ = sampler.sampling_strategy_
        return self

    def fit_resample(self, X, y):
        """Resample images.

        Parameters
        ----------
        X : array-like of length n
            File paths as an (n, 1) or (n,) array, a list, a Series, or a data frame
            with a column `path`; images of shape (n, H, W) or (n, H, W, C); or flat
            rows of shape (n, F). Files are not opened.
        y : array-like of shape (n,)
            Class labels.

        Returns
        -------
        X_resampled : array-like of length n_new
            Resampled images, in the form of X.
        y_resampled : array-like of shape (n_new,)
            Resampled labels, in the form of y.

        Raises
        ------
        ValueError
            If a parameter is invalid, X holds neither images nor paths, X and y differ
            in length, y is not a classification target of at least two classes, or
            labels are missing.
        """
        images, sampler = self._check_inputs(X, y)
        _, y_resampled = sampler.fit_resample(_row_numbers(images), y)
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
        labels = as_array(y, "y", "label")
        if labels.ndim == 2:  # imbalanced-learn takes a column per class
            check_classification_targets(y)
        else:
            check_labels(labels)
        _check_strategy(getattr(sampler, "sampling_strategy", None), y)
        if hasattr(X, "columns") and not hasattr(X, "iloc"):
            raise TypeError(
                f"A data frame must be a pandas.DataFrame, got {type(X).__module__}."
                f"{type(X).__name__}. Pass X.to_pandas(), or the paths as a list."
            )
        images = self._interpret(X)
        if images.paths is not None:
            validate_data(self, X, skip_check_array=True)
        check_label_count("y", _num_samples(y), len(images))
        return images, sampler

    def _interpret(self, X, **checks):
        return ImageInput.from_X(X, estimator=self, **checks)

    def _row_sampler(self):
        # For None, imbalanced-learn would draw from NumPy's global generator.
        seed = draw_seed(None) if self.random_state is None else self.random_state
        return RandomOverSampler(
            sampling_strategy=self.sampling_strategy, random_state=seed
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.sparse = False
        return tags


def _check_strategy(strategy, y):
    """Check the labels that a sampling strategy names."""
    named = strategy if isinstance(strategy, (dict, list)) else []
    if not named or type_of_target(y) not in ("binary", "multiclass"):
        return
    classes = np.unique(column_or_1d(y))
    known = set(classes.tolist())
    unknown = [label for label in named if label not in known]
    if unknown:
        raise ValueError(
            f"sampling_strategy names {unknown}, and y has the classes "
            f"{classes.tolist()} only.{explain_unknown(classes)}"
        )


def _row_numbers(images):
    return np.arange(len(images))[:, None]


def seeded_clone(estimator, random_state, *, kind=int):
    """Clone an estimator, and seed each parameter `random_state` that is None.

    Parameters
    ----------
    estimator : object
        Estimator to clone. An object without parameters is deep-copied.
    random_state : int, RandomState instance or None
        Random state that draws the seeds. None means fresh entropy.
    kind : callable, default=int
        Conversion of a seed. Use ``np.random.RandomState`` for an estimator that
        continues to draw from call to call.

    Returns
    -------
    object
        Clone that uses no global generator, because each nested `random_state` is set.
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
