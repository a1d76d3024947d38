"""Batches: rows of images on their way to the device, without worker processes."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import interpolate
from torch.utils.data import Dataset

from cxrclf._torch.device import has_room, upload
from cxrclf._training.epoch_schedule import EpochRows
from cxrclf._utils.keyed_random import derived_seed, keyed_state


@dataclass(frozen=True)
class Pixels:
    """How stored pixels become the input of a network.

    Parameters
    ----------
    images : FileImages, ArrayImages or MaskedImages
        Where rows are gathered.
    image_size : (int, int)
        Height and width that the network gets.
    device : torch.device
        Where the work is done.
    dtype : torch.dtype
        Type of the pixels.
    resident : Tensor or None, default=None
        All images on the device, from :func:`resident_images`.
    """

    images: object
    image_size: tuple
    device: torch.device
    dtype: torch.dtype
    resident: torch.Tensor | None = None

    def batch(self, rows, *, augmentation=None, state=None):
        """Return rows as a batch.

        Parameters
        ----------
        rows : ndarray of shape (b,) of int
        augmentation : Augmentation or None, default=None
        state : ndarray of shape (b,) of uint64 or None, default=None
            The random states of the views.

        Returns
        -------
        Tensor of shape (b, C, H, W)
            In [0, 1] for integer pixels.
        """
        pixels, maximum = self._stored(rows)
        pixels = pixels.to(self.dtype)
        if maximum is not None:
            # A true division: v / 255 and 257 v / 65535 round to the same float.
            pixels = pixels / maximum
        pixels = pixels[:, None] if pixels.ndim == 3 else pixels.movedim(-1, 1)
        if pixels.shape[-2:] != self.image_size:
            pixels = interpolate(
                pixels, self.image_size, mode="bilinear", antialias=True
            )
        if self.images.copies is not None:
            pixels = self.images.copies.apply(pixels, rows)
        if augmentation is not None:
            pixels = augmentation.apply(pixels, state)
        return pixels

    def truth(self, rows, *, augmentation=None, state=None):
        """Return the masks of rows, moved as their images are.

        Parameters
        ----------
        rows, augmentation, state
            As in :meth:`batch`.

        Returns
        -------
        Tensor of shape (b, H, W) of int64
            Numbers of classes.
        """
        codes = torch.from_numpy(self.images.masks.gather(rows))
        codes = upload(codes, self.device)
        if augmentation is not None:
            # Floats, for there is no other grid_sample; they hold such numbers exactly.
            moved = codes[:, None].to(self.dtype)
            codes = augmentation.apply_to_masks(moved, state)[:, 0]
        return codes.long()

    def _stored(self, rows):
        """Return rows on the device as they are stored, and the maximum of integers."""
        if self.resident is not None:
            index = upload(torch.from_numpy(rows), self.device)
            return self.resident[index], np.iinfo(np.uint8).max
        stored = self.images.gather(rows)
        stored = np.ascontiguousarray(stored, dtype=stored.dtype.newbyteorder("="))
        maximum = np.iinfo(stored.dtype).max if stored.dtype.kind in "ui" else None
        return upload(torch.from_numpy(stored), self.device), maximum


def resident_images(images, device):
    """Return images of 8 bits as a tensor on the device, where it has room for them.

    Parameters
    ----------
    images : FileImages or ArrayImages
    device : torch.device

    Returns
    -------
    Tensor of shape (n, H, W) or (n, H, W, C), uint8, or None
        None on the CPU, and for images of another type or too many.
    """
    if not has_room(math.prod(images.shape), device):
        return None
    resident = torch.empty(images.shape, dtype=torch.uint8, device=device)
    for start in range(0, len(images), 1024):
        part = slice(start, start + 1024)
        stored = images.gather(np.arange(len(images))[part])
        if stored.dtype != np.uint8:
            return None
        resident[part] = torch.from_numpy(np.ascontiguousarray(stored)).to(device)
    return resident


class PixelSet(Dataset):
    """Labelled rows of images that are read and augmented anew in each epoch.

    Parameters
    ----------
    pixels : Pixels
    plan : EpochRows
        Which rows of ``pixels.images`` an epoch takes.
    augmentation : Augmentation or None, default=None
    n_views : int or None, default=None
        How many different views an image has; None for one an epoch.
    seed : int, default=0
        Of the views and of the order.

    Attributes
    ----------
    rows, codes, weights : ndarray of shape (n,)
        Of the samples of the epoch.
    in_order : bool
        Whether batches take the samples in the order of the rows.
    """

    def __init__(self, pixels, plan, *, augmentation=None, n_views=None, seed=0):
        self.pixels = pixels
        self.plan = plan
        self.augmentation = augmentation
        self.n_views = n_views
        self.seed = seed
        self.in_order = plan.balanced
        self.rows = None

    def __len__(self):
        return len(self.rows)

    def begin_epoch(self, epoch):
        """Prepare for the batches of an epoch."""
        self.epoch = epoch
        present = self.rows
        self.rows, self.weights = self.plan.at(epoch)
        self.view = 0
        if self.augmentation is not None:
            self.view = epoch if self.n_views is None else epoch % self.n_views
        if self.rows is not present:
            self.codes = self.plan.codes[self.rows]
            if self.augmentation is not None:
                self.keys = self.pixels.images.sample_keys[self.rows]
                self.repeats = occurrence(self.keys)

    def of_all_epochs(self):
        """Return a set of all rows that any epoch takes, for what is not augmented."""
        rows = self.plan.ever()
        everything = PixelSet(
            self.pixels, EpochRows(self.plan.codes, ((rows, np.ones(len(rows))),))
        )
        everything.begin_epoch(0)
        return everything

    def view_keys(self):
        """Return a key of each sample's view in this epoch, (n,) of uint64."""
        if self.augmentation is None:
            return self.pixels.images.sample_keys[self.rows]
        return self._states(slice(None))

    def inputs(self, chosen):
        """Return the network's input for some samples."""
        return {"images": self.pixels.batch(self.rows[chosen], **self._view(chosen))}

    @property
    def has_masks(self):
        """Whether the truth is masks, and not class codes."""
        return self.pixels.images.masks is not None

    def masks(self, chosen):
        """Return the masks of some samples."""
        return self.pixels.truth(self.rows[chosen], **self._view(chosen))

    def _view(self, chosen):
        state = None if self.augmentation is None else self._states(chosen)
        return {"augmentation": self.augmentation, "state": state}

    def _states(self, chosen):
        return keyed_state(
            self.seed, self.keys[chosen], self.repeats[chosen], self.view
        )


