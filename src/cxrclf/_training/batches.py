"""Batches that lie on the device."""

from dataclasses import dataclass

import numpy as np
import torch

from cxrclf._training.samples import Samples
from cxrclf._utils.keyed_random import derived_seed


@dataclass
class Batches:
    """Iterate over samples in batches that lie on the device.

    The order depends on the seed and the epoch of the samples alone. A last batch of
    a single sample is added to the one before, because BatchNorm cannot train on one.

    Parameters
    ----------
    dataset : Samples
    batch_size : int
        Number of samples per batch.
    device : torch.device
        Where the batches lie.
    dtype : torch.dtype
        Type of the sample weights.
    shuffle : bool
        Whether this is a training. Samples that have an order of their own keep it.
    """

    dataset: Samples
    batch_size: int
    device: torch.device
    dtype: torch.dtype
    shuffle: bool

    def __iter__(self):
        samples = self.dataset
        n = len(samples)
        order = np.arange(n)
        if self.shuffle and not samples.in_order:
            seed = derived_seed(samples.seed, samples.epoch)
            order = np.random.default_rng(seed).permutation(n)
        weights = torch.from_numpy(samples.weights[order])
        weights = weights.to(self.device, self.dtype)
        starts = list(range(0, n, self.batch_size))
        if self.shuffle and len(starts) > 1 and n - starts[-1] == 1:
            starts.pop()
        for start, stop in zip(starts, [*starts[1:], n], strict=True):
            chosen = order[start:stop]
            truth = samples.truth(chosen)
            yield samples.inputs(chosen), (truth, weights[start:stop])
