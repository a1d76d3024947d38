"""Dilation of masks."""

from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._param_validation import Interval

from cxrclf.preprocessing._dilation import dilate, to_pixels


class MaskDilation(TransformerMixin, BaseEstimator):
    """Dilate masks by a disc.

    Dilated lung masks include the outlines of the lungs and a margin around them. Use
    them to train a segmenter or to mask images. Nothing is learned from the data.

    Read more in the :ref:`User Guide <preprocessing>`.

    Parameters
    ----------
    radius : float, default=0.02
        Radius of the disc, as a fraction of the shorter side of the masks, in [0, 1].
        It is rounded to whole pixels: 0.02 is 4 pixels at 224×224, and 10 pixels at
        512×512. With 0, masks stay unchanged.

    Notes
    -----
    The disc consists of all pixels within a distance of `radius` between pixel centers.
    It equals ``skimage.morphology.disk``. The computing time does not depend on the
    radius.

    Examples
    --------
    >>> import numpy as np
    >>> from cxrclf.preprocessing import MaskDilation
    >>> masks = np.zeros((1, 5, 5), dtype=np.uint8)
    >>> masks[0, 2, 1] = 255
    >>> MaskDilation(radius=0.2).fit_transform(masks)[0]
    array([[  0,   0,   0,   0,   0],
           [  0, 255,   0,   0,   0],
           [255, 255, 255,   0,   0],
           [  0, 255,   0,   0,   0],
           [  0,   0,   0,   0,   0]], dtype=uint8)
    """

    _parameter_constraints = {"radius": [Interval(Real, 0, 1, closed="both")]}

    def __init__(self, radius=0.02):
        self.radius = radius

    def fit(self, X, y=None):
        """Check the parameters and X.

        Parameters
        ----------
        X : array-like of shape (n, H, W)
            Masks in a form that :meth:`transform` accepts.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The transformer itself.

        Raises
        ------
        ValueError
            If the radius is out of range, or if X holds no masks.
        """
        self._validate_params()
        _check_masks(X)
        return self

    def transform(self, X):
        """Dilate masks.

        Parameters
        ----------
        X : array-like of shape (n, H, W), bool or integers
            Masks with the value 0 outside and one other value inside, such as 1 or 255.

        Returns
        -------
        ndarray of shape (n, H, W)
            Dilated masks with the type and the values of `X`.

        Raises
        ------
        ValueError
            If the radius is out of range, or if X holds no masks.
        """
        self._validate_params()
        masks, inside = _check_masks(X)
        radius = to_pixels(self.radius, masks.shape)
        out = np.zeros_like(masks)
        for i, mask in enumerate(masks):
            out[i][dilate(mask != 0, radius)] = inside
        return out

    def __sklearn_is_fitted__(self):
        return True

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.requires_fit = False
        return tags


def _check_masks(X):
    """Check X and return it as an array of masks, with the value inside."""
    masks = np.asarray(X)
    if masks.ndim != 3 or 0 in masks.shape:
        raise ValueError(
            "MaskDilation takes masks as an (n, H, W) array, got an array of shape "
            f"{masks.shape}. Pass a single mask as mask[None]."
        )
    if masks.dtype.kind not in "biu":
        raise ValueError(
            f"MaskDilation takes masks of bool or integers, got {masks.dtype}. "
            "Convert probabilities to masks with X > 0.5."
        )
    inside = masks.max() or masks.min()  # the minimum, if the value inside is negative
    if not ((masks == 0) | (masks == inside)).all():
        raise ValueError(
            "Masks must have the value 0 outside and one other value inside, but X has "
            f"{np.unique(masks)[:5].tolist()} and so on. Convert gray images to masks "
            "with X > 127, or dilate several labels one by one with X == label."
        )
    return masks, inside
