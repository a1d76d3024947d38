"""Copies of modules without values."""

import copy

import torch
from torch import nn


def copy_to_meta(module):
    """Return a copy of a module with tensors on the meta device.

    Tensors on this device have shapes and no values, so that nothing is computed.

    Parameters
    ----------
    module : torch.nn.Module
        Module, which is not changed. Another thread may use it meanwhile.

    Returns
    -------
    torch.nn.Module
    """
    memo = {
        id(parameter): nn.Parameter(torch.empty_like(parameter, device="meta"))
        for parameter in module.parameters()
    }
    memo |= {id(b): torch.empty_like(b, device="meta") for b in module.buffers()}
    return copy.deepcopy(module, memo)
