"""Features of parts of images: border, corners, thumbnail, histogram."""

import numpy as np
from scipy.ndimage import laplace

from cxrclf.images import resize

BORDER = 1 / 16  # width of the frame, as a fraction of the shorter side
CORNER = 1 / 5  # side of a corner
_STRIP = (1, 8)  # pixels of a resized strip of the frame
_CORNER_SIDE = 6  # side of a resized corner in pixels
_THUMBNAIL = 8
_SHAPE = 16
_BINS = 32
_DARK, _BRIGHT = 0.02, 0.9
_BACKGROUND = 0.08  # gray level of the black around a body, at most
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_SIDE = 128  # of the picture of a histogram, in pixels
_CHUNK = 256  # images that are converted to floats at once
_NO_PIXEL = 128  # gray level of pixels that a probe does not see


def border_features(images: np.ndarray) -> np.ndarray:
    """Return the pixels and statistics of the outer border.

    The border is a frame with a width of 1/16 of the shorter side. Each of its four
    strips gives 8 pixels, its mean, standard deviation, noise, quantiles, and
    shares of black and of white pixels.

    Parameters
    ----------
    images : ndarray of shape (n, H, W) of uint8

    Returns
    -------
    ndarray of shape (n, n_features) of float32
    """
    width = _border_width(images.shape[1:])
    strips = [
        images[:, :width],
        images[:, -width:],
        images[:, :, :width].swapaxes(1, 2),
        images[:, :, -width:].swapaxes(1, 2),
    ]
    return np.hstack([_describe(strip, _STRIP) for strip in strips])


def corner_features(images: np.ndarray) -> np.ndarray:
    """Return the pixels and statistics of the four corners.

    A corner is a square with 1/5 of the shorter side. It gives 6 × 6 pixels and the
    statistics of :func:`border_features`.
    """
    return np.hstack(
        [
            _describe(images[:, rows, columns], (_CORNER_SIDE, _CORNER_SIDE))
            for rows, columns in _corner_slices(images.shape[1:])
        ]
    )


def thumbnail_features(images: np.ndarray) -> np.ndarray:
    """Return thumbnails of 8 × 8 pixels."""
    return _resize_all(images, (_THUMBNAIL, _THUMBNAIL))


def histogram_features(images: np.ndarray) -> np.ndarray:
    """Return histograms of the gray levels with 32 bins."""
    bins = images.reshape(len(images), -1) // (256 // _BINS)
    counts = np.stack([np.bincount(row, minlength=_BINS) for row in bins])
    return (counts / bins.shape[1]).astype(np.float32)


def shape_features(images: np.ndarray) -> np.ndarray:
    """Return images of 16 × 16 pixels as features."""
    return _resize_all(images, (_SHAPE, _SHAPE))


def outside_features(images: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return the pixels and statistics of images outside of masks.

    The whole image gives 8 × 8 pixels. The pixels outside of the mask give their mean,
    standard deviation, noise, quantiles, and shares of black and of white pixels. The
    quantiles are also computed without the black background.

    Parameters
    ----------
    images : ndarray of shape (n, H, W) of uint8
        Images. The pixels inside of the masks are erased.
    inside : ndarray of shape (n, H, W) of bool
        Masks.

    Returns
    -------
    ndarray of shape (n, n_features) of float32
    """
    statistics = [
        _summarize_outside(image, mask)
        for image, mask in zip(images, inside, strict=True)
    ]
    return np.hstack([thumbnail_features(images), statistics]).astype(np.float32)


def find_border(shape: tuple[int, int]) -> np.ndarray:
    """Return the border of an image of shape (H, W) as a mask of bool."""
    width = _border_width(shape)
    border = np.ones(shape, bool)
    border[width:-width, width:-width] = False
    return border


def show_border(image: np.ndarray) -> np.ndarray:
    """Return an image of which only the border is left."""
    return np.where(find_border(image.shape), image, np.uint8(_NO_PIXEL))


def show_corners(image: np.ndarray) -> np.ndarray:
    """Return an image of which only the corners are left."""
    shown = np.full_like(image, _NO_PIXEL)
    for part in _corner_slices(image.shape):
        shown[part] = image[part]
    return shown


def show_thumbnail(image: np.ndarray) -> np.ndarray:
    """Return the thumbnail of an image."""
    return resize(np.ascontiguousarray(image), (_THUMBNAIL, _THUMBNAIL))


def show_histogram(image: np.ndarray) -> np.ndarray:
    """Return a picture of the histogram of an image: dark bars on white."""
    counts = histogram_features(image[None])[0]
    bar = _SIDE // _BINS
    shown = np.full((_SIDE, _SIDE), 255, np.uint8)
    for number, height in enumerate(np.rint(counts / counts.max() * _SIDE)):
        shown[_SIDE - int(height) :, number * bar : (number + 1) * bar - 1] = 60
    return shown


def _border_width(shape: tuple[int, ...]) -> int:
    return max(1, round(min(shape) * BORDER))


def _corner_slices(shape: tuple[int, ...]) -> list[tuple[slice, slice]]:
    side = max(2, round(min(shape) * CORNER))
    ends = slice(0, side), slice(-side, None)
    return [(rows, columns) for rows in ends for columns in ends]


def _resize_all(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return resized images as rows of floats in [0, 1]."""
    small = [resize(np.ascontiguousarray(image), size) for image in images]
    return (np.stack(small).reshape(len(small), -1) / 255).astype(np.float32)


def _describe(patches: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return the resized pixels and the statistics of patches."""
    statistics = [
        _summarize(patches[start : start + _CHUNK])
        for start in range(0, len(patches), _CHUNK)
    ]
    return np.hstack([_resize_all(patches, size), np.vstack(statistics)])


def _summarize(patches: np.ndarray) -> np.ndarray:
    values = (patches / 255).astype(np.float32)
    flat = values.reshape(len(values), -1)
    # The median of the second derivative measures noise and blur, and ignores edges.
    noise = [np.median(np.abs(laplace(patch))) for patch in values]
    return np.column_stack(
        [
            flat.mean(1),
            flat.std(1),
            noise,
            *np.quantile(flat, [0, 0.05, 0.5, 0.95, 1], axis=1),
            (flat < _DARK).mean(1),
            (flat > _BRIGHT).mean(1),
        ]
    ).astype(np.float32)


def _summarize_outside(image: np.ndarray, inside: np.ndarray) -> list[float]:
    values = (image / 255).astype(np.float32)
    noise = np.abs(laplace(values))[~inside]
    values = values[~inside]
    if not values.size:
        return [0.0] * (5 + 2 * len(_QUANTILES))
    body = values[values > _BACKGROUND]
    return [
        values.mean(),
        values.std(),
        np.median(noise),
        *np.quantile(values, _QUANTILES),
        *np.quantile(body if body.size else values, _QUANTILES),
        (values < _DARK).mean(),
        (values > _BRIGHT).mean(),
    ]
