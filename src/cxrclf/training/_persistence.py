"""Trained estimators as arrays, and as a folder of safetensors and JSON."""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

import cxrclf
from cxrclf._utils._files import replaced_whole
from cxrclf.exceptions import WeightsError
from cxrclf.training._augmentation import Augmentation

FORMAT = 1
_DESCRIPTION = "model.json"
_WEIGHTS = "weights.safetensors"


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
        return torch.from_numpy(tree)
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
    if isinstance(value, Augmentation):
        return {"Augmentation": encode_parameters(value.get_params(deep=False))}
    if isinstance(value, dict):
        return {
            "items": [[_encode(name, k), _encode(name, v)] for k, v in value.items()]
        }
    raise ValueError(
        f"{name} cannot be saved to JSON: {value!r}. Train with another value, or use "
        "joblib.dump."
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


def save_folder(folder, module, description):
    """Write a module's tensors and a description of the estimator.

    Parameters
    ----------
    folder : path-like
        Made when missing; an earlier model in it is replaced.
    module : torch.nn.Module
    description : dict
        JSON-able.
    """
    folder = Path(folder)
    tensors = {
        name: tensor.detach().cpu().contiguous()
        for name, tensor in module.state_dict().items()
    }
    with replaced_whole(folder / _WEIGHTS) as path:
        save_file(tensors, path)
        digest = _digest(path)
    names = ("cxrclf", "numpy", "scikit-learn", "skorch", "timm", "torch")
    description = {
        "format": FORMAT,
        **description,
        "versions": {name: version(name) for name in names},
        "weights": {"file": _WEIGHTS, "blake2b": digest},
    }
    with replaced_whole(folder / _DESCRIPTION) as path:
        path.write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")


def load_folder(folder):
    """Read what :func:`save_folder` wrote.

    Returns
    -------
    description : dict
    tensors : dict of str to Tensor
        On the CPU.

    Raises
    ------
    WeightsError
        If a file is missing, damaged, of a newer format, or not from the same save.
    """
    folder = Path(folder)
    description_path, weights_path = folder / _DESCRIPTION, folder / _WEIGHTS
    for path in (description_path, weights_path):
        if not path.is_file():
            raise WeightsError(
                f"{folder} holds no saved model: {path.name} is missing. Give the "
                "folder that save() wrote."
            )
    try:
        description = json.loads(description_path.read_text(encoding="utf-8"))
        saved_format = description["format"]
        expected = description["weights"]["blake2b"]
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsError(
            f"{description_path} is damaged or not written by save(): {error!r}. "
            "Save the model again."
        ) from error
    if saved_format != FORMAT:
        raise WeightsError(
            f"{description_path} has format {saved_format}, and cxrclf "
            f"{cxrclf.__version__} reads format {FORMAT}. Use the version of cxrclf "
            f"that wrote it: {description.get('versions', {}).get('cxrclf')}."
        )
    if _digest(weights_path) != expected:
        raise WeightsError(
            f"{weights_path} does not belong to {description_path.name}: it is "
            "damaged, or a later save was interrupted. Save the model again."
        )
    try:
        return description, load_file(weights_path)
    except SafetensorError as error:
        raise WeightsError(f"{weights_path} cannot be read: {error}.") from error


def _digest(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()
