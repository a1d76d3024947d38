"""Parameters of an estimator as JSON values."""

from pathlib import Path

import numpy as np
import torch

from cxrclf.augmentation import Augmentation
from cxrclf.optimizers import Optimizer

# Classes with parameters of their own, which a parameter may be an instance of.
_OBJECTS = {"Augmentation": Augmentation, "Optimizer": Optimizer}


def encode_parameters(parameters):
    """Return the parameters of an estimator as JSON values.

    Raises
    ------
    ValueError
        If JSON cannot represent a parameter. The error names the parameter.
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
    if type(value) in _OBJECTS.values():  # not a subclass, which loading would change
        params = encode_parameters(value.get_params(deep=False))
        return {type(value).__name__: params}
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
    """Return parameters from the values of :func:`encode_parameters`."""
    return {name: _decode(value) for name, value in values.items()}


def _decode(value):
    if isinstance(value, list):
        return tuple(_decode(item) for item in value)
    if isinstance(value, dict):
        for name in _OBJECTS.keys() & value.keys():
            return _OBJECTS[name](**decode_parameters(value[name]))
        return {_decode(k): _decode(v) for k, v in value["items"]}
    return value
