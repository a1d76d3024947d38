"""Batches of samples on the device."""

from dataclasses import dataclass

import numpy as np
import torch

from cxrclf._training.samples import Samples
from cxrclf._utils.keyed_random import derived_seed


@dataclass
class Batches:
    """Iterate over samples in batches on the device.

    The order depends only on the seed and the epoch of the samples. A last batch of a
    single sample is added to the batch before it, because batch normalization cannot
    train on one sample.

    Parameters
    ----------
    dataset : Samples
    batch_size : int
        Number of samples per batch.
    device : torch.device
        Device of the batches.
    dtype : torch.dtype
        Floating-point type of the sample weights.
    shuffle : bool
        Whether the samples are shuffled, as in a training. Samples with ``in_order``
        are not shuffled.
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
