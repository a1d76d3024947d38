"""The state of a trained net as NumPy arrays."""

import numpy as np
import torch


def net_state(net):
    """Return the state of a net's module and optimizer as NumPy arrays."""
    return {
        "module": _to_numpy(net.module_.state_dict()),
        "optimizer": _to_numpy(net.optimizer_.state_dict()),
    }


def restore_net_state(net, state):
    """Load the arrays of :func:`net_state` into a new net, and return the net."""
    net.module_.load_state_dict(_to_torch(state["module"]))
    net.optimizer_.load_state_dict(_to_torch(state["optimizer"]))
    for parameter, moments in net.optimizer_.state.items():
        for name, value in moments.items():
            if value.shape == parameter.shape:
                # Fused optimizers read both tensors in the order of the memory. So a
                # moment needs the memory format of its parameter, which NumPy lost.
                moments[name] = torch.empty_like(parameter).copy_(value)
    return net


def _to_numpy(tree):
    if isinstance(tree, torch.Tensor):
        return tree.detach().cpu().numpy().copy()
    return _map_tree(_to_numpy, tree)


def _to_torch(tree):
    if isinstance(tree, np.ndarray):
        # A copy, because the array may be a read-only memory map. Fused optimizers
        # write into a tensor without a check.
        return torch.from_numpy(np.array(tree))
    return _map_tree(_to_torch, tree)


def _map_tree(function, tree):
    """Apply a function to the values of a dict, list or tuple."""
    if isinstance(tree, dict):
        return {key: function(value) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(function(value) for value in tree)
    return tree
