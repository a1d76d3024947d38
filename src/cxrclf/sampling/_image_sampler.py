"""imbalanced-learn's samplers of rows, on images in any form."""

from imblearn.under_sampling import RandomUnderSampler
from sklearn.utils import get_tags
from sklearn.utils._param_validation import HasMethods

from cxrclf.sampling._row_resampler import RowResampler, seeded_clone


class ImageSampler(RowResampler):
    """Apply a sampler of imbalanced-learn that selects rows to images in any form.

    imbalanced-learn takes X of two dimensions. Here its sampler selects row numbers
    instead, so that X can be paths in any form, a data frame, or an array of images;
    its rows are never looked at, opened or changed.

    Parameters
    ----------
    sampler : sampler object, default=None
        Selects rows by their labels: imbalanced-learn's `RandomUnderSampler` (the
        default) or `RandomOverSampler`, or one of your own whose tags have
        ``input_tags.string`` and ``sampler_tags.sample_indices``: it takes rows of
        any type, and leaves the numbers of those it selected in `sample_indices_`. A
        `random_state` that it has at None is fresh in each call.

    Attributes
    ----------
    sampler_ : sampler object
        The fitted copy of `sampler`.
    sample_indices_ : ndarray of shape (n_new,) of int
        The row of X that each row of the result is.
    sampling_strategy_ : dict
        That of `sampler_`: how many rows were to be drawn from each class.
    n_features_in_ : int
        Columns of X, where X has two dimensions.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where X is a data frame.

    See Also
    --------
    AugmentedOverSampler : Transformed copies instead of exact repeats.
    GenerativeOverSampler : New images.

    Notes
    -----
    Samplers that compute with the values of X (`NearMiss`, `TomekLinks`), or make rows
    of their own (`SMOTE`, ``RandomOverSampler(shrinkage=...)``), are refused: row
    numbers mean nothing to them.

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
    """Check that a sampler selects rows, whatever they hold."""
    name = type(sampler).__name__
    tags = get_tags(sampler)
    sampler_tags = getattr(tags, "sampler_tags", None)
    if getattr(sampler, "shrinkage", None) is not None:
        problem = f"{name}(shrinkage=...) makes rows of its own. Leave shrinkage=None"
    elif sampler_tags is None or not sampler_tags.sample_indices:
        problem = f"{name} makes rows of its own, or does not say which it selects"
    elif not tags.input_tags.string:
        problem = f"{name} computes with the values of X, or changes them"
    else:
        return
    raise ValueError(
        f"ImageSampler selects rows by their labels alone, but {problem}. Use "
        "RandomUnderSampler() or RandomOverSampler() in it, AugmentedOverSampler or "
        f"GenerativeOverSampler for new images, or {name} without ImageSampler, on "
        "flat numeric rows. A sampler of your own that selects rows says so by its "
        "tags sampler_tags.sample_indices and input_tags.string."
    )
