"""The limit of a task: the forward pass alone, in the fastest engine."""

import torch

from cxrclf.nets import ClassificationNetwork, Head, make_backbone
from harness.forward_rates import forward_rates
from harness.settings import labeled_files


def frozen_study(settings):
    """Return the time of all forward passes that the study needs.

    Each view of an image is computed once for all folds. So is each image without a
    transformation, for the predictions.
    """
    n = len(labeled_files(settings.data)[0])
    rate = _best_rate(settings)
    return {
        "seconds": n * (settings.epochs + 1) / rate,
        "seconds_8_views": n * (min(settings.epochs, 8) + 1) / rate,
        "forward_per_second": rate,
    }


def predict(settings):
    """Return the images per second of the forward pass, without decoding."""
    return {"images_per_second": _best_rate(settings)}


def _best_rate(settings):
    size = (settings.image_size,) * 2
    backbone = make_backbone(
        settings.backbone, weights=settings.weights, image_size=size
    )
    network = ClassificationNetwork(backbone, Head(backbone.num_features, 3))
    network.set_trainable("head")
    network = network.to(memory_format=torch.channels_last).eval()
    return max(forward_rates(network, size).values())
