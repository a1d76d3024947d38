"""Size and cost of the network of a fitted classifier."""

import tempfile
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from cxrclf._estimators.image_estimator import ImageEstimator


def measure_network(classifier):
    """Return the size and the cost of the network of a fitted classifier.

    Parameters
    ----------
    classifier : estimator
        Fitted classifier.

    Returns
    -------
    dict of str to int or float
        `parameters`, `trainable_parameters`, `flops` (floating-point operations for
        one image; a multiplication and an addition count as two) and `megabytes` (size
        of the saved model; None if it cannot be saved, as with a function as learning
        rate schedule). Empty for a classifier without a network of this library.
    """
    if not isinstance(classifier, ImageEstimator):
        return {}
    module = classifier.net_.module_
    parameters = list(module.parameters())
    found = {
        "parameters": sum(p.numel() for p in parameters),
        "trainable_parameters": sum(p.numel() for p in parameters if p.requires_grad),
        "flops": _count_flops(module, classifier.image_size_),
    }
    return found | {"megabytes": _measure_file(classifier)}


def _measure_file(classifier):
    """Return the size of the saved model, or None if it has a value that JSON lacks."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        try:
            classifier.save(path)
        except (TypeError, ValueError):
            return None
        size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return size / 1e6


def _count_flops(module, image_size):
    parameter = next(module.parameters())
    shape = (1, module.backbone.in_channels, *image_size)
    image = torch.zeros(shape, device=parameter.device, dtype=parameter.dtype)
    training = module.training
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module.eval()(image)
    module.train(training)
    return counter.get_total_flops()
