"""What all image transformers share: X in any form, checked, and read bit by bit."""

from dataclasses import replace
from numbers import Integral
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._param_validation import Interval
from tqdm import tqdm

from cxrclf._utils.image_size import check_image_size
from cxrclf._utils.session import UsesSession
from cxrclf.images import ImageInput

_CHUNK_PIXELS = 2**22  # transformed at once: 4 million pixels


class ImageTransformer(UsesSession, TransformerMixin, BaseEstimator):
    """Base of transformers of single images, which learn nothing from X.

    A subclass has the parameters of ``_parameter_constraints`` and implements
    ``_transform_images(images)``: an array of (b, H, W), uint8, uint16 or floats in
    [0, 1], to a new one of the same shape. Its type may depend on that of the images
    only; an image of 8 bits may come in 16, at the same brightness, and must fare
    alike.
    """

    _parameter_constraints = {
        "image_size": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "cache_dir": [None, str, Path],
        "verbose": ["verbose"],
    }

    def fit(self, X, y=None):
        """Check the parameters and the form of X. No file is opened.

        Parameters
        ----------
        X : array-like
            Images, in any form of :meth:`transform`.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The transformer itself.

        Raises
        ------
        ValueError
            If a parameter is out of its range, or X holds no images.
        """
        self._check_parameters()
        self._check_images(X)
        return self

    def transform(self, X):
        """Transform images.

        Parameters
        ----------
        X : array-like
            Image files as an (n, 1) or (n,) array, a list, or a data frame with a
            column ``path``, which are read at `image_size`; or grey images as an
            (n, H, W) array of uint8, uint16, or floats in [0, 1], which keep their
            size.

        Returns
        -------
        ndarray of shape (n, H, W)
            Of the type of the images; files have uint8, or uint16 where one has more
            than 8 bits.

        Raises
        ------
        ImageReadError
            Naming all unreadable files.
        ValueError
            If a parameter is out of its range, or X holds no images.
        """
        self._check_parameters()
        self._begin()
        images = self._check_images(X).open(
            check_image_size(self.image_size),
            cache_dir=self.cache_dir,
            verbose=self.verbose,
        )
        n, height, width = images.shape
        chunk = max(1, _CHUNK_PIXELS // (height * width))
        # None of one image, unless there is no other: a network computes a single
        # image in another way, and rounds it differently.
        n_parts = max(1, min(-(-n // chunk), n // 2))
        parts = np.array_split(np.arange(n), n_parts)
        out = None
        with tqdm(
            total=n,
            desc=type(self).__name__,
            unit="image",
            disable=not self.verbose,
        ) as bar:
            for rows in parts:
                part = self._transform_images(images.gather(rows))
                if out is None:
                    out = np.empty(images.shape, dtype=part.dtype)
                elif part.dtype.itemsize > out.dtype.itemsize:
                    out = _deepen(out, rows[0])
                out[rows] = _at_depth(part, out.dtype)
                bar.update(len(rows))
        self._end()
        return out

    def _begin(self):
        """Prepare for the images of a call of `transform`."""

    def _end(self):
        """Say what has to be said of all images; warn with ``stacklevel=4``."""

    def _check_parameters(self):
        """Check the parameters before any work; subclasses add what they need."""
        self._validate_params()
        check_image_size(self.image_size)

    def _check_images(self, X):
        """Return X as an ImageInput of files or of gray images."""
        images = ImageInput.from_X(X, flat_rows=False, estimator=self)
        if images.is_copy.any():
            raise ValueError(
                "X has transformed copies of files, which a sampler made, and "
                f"{type(self).__name__} would read their originals. Put the "
                f"sampler behind the {type(self).__name__} in the pipeline."
            )
        if images.pixels is None:
            return images
        return replace(images, values=_check_gray(images.pixels, type(self).__name__))

    def __sklearn_is_fitted__(self):
        return True

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.requires_fit = False
        return tags


def _check_gray(images, name):
    """Return images as an (n, H, W) array of uint8, uint16 or floats in [0, 1].

    Parameters
    ----------
    images : ndarray of shape (n, H, W) or (n, H, W, C)
    name : str
        The transformer that the error message names.

    Raises
    ------
    ValueError
        If images have colors, or another type or range.
    """
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    if images.ndim != 3 or 0 in images.shape:
        raise ValueError(
            f"{name} takes gray images as an (n, H, W) array, got an array of shape "
            f"{images.shape}. Convert colors to gray."
        )
    if images.dtype.kind == "f":
        low, high = images.min(), images.max()
        if low < 0 or high > 1:
            raise ValueError(
                f"Float pixels must be in [0, 1], and X has values from {low:.4g} to "
                f"{high:.4g}. Divide 8-bit pixels by 255, or pass them as uint8."
            )
    elif images.dtype not in (np.uint8, np.uint16):
        raise ValueError(
            f"{name} takes pixels as uint8, uint16 or floats in [0, 1], got "
            f"{images.dtype}. Convert X with astype."
        )
    return images.astype(images.dtype.newbyteorder("="), copy=False)


def _deepen(out, n_done):
    """Return 8-bit pixels, of which the first are done, as 16-bit ones."""
    deep = np.empty(out.shape, dtype=np.uint16)
    deep[:n_done] = _at_depth(out[:n_done], deep.dtype)
    return deep


def _at_depth(images, dtype):
    """Return images in a type, 8-bit ones in 16 bits at the same brightness."""
    if images.dtype == np.uint8 and dtype == np.uint16:
        return images.astype(np.uint16) * np.uint16(257)
    return images