class FeatureSet(Dataset):
    """What a frozen part of a network makes of a :class:`PixelSet`.

    Parameters
    ----------
    pixel_set : PixelSet
    extractor : FeatureExtractor
    verbose : int, default=0
    """

    has_masks = False

    def __init__(self, pixel_set, extractor, *, verbose=0):
        self.pixel_set = pixel_set
        self.extractor = extractor
        self.verbose = verbose
        self.seed = pixel_set.seed
        self.in_order = pixel_set.in_order
        self.known = self.features = None

    def __len__(self):
        return len(self.pixel_set)

    @property
    def codes(self):
        """Class codes of the samples of the epoch, (n,)."""
        return self.pixel_set.codes

    @property
    def weights(self):
        """Factors on the loss of the samples of the epoch, (n,)."""
        return self.pixel_set.weights

    def begin_epoch(self, epoch):
        """Prepare for the batches of an epoch."""
        self.epoch = epoch
        self.pixel_set.begin_epoch(epoch)
        keys = self.pixel_set.view_keys()
        if self.known is None or not np.isin(keys, self.known).all():
            views = self.pixel_set
            if views.augmentation is None:
                views = views.of_all_epochs()
            self.known, self.features = self.extractor.extract(
                views, self.features, self.verbose
            )
            self.ready = self.features
            if has_room(self.features.nbytes, self.pixel_set.pixels.device):
                self.ready = self.features.to(self.pixel_set.pixels.device)
        self.places = np.searchsorted(self.known, keys)

    def inputs(self, chosen):
        """Return the trained part's input for some samples."""
        places = upload(torch.from_numpy(self.places[chosen]), self.ready.device)
        features = self.ready[places]
        if features.device != self.pixel_set.pixels.device:
            features = upload(features, self.pixel_set.pixels.device)
        if features.ndim == 4:
            features = features.contiguous(memory_format=torch.channels_last)
        return {"features": features}


@dataclass
class Batches:
    """Iterate over a data set in batches that lie on the device.

    The truth of a batch is its masks, or else its class codes.

    The order depends on the data set's seed and epoch alone. A last batch of a single
    sample is added to the one before, because BatchNorm cannot train on one.

    Parameters
    ----------
    dataset : PixelSet or FeatureSet
    batch_size : int
    device : torch.device
    dtype : torch.dtype
        Of the sample weights.
    shuffle : bool
        Whether this is a training: a data set that has an order of its own keeps it.
    """

    dataset: Dataset
    batch_size: int
    device: torch.device
    dtype: torch.dtype
    shuffle: bool

    def __iter__(self):
        n = len(self.dataset)
        order = np.arange(n)
        if self.shuffle and not self.dataset.in_order:
            seed = derived_seed(self.dataset.seed, self.dataset.epoch)
            order = np.random.default_rng(seed).permutation(n)
        codes = torch.from_numpy(self.dataset.codes[order]).to(self.device)
        weights = torch.from_numpy(self.dataset.weights[order])
        weights = weights.to(self.device, self.dtype)
        starts = list(range(0, n, self.batch_size))
        if self.shuffle and len(starts) > 1 and n - starts[-1] == 1:
            starts.pop()
        for start, stop in zip(starts, [*starts[1:], n], strict=True):
            chosen = order[start:stop]
            truth = codes[start:stop]
            if self.dataset.has_masks:
                truth = self.dataset.masks(chosen)
            yield self.dataset.inputs(chosen), (truth, weights[start:stop])


def occurrence(keys):
    """Return how often each key occurred before, in order.

    Parameters
    ----------
    keys : ndarray of shape (n,)

    Returns
    -------
    ndarray of shape (n,) of int64
        0 for the first occurrence of a key, 1 for the second, ...
    """
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    first = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    start = np.maximum.accumulate(np.where(first, np.arange(len(keys)), 0))
    result = np.empty(len(keys), dtype=np.int64)
    result[order] = np.arange(len(keys)) - start
    return result
