"""Features of a frozen network, to compare sets of images."""

import numpy as np
import torch

from cxrclf._torch.device import resolve_device
from cxrclf._torch.threads import usable_threads
from cxrclf._training.feature_policy import PixelPolicy
from cxrclf._training.initial_weights import InitialWeights
from cxrclf._training.pixels import InputFormat
from cxrclf._training.prediction import predict_outputs
from cxrclf.nets import ClassificationNetwork, Head, make_backbone

_SIZE = 128, 128  # as large as the images of a CycleGAN on a CPU


class FrozenFeatures:
    """Pooled features of a network that is not trained.

    Parameters
    ----------
    backbone : str
        Name of the network, as in :func:`cxrclf.nets.make_backbone`.
    weights : None, "imagenet", path-like or mapping
        Weights of the network. None draws random weights.
    n_threads : int or None
        Number of CPU threads. If None, torch chooses the number.
    device : str or torch.device
        Device of the network.
    verbose : int
        Whether to show a progress bar.

    Raises
    ------
    WeightsError
        If the weights are not available, cannot be read or do not fit the network.
    """

    def __init__(self, backbone, weights, *, n_threads, device, verbose):
        device = resolve_device(device)
        with InitialWeights(0):
            body = make_backbone(backbone, weights=weights, image_size=_SIZE)
            module = ClassificationNetwork(body, Head(body.num_features, 1))
        # Not autocast: distances would contain the rounding of bfloat16.
        self.autocast_dtype = None
        self.input_format = InputFormat(_SIZE, device, torch.float32)
        self.module_ = module.to(device, memory_format=torch.channels_last)
        self.n_threads = usable_threads(n_threads)
        self.verbose = verbose

    def compute(self, images):
        """Return the features of images.

        Parameters
        ----------
        images : ImageInput

        Returns
        -------
        ndarray of shape (n, n_features) of float64
        """
        outputs = predict_outputs(
            self,
            images,
            PixelPolicy(),
            reading={"image_size": _SIZE},
            n_threads=self.n_threads,
            verbose=self.verbose,
            compute=lambda inputs, rows: self.module_.features(**inputs),
            description="features",
        )
        return np.concatenate(list(outputs))
