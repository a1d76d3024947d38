"""X in all its forms, opened as one thing: images that are gathered row by row."""

import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from cxrclf._utils.keyed_random import keyed_state
from cxrclf.augmentation._augmented_path import AugmentedPath, Copies
from cxrclf.exceptions import ImageReadError, PixelRangeWarning
from cxrclf.images import DecodeStore, content_key


class FileImages:
    """Decoded files, some of whose rows may be transformed copies.

    Parameters
    ----------
    stored : StoredImages
    values : ndarray of shape (n,) of object
        The paths, and AugmentedPath where a row is a copy.

    Attributes
    ----------
    keys : ndarray of shape (n,) of uint64
        Content keys of the files' images: a copy has that of its original.
    sample_keys : ndarray of shape (n,) of uint64
        Keys of what the network gets: a copy has its own.
    copies : Copies or None
        None if there are none.
    """

    masks = None

    def __init__(self, stored, values):
        self.stored = stored
        self.shape = stored.shape
        self.keys = self.sample_keys = stored.keys
        self.copies = None
        if any(isinstance(value, AugmentedPath) for value in values):
            self.copies = Copies(values, stored.keys)
            self.sample_keys = self.copies.keys

    def __len__(self):
        return len(self.stored)

    def gather(self, rows):
        """Return the pixels of some rows, in their order, before any transformation."""
        return self.stored.gather(rows)


class ArrayImages:
    """Images in memory, with the interface of :class:`FileImages`.

    Parameters
    ----------
    array : ndarray of shape (n, H, W) or (n, H, W, C)
        Integer or float pixels; not copied.
    """

    copies = masks = None

    def __init__(self, array):
        self.array = array
        self.shape = array.shape
        self._keys = None

    def __len__(self):
        return len(self.array)

    @property
    def keys(self):
        """Content keys of the images, (n,) of uint64."""
        # Not a cached_property: before Python 3.12 all objects share its lock, which
        # makes threads wait, and a forked process for ever.
        if self._keys is None:
            self._keys = np.array([content_key(i) for i in self.array], dtype=np.uint64)
        return self._keys

    @property
    def sample_keys(self):
        """The content keys: what the network gets is what is there."""
        return self.keys

    def gather(self, rows):
        """Return the pixels of some rows, in their order."""
        return self.array[rows]


class MaskedImages:
    """Images and the masks of what they show, with the interface of the images.

    Parameters
    ----------
    images : FileImages or ArrayImages
        None of whose rows is a transformed copy.
    masks : Masks
        As many, of the size that the network gets.

    Attributes
    ----------
    sample_keys : ndarray of shape (n,) of uint64
        Keys of image and mask together.
    """

    copies = None

    def __init__(self, images, masks):
        self.images, self.masks = images, masks
        self.shape = images.shape
        self.keys = images.keys
        self.sample_keys = keyed_state(0, images.keys, masks.keys)

    def __len__(self):
        return len(self.images)

    def gather(self, rows):
        """Return the pixels of some rows, in their order."""
        return self.images.gather(rows)


def open_files(paths, image_size, *, keep_aspect_ratio, cache_dir, verbose):
    """Decode image files, or find them decoded.

    Parameters
    ----------
    paths : ndarray of shape (n,) of str, AugmentedPath or other paths
    image_size : (int, int)
        Height and width in pixels.
    keep_aspect_ratio : bool
        Whether to pad instead of stretching.
    cache_dir : path-like or None
        Where decoded pixels stay; None for the duration of the process.
    verbose : int
        Whether to show progress.

    Returns
    -------
    FileImages of shape (n, H, W)

    Raises
    ------
    ImageReadError
        Naming all unreadable files.
    """
    store = DecodeStore(
        image_size, keep_aspect_ratio=keep_aspect_ratio, cache_dir=cache_dir
    )
    return FileImages(store.fetch(paths, n_jobs=-1, verbose=verbose), paths)


