"""PixelSamples: the samples of an epoch as inputs of a network and their truth."""

from functools import partial
from typing import Protocol

import numpy as np
from torch.utils.data import Dataset

from cxrclf._training.data import TrainingData
from cxrclf._training.epoch_schedule import EpochSchedule
from cxrclf._training.pixels import PixelSource, View
from cxrclf._utils.keyed_random import keyed_state


class Samples(Protocol):
    """Samples that change from epoch to epoch.

    Attributes
    ----------
    seed : int
        Seed of the order.
    epoch : int
        Number of the current epoch.
    in_order : bool
        Whether the samples have a balanced order, so that batches do not shuffle them.
    weights : ndarray of shape (n,)
        Factors of the samples on the loss in the current epoch.
    """

    seed: int
    epoch: int
    in_order: bool
    weights: np.ndarray

    def __len__(self): ...

    def begin_epoch(self, epoch):
        """Prepare the batches of an epoch."""
        ...

    def inputs(self, chosen):
        """Return the network's input for some samples, as keyword arguments."""
        ...

    def truth(self, chosen):
        """Return the truth of some samples, as a tensor on the device."""
        ...


class PixelSamples(Dataset):
    """Samples as pixels. Each batch is gathered and augmented when it is used.

    Parameters
    ----------
    data : TrainingData
    format : InputFormat
        Format of the images that the network gets.
    augmentation : Augmentation or None, default=None
        Random transformations of the images and their masks.
    n_views : int or None, default=None
        Number of different views of an image. None stands for a new view per epoch.
    seed : int, default=0
        Seed of the views and of the order.
    """

    def __init__(self, data, format, *, augmentation=None, n_views=None, seed=0):
        self.data = data
        self.source = PixelSource(data.images, data.copies, format)
        self.augmentation = augmentation
        self.n_views = n_views
        self.seed = seed
        self.in_order = data.schedule.balanced
        self.rows = None

    def __len__(self):
        return len(self.rows)

    @property
    def format(self):
        """Format of the images that the network gets."""
        return self.source.format

    @property
    def n_channels(self):
        """Number of channels of the images."""
        shape = self.source.images.shape
        return shape[3] if len(shape) == 4 else 1

    def begin_epoch(self, epoch):
        """Prepare the batches of an epoch."""
        self.epoch = epoch
        earlier_rows = self.rows
        self.rows, self.weights = self.data.schedule.rows_of(epoch)
        self.view = 0
        if self.augmentation is not None:
            self.view = epoch if self.n_views is None else epoch % self.n_views
            # In a phase all epochs share one array of rows, so that its keys are
            # computed once.
            if self.rows is not earlier_rows:
                self.keys = self.data.keys[self.rows]
                self.repeats = occurrence(self.keys)

    def of_all_epochs(self):
        """Return the samples of all epochs, without augmentation."""
        data, schedule = self.data, EpochSchedule.of_rows(self.data.schedule.all_rows())
        everything = PixelSamples(
            TrainingData(data.images, data.copies, data.targets, schedule), self.format
        )
        everything.begin_epoch(0)
        return everything

    def view_keys(self):
        """Return the key of each sample's view in this epoch, (n,) of uint64."""
        if self.augmentation is None:
            return self.data.keys[self.rows]
        return self._draw_states(slice(None))

    def inputs(self, chosen):
        """Return the network's input for some samples, as keyword arguments."""
        return {"images": self.source.batch(self.rows[chosen], self._make_view(chosen))}

    def truth(self, chosen):
        """Return the truth of some samples. Masks are moved with their images."""
        return self.data.targets.batch(self.rows[chosen], self._make_view(chosen))

    def _make_view(self, chosen):
        if self.augmentation is None:
            return View(self.format)
        return View(self.format, self.augmentation, partial(self._draw_states, chosen))

    def _draw_states(self, chosen):
        return keyed_state(
            self.seed, self.keys[chosen], self.repeats[chosen], self.view
        )


def occurrence(keys):
    """Return the number of earlier occurrences of each key.

    Parameters
    ----------
    keys : ndarray of shape (n,)

    Returns
    -------
    ndarray of shape (n,) of int64
        0 for the first occurrence of a key, 1 for the second, ...
    """
    # In a stable sort equal keys stay in order. The position of a key, counted from the
    # first equal key, is the number of its earlier occurrences.
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    first = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    start = np.maximum.accumulate(np.where(first, np.arange(len(keys)), 0))
    result = np.empty(len(keys), dtype=np.int64)
    result[order] = np.arange(len(keys)) - start
    return result
