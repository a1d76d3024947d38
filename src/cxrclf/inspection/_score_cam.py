"""Score-CAM: feature maps weighted by the outputs for the pixels that they show."""

from numbers import Integral

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval
from torch.nn.functional import interpolate

from cxrclf._torch.device import upload
from cxrclf._training.precision import autocast
from cxrclf.inspection._class_maps import last_maps


class ScoreCAM(BaseEstimator):
    """Score-CAM [1]_, as a `method` of `saliency_maps`.

    Each channel of the last feature map is resized to the image and scaled to [0, 1].
    The image, with pixels in [0, 1], is multiplied by it, so that hidden pixels become
    black. The weight of the channel is the softmax, over all channels, of the network's
    output for the class. The map is the sum of the weighted channels, with negative
    values set to 0.

    Parameters
    ----------
    n_channels : int or None, default=None
        Number of channels that are used: those with the largest standard deviation
        over the map. A channel takes a forward pass. None uses all channels.

    References
    ----------
    .. [1] H. Wang et al., "Score-CAM: score-weighted visual explanations for
       convolutional neural networks", CVPR Workshops 2020.

    Examples
    --------
    >>> from cxrclf import CXRClassifier
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.inspection import ScoreCAM, saliency_maps
    >>> data = make_chest_radiographs(12, image_size=64, random_state=0)
    >>> clf = CXRClassifier("test_resnet", weights=None, max_epochs=1, random_state=0)
    >>> clf = clf.fit(data.images, data.target)
    >>> saliency_maps(clf, data.images[:2], method=ScoreCAM(n_channels=16)).shape
    (2, 64, 64)
    """

    _parameter_constraints = {
        "n_channels": [None, Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, *, n_channels=None):
        self.n_channels = n_channels

    def _check(self):
        """Check the parameters."""
        self._validate_params()

    def _explain(self, model, image, branch=None):
        """Return the maps of all classes of an image, (n_classes, H, W)."""
        with torch.no_grad(), autocast(image.device, model.net.autocast_dtype):
            maps = last_maps(model.module, image[None], branch)
        if self.n_channels is not None:
            spread = maps[0].flatten(1).std(1)
            chosen = spread.argsort(descending=True, stable=True)[: self.n_channels]
            maps = maps[:, chosen]
        size = tuple(image.shape[1:])
        low, high = maps.amin((2, 3), keepdim=True), maps.amax((2, 3), keepdim=True)
        # A constant channel shows nothing.
        scaled = torch.where(high > low, (maps - low) / (high - low), 0)[0]

        def make_batch(rows):
            channels = scaled[upload(torch.from_numpy(rows), scaled.device)]
            masks = interpolate(channels[:, None], size, mode="bilinear")
            return image * masks

        logits = torch.from_numpy(model.logits(make_batch, len(scaled)))
        weights = logits.softmax(0).to(maps.device, maps.dtype)
        found = torch.einsum("kc,khw->chw", weights, maps[0]).relu()
        found = interpolate(found[None], size, mode="bilinear")[0]
        return found.cpu().numpy().astype(np.float64)
