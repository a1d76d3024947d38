"""The images of a display, in gray."""

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from cxrclf._utils.image_size import check_image_size
from cxrclf.images import ImageInput, ImageReader
from cxrclf.inspection._explained_model import PredictorModel, find_network

_LUMA = (0.299, 0.587, 0.114)  # ITU-R 601-2
_MOST = 20


class GrayImages:
    """The images of a display, as the user gave them.

    Parameters
    ----------
    X : array-like
        Images, in any form of the library.
    estimator : classifier, default=None
        Fitted classifier that accepts X. Its parameters decide how X is read.

    Raises
    ------
    ValueError
        If X has more images than a figure can show.
    """

    def __init__(self, X, estimator=None):
        inner, steps = None, []
        if estimator is not None and not is_classifier(estimator):
            estimator = None  # the function that explains it raises the error
        if estimator is not None:
            check_is_fitted(estimator)
            inner, steps, *_ = find_network(estimator)
        self.reader = steps[0] if steps and isinstance(steps[0], ImageReader) else None
        self.input = ImageInput.from_X(
            X,
            image_shape=None if steps else getattr(inner, "image_shape", None),
            bits_stored=None if steps else getattr(inner, "bits_stored", None),
        )
        if len(self.input) > _MOST:
            raise ValueError(
                f"A display shows {_MOST} images at most, but X has {len(self.input)}. "
                f"Pass a part of them, such as the first {_MOST}."
            )
        if self.input.paths is None or estimator is None:
            self.pads_files = False
        elif self.reader is not None:
            self.pads_files = self.reader.keep_aspect_ratio
        elif steps:
            self.pads_files = False
        elif inner is not None:
            self.pads_files = inner._pads_files()
        else:
            self.pads_files = PredictorModel(estimator, X).padded_size is not None

    def __len__(self):
        return len(self.input)

    def open(self, image_size):
        """Return the gray images.

        Parameters
        ----------
        image_size : (int, int)
            Height and width at which files are read. Arrays are not resized.

        Returns
        -------
        ndarray of shape (n, H, W)
            Pixels of the type of X.
        """
        if self.reader is not None and self.input.paths is not None:
            return _to_gray(self.reader.transform(self.input.X))
        images = self.input.open(
            check_image_size(image_size), keep_aspect_ratio=self.pads_files
        )
        return _to_gray(images.gather(np.arange(len(images))))


def _to_gray(images):
    """Return images of shape (n, H, W) or (n, H, W, C) in gray, of their type."""
    if images.ndim == 3:
        return images
    if images.shape[3] == 1:
        return images[..., 0]
    if images.shape[3] == 3:
        gray = images @ np.array(_LUMA)
    else:
        gray = images.mean(axis=3)
    if images.dtype.kind in "ui":
        gray = np.rint(gray)
    return gray.astype(images.dtype)
