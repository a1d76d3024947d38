"""FeatureSamples: the samples of an epoch as features of the frozen part."""

import numpy as np
import torch
from torch.utils.data import Dataset

from cxrclf._torch.device import has_room, upload


class FeatureSamples(Dataset):
    """Samples as features of the frozen part of a network.

    Parameters
    ----------
    samples : PixelSamples
    extractor : FeatureExtractor
    verbose : int, default=0
        Whether to show a progress bar.
    """

    def __init__(self, samples, extractor, *, verbose=0):
        self.samples = samples
        self.extractor = extractor
        self.verbose = verbose
        self.seed = samples.seed
        self.in_order = samples.in_order
        self.known = self.features = None

    def __len__(self):
        return len(self.samples)

    @property
    def weights(self):
        """Factors of the samples on the loss in the current epoch, (n,)."""
        return self.samples.weights

    def begin_epoch(self, epoch):
        """Find or compute the features of an epoch."""
        self.epoch = epoch
        self.samples.begin_epoch(epoch)
        keys = self.samples.view_keys()
        if self.known is None or not np.isin(keys, self.known).all():
            views = self.samples
            # Without augmentation, one extraction serves all epochs and phases.
            if views.augmentation is None:
                views = views.of_all_epochs()
            self.known, self.features = self.extractor.extract(
                views, self.features, self.verbose
            )
            self.ready = self.features
            if has_room(self.features.nbytes, self.samples.format.device):
                self.ready = self.features.to(self.samples.format.device)
        self.places = np.searchsorted(self.known, keys)

    def inputs(self, chosen):
        """Return the trained part's input for some samples, as keyword arguments."""
        device = self.samples.format.device
        places = upload(torch.from_numpy(self.places[chosen]), self.ready.device)
        features = self.ready[places]
        # Of the type: "cuda" and "cuda:0" are one device, and not equal.
        if features.device.type != device.type:
            features = upload(features, device)
        if features.ndim == 4:
            features = features.contiguous(memory_format=torch.channels_last)
        return {"features": features}

    def truth(self, chosen):
        """Return the truth of some samples, as a tensor on the device."""
        return self.samples.truth(chosen)
