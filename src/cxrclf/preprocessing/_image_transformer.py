"""Base class of image transformers."""

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

_CHUNK_PIXELS = 2**22  # number of pixels that are transformed at once


class ImageTransformer(UsesSession, TransformerMixin, BaseEstimator):
    """Base class of transformers of single images, which learn nothing from X.

    A subclass has the parameters of ``_parameter_constraints`` and implements
    ``_transform_images(images)``. This method takes an array of shape (b, H, W) of
    uint8, uint16 or floats in [0, 1], and returns a new array of the same shape. The
    type of the result may depend only on the type of the images. An 8-bit image may be
    passed as 16 bits at the same brightness, and must then give the same result.
    """

    _needs_full_range = True  # whether dark images are a mistake

    _parameter_constraints = {
        "image_size": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "cache_dir": [None, str, Path],
        "verbose": ["verbose"],
    }

    def fit(self, X, y=None):
        """Check the parameters and the form of X without opening files.

        Parameters
        ----------
        X : array-like
            Images in a form that :meth:`transform` accepts.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The transformer itself.

        Raises
        ------
        ValueError
            If a parameter is out of range, or if X holds no images.
        """
        self._check_parameters()
        self._check_images(X)
        return self

    def transform(self, X):
        """Transform images.

        Parameters
        ----------
        X : array-like
            Image files as an (n, 1) or (n,) array, a list, or a data frame with the
            column ``path``; or gray images as an (n, H, W) array of uint8, uint16 or
            floats in [0, 1]. Files are read at `image_size`. Arrays keep their size.

        Returns
        -------
        ndarray of shape (n, H, W)
            Transformed images in the type of the images. For files, this is uint8, or
            uint16 if one of them has more than 8 bits.

        Raises
        ------
        ImageReadError
            If files cannot be read. The message names all of them.
        ValueError
            If a parameter is out of range, or if X holds no images.
        """
        self._check_parameters()
        self._begin()
        checked = self._check_images(X)
        images = checked.open(
            check_image_size(self.image_size),
            cache_dir=self.cache_dir,
            verbose=self.verbose,
        )
        if self._needs_full_range:
            checked.warn_of_range(1 / 16)
            if checked.paths is not None:
                images.warn_of_range(1 / 16)
        n, height, width = images.shape
        chunk = max(1, _CHUNK_PIXELS // (height * width))
        # Chunks have at least two images if X has. A network may compute a single image
        # by another algorithm, which rounds differently.
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
                    out = _convert_to_16_bits(out, rows[0])
                out[rows] = _to_depth(part, out.dtype)
                bar.update(len(rows))
        self._end()
        return out

    def _begin(self):
        """Prepare for the images of one call of `transform`."""

    def _end(self):
        """Finish a call of `transform`. Subclasses warn with ``stacklevel=4``."""

    def _check_parameters(self):
        """Check the parameters. Subclasses add further checks."""
        self._validate_params()
        check_image_size(self.image_size)

    def _check_images(self, X):
        """Check X and return it as an ImageInput of files or gray images."""
        images = ImageInput.from_X(X, flat_rows=False, estimator=self)
        if images.is_copy.any():
            raise ValueError(
                "X has transformed copies of files, which a sampler made. "
                f"{type(self).__name__} would read the original files. Put the "
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
    """Check images and return them as an (n, H, W) array.

    Parameters
    ----------
    images : ndarray of shape (n, H, W) or (n, H, W, C)
        Images.
    name : str
        Name of the transformer, for the error message.

    Returns
    -------
    ndarray of shape (n, H, W) of uint8, uint16 or floats in [0, 1]
        Gray images in native byte order.

    Raises
    ------
    ValueError
        If images have colors or another type or range.
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
                f"Float pixels must be in [0, 1], but X has values from {low:.4g} to "
                f"{high:.4g}. Divide 8-bit pixels by 255, or pass them as uint8."
            )
    elif images.dtype not in (np.uint8, np.uint16):
        raise ValueError(
            f"{name} takes pixels as uint8, uint16 or floats in [0, 1], got "
            f"{images.dtype}. Convert X with astype."
        )
    return images.astype(images.dtype.newbyteorder("="), copy=False)


def _convert_to_16_bits(out, n_done):
    """Convert the result to 16 bits, with the first `n_done` images filled in."""
    deep = np.empty(out.shape, dtype=np.uint16)
    deep[:n_done] = _to_depth(out[:n_done], deep.dtype)
    return deep


def _to_depth(images, dtype):
    """Convert 8-bit images to 16 bits at the same brightness if `dtype` is uint16."""
    if images.dtype == np.uint8 and dtype == np.uint16:
        return images.astype(np.uint16) * np.uint16(257)  # 255 becomes 65535
    return images
