"""Samplers of imbalanced-learn for images in any form."""

from imblearn.under_sampling import RandomUnderSampler
from sklearn.utils import get_tags
from sklearn.utils._param_validation import HasMethods

from cxrclf.sampling._row_resampler import RowResampler, seeded_clone


class ImageSampler(RowResampler):
    """Apply a row sampler of imbalanced-learn to images in any form.

    The samplers of imbalanced-learn accept only X of two dimensions. Here the sampler
    selects row numbers. Therefore X can be paths in any form, a data frame, or an array
    of images. The rows are selected without being opened or changed.

    Parameters
    ----------
    sampler : sampler object, default=None
        Sampler that selects rows by their labels: imbalanced-learn's
        `RandomUnderSampler` (the default) or `RandomOverSampler`, or your own sampler.
        Your own sampler must have the tags ``input_tags.string``, because it receives
        rows of any type, and ``sampler_tags.sample_indices``, because it must set
        `sample_indices_` to the numbers of the selected rows. If its `random_state` is
        None, each call uses a new seed.

    Attributes
    ----------
    sampler_ : sampler object
        Fitted copy of `sampler`.
    sample_indices_ : ndarray of shape (n_new,) of int
        Row of X of each resampled row.
    sampling_strategy_ : dict
        Attribute `sampling_strategy_` of `sampler_`: the number of rows to draw from
        each class.
    n_features_in_ : int
        Number of columns of X, if X has two dimensions.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if X is a data frame.

    See Also
    --------
    AugmentedOverSampler : Transformed copies instead of exact repeats.
    GenerativeOverSampler : New images from a generator.

    Notes
    -----
    Samplers that compute with the values of X (`NearMiss`, `TomekLinks`) or create new
    rows (`SMOTE`, ``RandomOverSampler(shrinkage=...)``) are refused, because they
    cannot work with row numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from imblearn.under_sampling import RandomUnderSampler
    >>> from cxrclf.sampling import ImageSampler
    >>> sampler = ImageSampler(RandomUnderSampler(random_state=0))
    >>> X, y = sampler.fit_resample(np.zeros((6, 32, 32)), [0, 0, 0, 0, 1, 1])
    >>> X.shape, y
    ((4, 32, 32), [0, 0, 1, 1])
    >>> X, y = sampler.fit_resample(["a.png", "b.png", "c.png"], [1, 0, 1])
    >>> len(X), y
    (2, [0, 1])
    """

    _sampling_type = "bypass"

    _parameter_constraints = {"sampler": [HasMethods(["fit_resample"]), None]}

    def __init__(self, sampler=None):
        self.sampler = sampler

    def _row_sampler(self):
        sampler = RandomUnderSampler() if self.sampler is None else self.sampler
        _check_selects(sampler)
        return seeded_clone(sampler, None)

    def _interpret(self, X, **checks):
        return super()._interpret(X, dtype=None, ensure_all_finite=False)

    def _fit_resample(self, images, y, drawn):
        self.sampler_ = drawn
        self.sample_indices_ = drawn.sample_indices_
        return images.take(self.sample_indices_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.sampler_tags.sample_indices = True
        return tags


def _check_selects(sampler):
    """Check that a sampler selects rows without looking at their values."""
    name = type(sampler).__name__
    tags = get_tags(sampler)
    sampler_tags = getattr(tags, "sampler_tags", None)
    if getattr(sampler, "shrinkage", None) is not None:
        problem = f"{name}(shrinkage=...) creates new rows. Leave shrinkage=None"
    elif sampler_tags is None or not sampler_tags.sample_indices:
        problem = f"{name} creates new rows, or does not report the selected rows"
    elif not tags.input_tags.string:
        problem = f"{name} computes with the values of X, or changes them"
    else:
        return
    raise ValueError(
        f"ImageSampler selects rows by their labels only, but {problem}. Use it with "
        "RandomUnderSampler() or RandomOverSampler(), use AugmentedOverSampler or "
        f"GenerativeOverSampler for new images, or use {name} without ImageSampler on "
        "flat numeric rows. If your own sampler selects rows, set its tags "
        "sampler_tags.sample_indices and input_tags.string."
    )
