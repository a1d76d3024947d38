"""Trained nets as arrays."""

import numpy as np
import torch


def net_state(net):
    """Return a skorch net's module and optimizer as plain numpy arrays."""
    return {
        "module": _to_numpy(net.module_.state_dict()),
        "optimizer": _to_numpy(net.optimizer_.state_dict()),
    }


def restore_net_state(net, state):
    """Put arrays of :func:`net_state` into a newly composed net, and return it."""
    net.module_.load_state_dict(_to_torch(state["module"]))
    net.optimizer_.load_state_dict(_to_torch(state["optimizer"]))
    for parameter, moments in net.optimizer_.state.items():
        for name, value in moments.items():
            if value.shape == parameter.shape:
                # Fused optimizers go through memory in its order: that of the
                # parameter, which NumPy has not kept.
                moments[name] = torch.empty_like(parameter).copy_(value)
    return net


def _to_numpy(tree):
    if isinstance(tree, torch.Tensor):
        return tree.detach().cpu().numpy().copy()
    return _mapped(_to_numpy, tree)


def _to_torch(tree):
    if isinstance(tree, np.ndarray):
        # A copy: the array may be a memory map that is read-only, and fused optimizers
        # write into a tensor without asking whether they may.
        return torch.from_numpy(np.array(tree))
    return _mapped(_to_torch, tree)


def _mapped(function, tree):
    if isinstance(tree, dict):
        return {key: function(value) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(function(value) for value in tree)
    return tree
