"""MaskPredictor: masks at the working size, or at the size of each image."""

import itertools
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sklearn.utils.validation import check_is_fitted
from torch.nn.functional import interpolate

from cxrclf._utils.files import remove_abandoned, replace_file
from cxrclf._utils.image_size import content_slices
from cxrclf.images import read_image_sizes
from cxrclf.metrics import segmentation_scorers
from cxrclf.segmentation._mask_names import name_masks


class MaskPredictor:
    """Mixin of segmenters: predictions and the score.

    A subclass has ``classes_``, ``image_size_``, and the methods of
    :class:`~cxrclf._estimators.image_estimator.ImageEstimator`.
    """

    def predict(self, X):
        """Predict masks at the working size.

        Parameters
        ----------
        X : array-like
            Images, in any form of :meth:`fit`.

        Returns
        -------
        ndarray of shape (n, H, W)
            Masks of bool, or of `labels`. (H, W) is ``image_size_``.
        """
        return np.stack(
            [self.classes_[codes] for codes in self._predict_working_masks(X)]
        )

    def predict_proba(self, X):
        """Predict probabilities of each pixel at the working size.

        Parameters
        ----------
        X : array-like
            Images, in any form of :meth:`fit`.

        Returns
        -------
        ndarray of shape (n, H, W) or (n, H, W, n_classes) of float32
            Probabilities of the object, if there are two classes. With more classes,
            probabilities of each class in the order of ``classes_``.
        """
        probabilities = np.concatenate(
            list(self._probabilities(self._images_to_predict(X)))
        )
        if probabilities.shape[1] == 1:
            return probabilities[:, 0]
        return np.ascontiguousarray(np.moveaxis(probabilities, 1, -1))

    def predict_masks(self, X):
        """Predict masks at the size of each image.

        The probabilities are resized by bilinear interpolation, and then become a mask.

        Parameters
        ----------
        X : array-like
            Images, in any form of :meth:`fit`.

        Returns
        -------
        list of ndarray of shape (H_i, W_i)
            Masks of bool, or of `labels`.

        See Also
        --------
        save_masks : Write the masks to files, one after the other.
        """
        images = self._images_to_predict(X)
        return list(self._predict_own_masks(images))

    def save_masks(self, X, folder):
        """Predict masks at the size of each image file, and write them as PNG.

        Parameters
        ----------
        X : array-like of path-like
            Image files, in any form of :meth:`fit`.
        folder : path-like
            Folder of the masks. It is made if it is missing. The mask of ``scan.jpg``
            is ``scan.png``. Pixels are 0 and 255, or `labels`, which must be below 256.

        Returns
        -------
        ndarray of shape (n, 1) of object
            Paths of the masks.

        Raises
        ------
        ValueError
            If X has no files, if two files have the same name, or if a mask would
            replace its image.
        """
        images = self._images_to_predict(X)
        names = name_masks(images, Path(folder), self.classes_)
        Path(folder).mkdir(parents=True, exist_ok=True)
        remove_abandoned(Path(folder))
        for name, mask in zip(names, self._predict_own_masks(images), strict=True):
            pixels = mask * np.uint8(255) if mask.dtype == bool else mask
            with replace_file(name, sweep=False) as path:
                Image.fromarray(pixels.astype(np.uint8)).save(path, format="PNG")
        return np.array([str(name) for name in names], dtype=object)[:, None]

    def score(self, X, y):
        """Return the mean Dice coefficient of the predicted masks.

        Parameters
        ----------
        X : array-like
            Images, in any form of :meth:`fit`.
        y : array-like
            True masks, in any form of :meth:`fit`. They are compared at the working
            size.

        Returns
        -------
        float
            Mean Dice coefficient in [0, 1]. With more than two classes, it is the mean
            over all classes except the background.
        """
        check_is_fitted(self)
        return segmentation_scorers()(self, X, y)["dice"]

    def _predict_working_masks(self, X):
        """Yield each image's mask at the working size, as numbers of classes."""
        decide = self._task().decide
        for batch in self._probabilities(self._images_to_predict(X)):
            yield from decide(batch)

    def _predict_own_masks(self, images):
        """Yield the mask of each image at the size of the image."""
        # The sizes are read first, so that an unreadable file costs no prediction.
        sizes = (
            itertools.repeat(images.sample_shape[:2])
            if images.paths is None
            else read_image_sizes(images.paths).tolist()
        )
        decide = self._task().decide
        each = itertools.chain.from_iterable(self._probabilities(images))
        for probabilities, size in zip(each, sizes, strict=False):
            own = self._resize_to_image(probabilities, size)
            yield self.classes_[decide(own[None])[0]]

    def _resize_to_image(self, probabilities, size):
        """Return the probabilities of an image, (C, H, W), at the image's size."""
        if self._pads_files():  # remove the padding
            rows, columns = content_slices(size, self.image_size_)
            probabilities = probabilities[:, rows, columns]
        tensor = torch.from_numpy(np.ascontiguousarray(probabilities))
        resized = interpolate(tensor[None], size, mode="bilinear", antialias=True)
        return resized[0].numpy()