def stream_files(paths, image_size, *, keep_aspect_ratio, cache_dir, chunk):
    """Decode image files while those before are being used.

    Parameters
    ----------
    paths, image_size, keep_aspect_ratio, cache_dir
        As in :func:`open_files`.
    chunk : int
        Files that are decoded at once.

    Yields
    ------
    FileImages
        Of the next files, in order.

    Raises
    ------
    ImageReadError
        Naming all unreadable files; those that are missing, before anything is
        yielded.
    """
    store = DecodeStore(
        image_size, keep_aspect_ratio=keep_aspect_ratio, cache_dir=cache_dir
    )
    if not all(map(os.path.exists, paths)):
        store.fetch(paths, n_jobs=-1)  # says what is wrong with all
    failures = {}
    with ThreadPoolExecutor(1) as ahead:
        for images in _one_ahead(
            ahead,
            partial(_fetched, store, failures),
            np.array_split(paths, range(chunk, len(paths), chunk)),
        ):
            # After a failure the rest is decoded to name all that fail.
            if not failures:
                yield images
    if failures:
        raise ImageReadError(failures)


def _fetched(store, failures, paths):
    try:
        return FileImages(store.fetch(paths, n_jobs=-1), paths)
    except ImageReadError as error:
        failures.update(error.failures)
        return None


def _one_ahead(executor, function, items):
    """Map a function over items, and compute each value while the last is used."""
    coming = None
    for item in items:
        last, coming = coming, executor.submit(function, item)
        if last is not None:
            yield last.result()
    if coming is not None:
        yield coming.result()


def open_array(array, image_shape=None):
    """Take numeric samples as images.

    Parameters
    ----------
    array : ndarray of shape (n, F), (n, H, W) or (n, H, W, C)
        Validated pixels.
    image_shape : tuple of int or None, default=None
        (H, W) or (H, W, C) of flat rows. Without it a row is a 1 × 1 image of F
        channels.

    Returns
    -------
    ArrayImages

    Raises
    ------
    ValueError
        If the rank or the row length is wrong.

    Warns
    -----
    PixelRangeWarning
        If the values do not look like pixels in the range that their type stands for.
    """
    if array.ndim == 2:
        array = _unflattened(array, image_shape)
    elif array.ndim not in (3, 4):
        raise ValueError(
            "Images must be an array of shape (n, H, W) or (n, H, W, C), or rows of "
            f"shape (n, F); got {array.ndim} dimensions, shape {array.shape}."
        )
    elif image_shape is not None and array.shape[1:] != tuple(image_shape):
        raise ValueError(
            f"X holds images of shape {array.shape[1:]}, but image_shape is "
            f"{tuple(image_shape)}. Leave image_shape=None for images that are not "
            "flattened to rows."
        )
    if array.shape[1:3] != (1, 1):
        _warn_of_range(array)
    return ArrayImages(array)


def _unflattened(array, image_shape):
    n, n_features = array.shape
    if image_shape is None:
        return array.reshape(n, 1, 1, n_features)
    if int(np.prod(image_shape)) != n_features:
        raise ValueError(
            f"X has rows of {n_features} values, but image_shape={tuple(image_shape)} "
            f"needs {int(np.prod(image_shape))}. Set image_shape to (H, W) or "
            "(H, W, C) of the flattened images."
        )
    return array.reshape(n, *image_shape)


def _warn_of_range(array):
    if array.dtype.kind == "f":
        low, high = array.min(), array.max()
        if low < 0 or high > 1:
            warnings.warn(
                f"Float pixels are taken to be in [0, 1], but X has values from "
                f"{low:.4g} to {high:.4g}. Divide 8-bit pixels by 255, or pass them "
                "as uint8.",
                PixelRangeWarning,
                stacklevel=2,
            )
    elif array.dtype.kind in "iu":
        limit = np.iinfo(array.dtype).max
        high = array.max()
        # A few bits of the type, or no more than 8 bits in a wider one.
        if array.dtype.itemsize > 1 and high <= max(255, limit // 256):
            warnings.warn(
                f"{array.dtype} pixels are divided by {limit}, the maximum of their "
                f"type, but the largest in X is {high}: the images will be black. "
                "Pass 8-bit pixels as uint8.",
                PixelRangeWarning,
                stacklevel=2,
            )
