"""Layers that do not take part in autocast."""

import contextlib

import torch


def without_autocast(tensor):
    """Return a context in which layers compute in the type of their input.

    Parameters
    ----------
    tensor : Tensor
        Input of the layers, on any device.

    Returns
    -------
    context manager
        It does nothing outside autocast, so that a traced network has no such context.
    """
    device = tensor.device.type
    if device == "meta" or not torch.is_autocast_enabled(device):
        return contextlib.nullcontext()
    return torch.autocast(device, enabled=False)
