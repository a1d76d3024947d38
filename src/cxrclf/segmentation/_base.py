"""What segmenters share: masks in, masks out."""

import itertools
import os
from collections import Counter
from functools import partial
from numbers import Integral, Real
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy.special import expit, softmax
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
)
from torch.nn.functional import interpolate

from cxrclf._estimators.image_estimator import ImageEstimator
from cxrclf._training.images import MaskedImages
from cxrclf._training.weights import training_weights
from cxrclf._utils.files import remove_abandoned, replaced_whole
from cxrclf._utils.image_size import content_size
from cxrclf._utils.paths import as_paths, path_values
from cxrclf.images import read_image_sizes
from cxrclf.losses._mask_loss import LOSSES, MaskLoss, sum_of_dice
from cxrclf.masks import check_mask_labels, open_masks
from cxrclf.metrics import segmentation_scorers
from cxrclf.segmentation._pairs import check_pairs, opened_together, warn_of_empty
from cxrclf.segmentation._regions import cleaned

_DEFAULT_SIZE = 256, 256


class BaseSegmenter(ImageEstimator):
    """Base of the segmenters: all but their parameters and their network."""

    _parameter_constraints = {
        **ImageEstimator._parameter_constraints,
        "labels": [None, tuple, list],
        "loss": [StrOptions(set(LOSSES))],
        "threshold": [Interval(Real, 0, 1, closed="neither")],
        "largest_components": [None, Interval(Integral, 1, None, closed="left")],
        "fill_holes": ["boolean"],
        "monitor": [StrOptions({"valid_loss", "valid_dice"})],
    }
    _network_parameters = ("labels",)
    _score = "dice", sum_of_dice

    def fit(self, X, y, sample_weight=None, *, groups=None, X_val=None, y_val=None):
        """Train the network.

        Parameters
        ----------
        X : array-like
            Image files as an (n, 1) or (n,) array, a list, or a data frame with a
            column ``path``; or pixels as an (n, H, W) or (n, H, W, C) array.
        y : array-like
            The masks: files as an (n, 1) or (n,) array, a list, or a data frame with a
            column ``path``; (n, k) files, also as a data frame, of whose k the mask of
            an image is the union; or an (n, H, W) array of bool, of 0 and another
            value, or of `labels`. See :func:`cxrclf.masks.read_mask` for what counts
            as the object in a file. A mask file may be of another size than its image,
            but not of another shape; arrays of images and masks are of one size.
        sample_weight : array-like of shape (n,), default=None
            Relative weights of the images; their mean is set to 1.
        groups : array-like of shape (n,), default=None
            Patient ids, which `validation_fraction` keeps together.
        X_val, y_val : array-like, default=None
            A validation set, in any form of X and y.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ImageReadError
            Naming all files that cannot be read or are no masks.
        WeightsError
            If the weights cannot be had or do not fit.
        ValueError
            If a parameter, X or y is out of its range, or masks are of another shape
            than their images.
        """
        with self._all_or_nothing():
            self._fit(X, y, sample_weight, groups, X_val, y_val)
        return self

    def predict(self, X):
        """Predict masks at the working size.

        Parameters
        ----------
        X : array-like
            Images, in any form of :meth:`fit`.

        Returns
        -------
        ndarray of shape (n, H, W)
            Of bool, or of `labels`; H and W are ``image_size_``.
        """
        return np.stack([self.classes_[codes] for codes in self._masks(X)])

    def predict_proba(self, X):
        """Predict the probabilities of each pixel at the working size.

        Parameters
        ----------
        X : array-like
            Images, in any form of :meth:`fit`.

        Returns
        -------
        ndarray of shape (n, H, W) or (n, H, W, n_classes) of float32
            With two classes, of the object; else of each class, in the order of
            ``classes_``.
        """
        probabilities = np.concatenate(list(self._probabilities(X)))
        if probabilities.shape[1] == 1:
            return probabilities[:, 0]
        return np.ascontiguousarray(np.moveaxis(probabilities, 1, -1))

    def predict_masks(self, X):
        """Predict masks at each image's own size.

        The probabilities are brought to that size by bilinear interpolation, and
        decided there.

        Parameters
        ----------
        X : array-like
            Images, in any form of :meth:`fit`.

        Returns
        -------
        list of ndarray of shape (H_i, W_i)
            Of bool, or of `labels`.

        See Also
        --------
        save_masks : Does not keep them in memory.
        """
        return list(self._own_masks(X))

    def save_masks(self, X, folder):
        """Predict masks at each file's own size, and write them as PNG.

        Parameters
        ----------
        X : array-like of path-like
            Image files, in any form of :meth:`fit`.
        folder : path-like
            Made when missing. The mask of ``scan.jpg`` is ``scan.png`` in it; pixels
            are 0 and 255, or `labels`, which must be below 256.

        Returns
        -------
        ndarray of shape (n, 1) of object
            The paths of the masks.

        Raises
        ------
        ValueError
            If X holds no files, or two of the same name, or a mask would replace its
            image.
        """
        check_is_fitted(self)
        names = self._mask_names(X, Path(folder))
        Path(folder).mkdir(parents=True, exist_ok=True)
        remove_abandoned(Path(folder))
        for name, mask in zip(names, self._own_masks(X), strict=True):
            pixels = mask * np.uint8(255) if mask.dtype == bool else mask
            with replaced_whole(name, sweep=False) as path:
                Image.fromarray(pixels.astype(np.uint8)).save(path, format="PNG")
        return np.array([str(name) for name in names], dtype=object)[:, None]

    def score(self, X, y):
        """Return the mean Dice coefficient of the masks of images.

        Parameters
        ----------
        X : array-like
            Images, in any form of :meth:`fit`.
        y : array-like
            Their masks, in any form of :meth:`fit`, compared at the working size.

        Returns
        -------
        float
            In [0, 1]; of several classes the mean over those that are not background.
        """
        check_is_fitted(self)
        return segmentation_scorers()(self, X, y)["dice"]

    def _fit(self, X, y, sample_weight, groups, X_val, y_val):
        self._check_settings(X_val is not None or y_val is not None)
        go_on = self.warm_start and hasattr(self, "net_")
        if go_on:
            self._check_same_network()
        labels = None if self.labels is None else check_mask_labels(self.labels)
        self.classes_ = np.array([False, True]) if labels is None else labels
        checked = self._check_pairs(X, y, reset=not go_on)
        n = len(checked)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(
                sample_weight,
                np.empty((n, 1)),
                dtype=np.float64,
                ensure_non_negative=True,
            )
        if groups is not None:
            groups = column_or_1d(groups)
            check_consistent_length(X, groups)
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val are given together or not at all.")
        validation, codes_val = None, None
        if X_val is not None:
            checked_val = self._check_pairs(X_val, y_val, reset=False)
            validation = checked_val, y_val
            codes_val = np.zeros(len(checked_val), dtype=np.int64)

        def weigh(rows):
            return training_weights(
                np.zeros(len(rows)),
                np.zeros(1),
                None,
                None if sample_weight is None else sample_weight[rows],
            )

        rows = np.arange(n)
        self._train(
            (checked, y),
            np.zeros(n, dtype=np.int64),  # all of one class
            [rows if sample_weight is None else rows[sample_weight > 0]],
            weigh,
            fresh="optimizer" if go_on else "net",
            groups=groups,
            X_val=validation,
            codes_val=codes_val,
        )

    def _check_same_network(self):
        """Refuse to go on with a net of another architecture."""
        changed = self._changed(self._network_parameters)
        if changed:
            raise ValueError(
                f"warm_start goes on with the network of the fit before, and {changed} "
                "changed since. Use fit with warm_start=False for a new network."
            )

    def _check_pairs(self, X, y, *, reset):
        """Return X as :meth:`_check_images` does, with a mask for each."""
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, the "
                "masks of the images, but the target y is None."
            )
        checked = self._check_images(X, reset=reset)
        files = isinstance(checked, np.ndarray)
        if files and any(hasattr(path, "augmentation") for path in checked):
            raise ValueError(
                "X has transformed copies of files, which a sampler made, and their "
                "masks are not transformed. Use the segmenter's augmentation."
            )
        check_pairs(checked, y, self.image_size_)
        return checked

    def _check_images(self, X, *, reset):
        if path_values(X) is None:
            self._check_stack(X)
        checked = super()._check_images(X, reset=reset)
        if isinstance(checked, np.ndarray):
            return checked
        size = checked.shape[1:3]
        if self.keep_aspect_ratio and self.image_size_ != content_size(
            size, self.image_size_, True
        ):
            raise ValueError(
                "keep_aspect_ratio=True pads files and no arrays, and X has images of "
                f"{size}, another shape than image_size={self.image_size_}. Give "
                "files, or padded images, or set keep_aspect_ratio=False."
            )
        return checked

    def _check_stack(self, X):
        """Refuse what is neither files nor a stack of images."""
        try:
            shape = np.shape(X)
        except ValueError:
            shape = None  # of several sizes
        if shape is None or len(shape) not in (3, 4):
            got = "images of several sizes" if shape is None else f"shape {shape}"
            raise ValueError(
                f"{type(self).__name__} takes files, or images as an (n, H, W) or "
                f"(n, H, W, C) array; got {got}. Give a single image as image[None]."
            )

    def _open(self, pair):
        checked, y = pair
        masks, images = opened_together(
            partial(self._open_masks, y), partial(super()._open, checked)
        )
        warn_of_empty(masks, y)
        return MaskedImages(images, masks)

    def _open_masks(self, y):
        return open_masks(
            y,
            self.image_size_,
            labels=self.labels,
            keep_aspect_ratio=self.keep_aspect_ratio,
            cache_dir=self.cache_dir,
            verbose=self.verbose,
        )

    def _probabilities(self, X):
        """Yield the probabilities of some images at a time, (b, C, H, W)."""
        for outputs in self._outputs(X):
            # An image has many pixels, and in double precision each takes seven times
            # as long.
            outputs = outputs.astype(np.float32)
            yield expit(outputs) if outputs.shape[1] == 1 else softmax(outputs, axis=1)

    def _masks(self, X):
        """Yield the class numbers of each image's pixels at the working size."""
        for batch in self._probabilities(X):
            yield from map(self._decided, batch)

    def _own_masks(self, X):
        """Yield the mask of each image at its own size."""
        check_is_fitted(self)
        paths = as_paths(X)
        # Before any of the work.
        sizes = (
            itertools.repeat(np.shape(X)[1:3])
            if paths is None
            else read_image_sizes(paths).tolist()
        )
        each = itertools.chain.from_iterable(self._probabilities(X))
        for probabilities, size in zip(each, sizes, strict=False):
            own = self._at_own_size(probabilities, size)
            yield self.classes_[self._decided(own)]

    def _at_own_size(self, probabilities, size):
        if self.keep_aspect_ratio:
            content = content_size(size, self.image_size_, True)
            top, left = (
                (whole - part) // 2
                for whole, part in zip(self.image_size_, content, strict=True)
            )
            probabilities = probabilities[
                :, top : top + content[0], left : left + content[1]
            ]
        tensor = torch.from_numpy(np.ascontiguousarray(probabilities))
        return interpolate(tensor[None], size, mode="bilinear", antialias=True)[
            0
        ].numpy()

    def _decided(self, probabilities):
        """Return class numbers, (H, W) of uint8, of probabilities, (C, H, W)."""
        if len(probabilities) == 1:
            codes = (probabilities[0] >= self.threshold).view(np.uint8)
        else:
            codes = probabilities.argmax(axis=0).astype(np.uint8)
        return cleaned(codes, self.largest_components, self.fill_holes)

    def _mask_names(self, X, folder):
        """Return where the mask of each file is written."""
        paths = as_paths(X)
        if paths is None:
            raise ValueError(
                "save_masks names masks after files, and X holds none. Use "
                "predict_masks(X) for arrays."
            )
        if self.classes_.max() > 255:
            raise ValueError(
                f"save_masks writes 8 bits, and labels go up to {self.classes_.max()}."
            )
        names = [folder / f"{Path(path).stem}.png" for path in paths]
        # Some systems take upper and lower case for the same.
        clash, count = Counter(str(name).lower() for name in names).most_common(1)[0]
        if count > 1:
            raise ValueError(
                f"Several files would have the mask {clash}. Save those of each "
                "folder to a folder of their own."
            )
        # Real paths, for the folder may be a link to that of the images.
        images = {os.path.realpath(path) for path in paths}
        if any(os.path.realpath(name) in images for name in names):
            raise ValueError(
                f"Masks in {folder} would replace their images. Give another folder."
            )
        return names

    def _criterion(self):
        return partial(MaskLoss, self.loss)

    def _body_factor(self):
        # A decoder needs another encoder than a classifier does.
        return 1.0

    def _default_image_size(self):
        return _DEFAULT_SIZE

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        return tags
