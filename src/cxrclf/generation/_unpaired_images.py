"""Images of two classes, in batches for a CycleGAN."""

import math
from functools import partial

import numpy as np

from cxrclf._training.pixels import PixelSource, View
from cxrclf._training.samples import occurrence
from cxrclf._utils.keyed_random import derived_seed, keyed_state
from cxrclf.augmentation import Copies
from cxrclf.generation._pixel_type import find_type


class UnpairedImages:
    """Images of a source class and of a target class, without pairs.

    In an epoch each image of the larger class is used once. The images of the smaller
    class are shuffled and repeated.

    Parameters
    ----------
    classes : (ImageInput, ImageInput)
        Images of the source class and of the target class.
    format : InputFormat
        Format of the batches.
    reading : dict
        Parameters of :meth:`cxrclf.images.ImageInput.open`.
    batch_size : int
        Number of images of each class per batch.
    augmentation : Augmentation or None
        Random transformations of the images.
    seed : int
        Seed of the order and of the views.

    Attributes
    ----------
    dtype : numpy.dtype
        Widest type of the stored pixels.
    """

    def __init__(self, classes, format, *, reading, batch_size, augmentation, seed):
        self.format = format
        self.batch_size = batch_size
        self.augmentation = augmentation
        self.seed = seed
        self._keys, self._sources, types = [], [], []
        for images in classes:
            opened = images.open(**reading)
            copies = Copies(opened, images.paths)
            self._keys.append(copies.keys)
            types.append(find_type(opened))
            self._sources.append(PixelSource(opened, copies, format).keep_on_device())

        self.dtype = np.result_type(*types)

    @property
    def n_steps(self):
        """Number of batches per epoch."""
        return math.ceil(max(map(len, self._sources)) / self.batch_size)

    @property
    def keys(self):
        """Keys of the pixels of both classes, a list of two arrays of uint64."""
        return self._keys

    def batches(self, epoch):
        """Iterate over the batches of an epoch.

        Parameters
        ----------
        epoch : int

        Yields
        ------
        (Tensor, Tensor) of shape (b, C, H, W)
            Images of both classes in [-1, 1].
        """
        n = self.n_steps * self.batch_size
        rows = [self._draw_order(k, n, epoch) for k in (0, 1)]
        repeats = [occurrence(order) for order in rows]
        for start in range(0, n, self.batch_size):
            part = slice(start, start + self.batch_size)
            yield tuple(
                self.take(k, rows[k][part], repeats[k][part], epoch) for k in (0, 1)
            )

    def take(self, k, rows, repeats=None, epoch=0):
        """Return rows of a class in [-1, 1], as views of an epoch or unchanged.

        Parameters
        ----------
        k : {0, 1}
            Number of the class.
        rows : ndarray of shape (b,) of int
        repeats : ndarray of shape (b,) of int, default=None
            Number of earlier uses of each row in the epoch. None returns the images
            without augmentation.
        epoch : int, default=0

        Returns
        -------
        Tensor of shape (b, C, H, W)
        """
        view = View(self.format)
        if self.augmentation is not None and repeats is not None:
            keys = self._keys[k][rows]
            draw = partial(keyed_state, self.seed, keys, repeats, epoch)
            view = View(self.format, self.augmentation, draw)
        return 2 * self._sources[k].batch(rows, view) - 1

    def _draw_order(self, k, n, epoch):
        """Return n rows of a class: shuffled rows, one shuffle after the other."""
        rng = np.random.default_rng(derived_seed(self.seed, epoch, k))
        size = len(self._sources[k])
        shuffles = [rng.permutation(size) for _ in range(math.ceil(n / size))]
        return np.concatenate(shuffles)[:n]
