"""Augmentation: random affine maps, crops and noise."""

from numbers import Integral, Real

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions
from torch.nn.functional import grid_sample

from cxrclf._torch.device import upload
from cxrclf._utils.keyed_random import (
    draw_seed,
    keyed_state,
    keyed_uniforms,
)
from cxrclf.augmentation._noise import keyed_normals
from cxrclf.images import content_key

_FILL_MODES = {"nearest": "border", "reflect": "reflection"}
_N_DRAWS = 10


class Augmentation(BaseEstimator):
    """Random views of radiographs, with the transformations of Keras 2.

    Rotation, shift, shear, zoom, crop and flips are composed to one affine map per
    sample, which is applied with one bilinear interpolation. Noise is added at the end.
    A view depends only on the seed, the pixels of the sample, its repeat and the epoch.
    It does not depend on the batch, the fold, the worker or the device. Pass an
    Augmentation as ``augmentation`` of :class:`~cxrclf.CXRClassifier`. A grid search
    can search its parameters (``augmentation__rotation``).

    Parameters
    ----------
    rotation : float, default=0.0
        Largest angle in degrees, in [0, 180]. The angle is drawn from
        U(-rotation, rotation).
    shift : float or (float, float), default=0.0
        Largest shift as a fraction of the image, in [0, 1]. A pair is (height, width).
        The shift is drawn from U(-shift, shift).
    shear : float, default=0.0
        Largest shear angle in degrees, in [0, 90). The angle is drawn from
        U(-shear, shear).
    zoom : float or (float, float), default=0.0
        Range of the zoom factors. A number z in [0, 1) means [1 - z, 1 + z]; a pair is
        the range itself. Rows and columns have separate random factors. Factors below 1
        magnify the image, as in Keras.
    crop : float, default=0.0
        Fraction of each side, in [0, 1), that is cropped. The position of the remaining
        window is random. The window is resized to the full size.
    horizontal_flip, vertical_flip : bool, default=False
        Whether each view is flipped with a probability of 0.5.
    noise : float, default=0.0
        Standard deviation of Gaussian noise for pixels in [0, 1]. The result is clipped
        to [0, 1].
    fill_mode : {"nearest", "constant", "reflect", "wrap"}, default="nearest"
        Rule for pixels outside of the image.
    fill_value : float, default=0.0
        Pixel value in [0, 1] for ``fill_mode="constant"``.

    Notes
    -----
    The map from output to input coordinates is M = R(rotation) T(shift) S(shear)
    Z(zoom) in (row, column) relative to the center of the image, as in
    keras_preprocessing. The shear is in degrees (radians before Keras 2.1.3). There are
    three differences. The center is exact, ((H - 1) / 2, (W - 1) / 2), as in Keras
    since 2.6; before, it was off by half a pixel. Crop and noise are additions. Shifts
    are always fractions.

    References
    ----------
    .. [1] keras_preprocessing 1.1.2, ``image/affine_transformations.py``.

    Examples
    --------
    >>> import numpy as np
    >>> from cxrclf import Augmentation
    >>> images = np.random.default_rng(0).integers(0, 256, (2, 32, 32), dtype=np.uint8)
    >>> views = Augmentation(rotation=15, horizontal_flip=True).views(images)
    >>> views.shape, views.dtype
    ((2, 32, 32), dtype('float32'))
    """

    _parameter_constraints = {
        "rotation": [Interval(Real, 0, 180, closed="both")],
        "shift": [Interval(Real, 0, 1, closed="both"), tuple, list],
        "shear": [Interval(Real, 0, 90, closed="left")],
        "zoom": [Interval(Real, 0, 1, closed="left"), tuple, list],
        "crop": [Interval(Real, 0, 1, closed="left")],
        "horizontal_flip": ["boolean"],
        "vertical_flip": ["boolean"],
        "noise": [Interval(Real, 0, None, closed="left")],
        "fill_mode": [StrOptions({"nearest", "constant", "reflect", "wrap"})],
        "fill_value": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(
        self,
        rotation=0.0,
        shift=0.0,
        shear=0.0,
        zoom=0.0,
        crop=0.0,
        horizontal_flip=False,
        vertical_flip=False,
        noise=0.0,
        fill_mode="nearest",
        fill_value=0.0,
    ):
        self.rotation = rotation
        self.shift = shift
        self.shear = shear
        self.zoom = zoom
        self.crop = crop
        self.horizontal_flip = horizontal_flip
        self.vertical_flip = vertical_flip
        self.noise = noise
        self.fill_mode = fill_mode
        self.fill_value = fill_value

    def check_params(self):
        """Check the parameters.

        Returns
        -------
        self : Augmentation

        Raises
        ------
        ValueError
            If a parameter is out of its range. The message states the range.
        """
        self._validate_params()
        self._pair("shift", 0, 1)
        low, high = self._zoom_range()
        if not 0 < low <= high < np.inf:
            raise ValueError(
                "The 'zoom' parameter of Augmentation as a pair must be (low, high) "
                f"with 0 < low <= high, both finite; got {self.zoom!r}."
            )
        return self

    def views(self, images, *, random_state=0, epoch=0):
        """Return one view of each image, as the training would use it.

        Parameters
        ----------
        images : ndarray of shape (n, H, W) or (n, H, W, C)
            Integer pixels, or floats in [0, 1].
        random_state : int, RandomState instance or None, default=0
            Random state of the views. The `random_state` of an estimator as an int
            gives the views of its training.
        epoch : int, default=0
            Number of the epoch. Each epoch has different views.

        Returns
        -------
        ndarray of float32 of the shape of `images`
            Pixels in [0, 1].

        Raises
        ------
        ValueError
            If a parameter is out of its range, or `images` has another shape.
        """
        self.check_params()
        images = np.asarray(images)
        if images.ndim not in (3, 4) or images.size == 0:
            raise ValueError(
                "images must have the shape (n, H, W) or (n, H, W, C), with at least "
                f"one image; got {images.shape}. Pass a single image as image[None]."
            )
        keys = np.array([content_key(image) for image in images], dtype=np.uint64)
        # A copy, because torch accepts neither read-only nor reversed arrays.
        pixels = torch.from_numpy(images.astype(np.float32))
        if images.dtype.kind in "ui":
            pixels /= np.iinfo(images.dtype).max
        pixels = pixels[:, None] if images.ndim == 3 else pixels.movedim(-1, 1)
        pixels = self.apply(
            pixels, keyed_state(draw_seed(random_state), keys, 0, epoch)
        )
        pixels = pixels[:, 0] if images.ndim == 3 else pixels.movedim(1, -1)
        return np.ascontiguousarray(pixels.numpy())

    def matrices(self, state, height, width):
        """Return the affine maps from output to input pixels.

        Parameters
        ----------
        state : ndarray of shape (n,) of uint64
            Random state of each sample, from ``keyed_state``.
        height, width : int
            Size of the images in pixels.

        Returns
        -------
        ndarray of shape (n, 2, 3)
            Affine maps in (row, column) coordinates, relative to the center of the
            image, ((H - 1) / 2, (W - 1) / 2).
        """
        # Each parameter has fixed columns, so that no parameter changes the draws of
        # another one.
        draws = keyed_uniforms(state, _N_DRAWS)
        signed = 2 * draws - 1
        angle = np.deg2rad(self.rotation) * signed[:, 0]
        shear = np.deg2rad(self.shear) * signed[:, 1]
        shift_rows, shift_columns = self._pair("shift", 0, 1)
        low, high = self._zoom_range()
        one, zero = np.ones(len(draws)), np.zeros(len(draws))
        cos, sin = np.cos(angle), np.sin(angle)
        rotate = _stack([[cos, -sin, zero], [sin, cos, zero]])
        translate = _stack(
            [
                [one, zero, shift_rows * height * signed[:, 2]],
                [zero, one, shift_columns * width * signed[:, 3]],
            ]
        )
        skew = _stack([[one, -np.sin(shear), zero], [zero, np.cos(shear), zero]])
        scale = _stack(
            [
                [low + (high - low) * draws[:, 4], zero, zero],
                [zero, low + (high - low) * draws[:, 5], zero],
            ]
        )
        side = (1 - self.crop) * one
        window = _stack(
            [
                [side, zero, self.crop * height / 2 * signed[:, 6]],
                [zero, side, self.crop * width / 2 * signed[:, 7]],
            ]
        )
        flip = _stack(
            [
                [np.where(self.vertical_flip & (draws[:, 8] < 0.5), -1, 1), zero, zero],
                [
                    zero,
                    np.where(self.horizontal_flip & (draws[:, 9] < 0.5), -1, 1),
                    zero,
                ],
            ]
        )
        return (rotate @ translate @ skew @ scale @ window @ flip)[:, :2]

    def apply(self, images, state):
        """Transform a batch of images on its device.

        Parameters
        ----------
        images : Tensor of shape (n, C, H, W)
            Floats in [0, 1].
        state : ndarray of shape (n,) of uint64
            Random state of each sample, from ``keyed_state``.

        Returns
        -------
        Tensor of shape (n, C, H, W)
            Transformed images.
        """
        if self._has_motion():
            matrices = self.matrices(state, *images.shape[-2:])
            images = self._warp(images, matrices, fill_value=self.fill_value)
        if self.noise:
            noise = keyed_normals(state, images.shape[1:], images.device, images.dtype)
            images = (images + self.noise * noise).clamp_(0, 1)
        return images

    def apply_to_masks(self, masks, state):
        """Transform masks with the maps of their images.

        Masks are interpolated by nearest neighbor and have no noise. With
        ``fill_mode="constant"`` the outside of the image is background.

        Parameters
        ----------
        masks : Tensor of shape (n, C, H, W)
            Class numbers as floats, with 0 for the background.
        state : ndarray of shape (n,) of uint64
            Random state of each sample, from ``keyed_state``.

        Returns
        -------
        Tensor of shape (n, C, H, W)
            Transformed masks.
        """
        if not self._has_motion():
            return masks
        matrices = self.matrices(state, *masks.shape[-2:])
        return self._warp(masks, matrices, mode="nearest", fill_value=0.0)

    def _has_motion(self):
        """Return whether any map differs from the identity."""
        return (
            any((self.rotation, self.shear, self.crop))
            or any((self.horizontal_flip, self.vertical_flip))
            or any(self._pair("shift", 0, 1))
            or self._zoom_range() != (1, 1)
        )

    def _warp(self, images, matrices, *, mode="bilinear", fill_value):
        """Apply affine maps to a batch, with one interpolation."""
        height, width = images.shape[-2:]
        # Convert centered pixels to the coordinates of grid_sample in [-1, 1], and then
        # the order (row, column) to (x, y).
        half = np.array([height / 2, width / 2])
        theta = matrices.copy()
        theta[:, :, :2] *= half[None, None, :] / half[None, :, None]
        theta[:, :, 2] /= half
        theta = theta[:, ::-1][:, :, [1, 0, 2]]
        theta = torch.from_numpy(np.ascontiguousarray(theta)).to(images.dtype)
        theta = upload(theta, images.device)
        grid = _sampling_grid(theta, height, width)
        if self.fill_mode == "wrap":
            grid = _wrap(grid, height, width)
        padding = _FILL_MODES.get(self.fill_mode, "border")
        warped = grid_sample(
            images, grid, mode=mode, padding_mode=padding, align_corners=False
        )
        if self.fill_mode == "constant":
            # As in scipy's "constant", the border is not blended with the fill value.
            outside = _find_outside(grid, height, width)[:, None]
            warped = warped.masked_fill(outside, fill_value)
        return warped

    def _zoom_range(self):
        if isinstance(self.zoom, Real):
            return (1 - self.zoom, 1 + self.zoom)
        return self._pair("zoom", 0, None)

    def _pair(self, name, low, high):
        """Return a parameter as a pair, and check its range."""
        value = getattr(self, name)
        pair = (value, value) if isinstance(value, Real) else tuple(value)
        valid = len(pair) == 2 and all(
            isinstance(v, (Real, Integral)) and v >= low and (high is None or v <= high)
            for v in pair
        )
        if not valid:
            raise ValueError(
                f"The {name!r} parameter of Augmentation must be a number or a pair of "
                f"numbers from {low}{'' if high is None else f' to {high}'}; "
                f"got {value!r}."
            )
        return pair


def _stack(rows):
    """Stack (2, 3) entries of shape (n,) to homogeneous matrices (n, 3, 3)."""
    matrices = np.zeros((len(rows[0][0]), 3, 3))
    matrices[:, 2, 2] = 1
    matrices[:, :2] = np.moveaxis(np.array(rows, dtype=float), -1, 0)
    return matrices


def _sampling_grid(theta, height, width):
    """Compute torch's ``affine_grid`` with ``align_corners=False``, five times faster.

    Parameters
    ----------
    theta : Tensor of shape (n, 2, 3)
        Affine maps in (x, y) coordinates.
    height, width : int
        Size of the images in pixels.

    Returns
    -------
    Tensor of shape (n, height, width, 2)
        Coordinates for ``grid_sample``.
    """
    # The coordinate of a row and the coordinate of a column are computed once per row
    # and column; only their sum is computed per pixel.
    rows, columns = (
        (torch.arange(size, device=theta.device, dtype=theta.dtype) * 2 + 1) / size - 1
        for size in (height, width)
    )
    grid = theta.new_empty((len(theta), height, width, 2))
    for k in range(2):
        of_column, of_row, constant = theta[:, k, :, None].unbind(1)
        torch.add(
            (of_column * columns)[:, None],
            (of_row * rows + constant)[:, :, None],
            out=grid[..., k],
        )
    return grid


def _find_outside(grid, height, width):
    """Return a mask of the coordinates outside of the centers of the border pixels."""
    x, y = grid.abs().unbind(-1)
    # The tolerance of a thousandth of a pixel is for rounding errors on the border.
    return (x * width > width - 1 + 2e-3) | (y * height > height - 1 + 2e-3)


def _wrap(grid, height, width):
    """Wrap outer coordinates modulo n - 1 pixels, the period of scipy's "wrap"."""
    inside = [
        (((x + 1) * size - 1) / 2).remainder(max(size - 1, 1)).mul(2).add(1) / size - 1
        for x, size in zip(grid.unbind(-1), (width, height), strict=True)
    ]
    outside = _find_outside(grid, height, width)[..., None]
    return torch.where(outside, torch.stack(inside, -1), grid)
