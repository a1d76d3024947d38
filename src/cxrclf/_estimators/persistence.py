"""Trained nets as arrays, and parameters as JSON-able values."""

from pathlib import Path

import numpy as np
import torch

from cxrclf.augmentation._augmentation import Augmentation


def net_state(net):
    """Return a skorch net's module and optimiser as plain numpy arrays."""
    return {
        "module": _to_numpy(net.module_.state_dict()),
        "optimizer": _to_numpy(net.optimizer_.state_dict()),
    }


def restore_net(net, state):
    """Put arrays of :func:`net_state` into a newly composed net, and return it."""
    net.module_.load_state_dict(_to_torch(state["module"]))
    net.optimizer_.load_state_dict(_to_torch(state["optimizer"]))
    for parameter, moments in net.optimizer_.state.items():
        for name, value in moments.items():
            if value.shape == parameter.shape:
                # Fused optimisers go through memory in its order: that of the
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


def encode_parameters(parameters):
    """Return an estimator's parameters as JSON-able values.

    Raises
    ------
    ValueError
        Naming a parameter that JSON cannot hold.
    """
    return {name: _encode(name, value) for name, value in parameters.items()}


def _encode(name, value):
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (Path, torch.device)):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [_encode(name, item) for item in value]
    if type(value) is Augmentation:  # a subclass would become its base
        return {"Augmentation": encode_parameters(value.get_params(deep=False))}
    if isinstance(value, dict):
        return {
            "items": [[_encode(name, k), _encode(name, v)] for k, v in value.items()]
        }
    of_module = ", with a function that is defined at the top of a module"
    raise ValueError(
        f"{name} cannot be saved to JSON: {value!r}. Train with another value, or use "
        f"joblib.dump{of_module if callable(value) else ''}."
    )


def decode_parameters(values):
    """Return what :func:`encode_parameters` was given."""
    return {name: _decode(value) for name, value in values.items()}


def _decode(value):
    if isinstance(value, list):
        return tuple(_decode(item) for item in value)
    if isinstance(value, dict) and "Augmentation" in value:
        return Augmentation(**decode_parameters(value["Augmentation"]))
    if isinstance(value, dict):
        return {_decode(k): _decode(v) for k, v in value["items"]}
    return value
