"""Pickle, save and load CycleGANGenerator, with its networks as arrays."""

import re

import numpy as np
import torch
from torch import nn

from cxrclf._estimators.json_values import decode_parameters, encode_parameters
from cxrclf._estimators.model_folder import (
    MACHINE_PARAMETERS,
    load_folder,
    save_folder,
)
from cxrclf._torch.device import resolve_device
from cxrclf._utils.user_warnings import warn_user
from cxrclf.exceptions import WeightsError

# The segmenter is an estimator of its own, and a generator that is loaded is not fitted
# again, so that it needs none.
_NOT_SAVED = MACHINE_PARAMETERS | {"segmenter"}
_DTYPE = re.compile(r"[<>|=]?[biufUO]\d{0,5}")


def save_generator(generator, folder):
    """Write a fitted generator to a folder. See :meth:`CycleGANGenerator.save`."""
    # The networks may differ from parameters that were set after the fit.
    architecture = next(iter(generator.translators_.values())).architecture
    params = {
        name: value
        for name, value in generator.get_params(deep=False).items()
        if name not in _NOT_SAVED
    } | architecture
    labels = np.array([generator.source_, *generator.translators_])
    description = {
        "estimator": type(generator).__name__,
        "params": encode_parameters(params),
        "fitted": {
            # The source class is the first label.
            "labels": {"values": labels.tolist(), "dtype": labels.dtype.str},
            "image_size": list(generator.image_size_),
            "input_shape": generator.input_shape_,
            "dtype": generator.dtype_.str,
            "history": generator.history_,
        },
    }
    modules = nn.ModuleList(t.module_ for t in generator.translators_.values())
    save_folder(folder, modules, description)


def load_generator(cls, folder, device):
    """Read a generator from a folder. See :meth:`CycleGANGenerator.load`."""
    description, tensors = load_folder(folder)
    try:
        if description["estimator"] != cls.__name__:
            raise ValueError(f"it was saved by {description['estimator']}")
        generator = cls(**decode_parameters(description["params"]))
        generator.device = device
        generator._check_parameters()
        labels = _restore_attributes(generator, description["fitted"])
        _restore_translators(generator, labels, tensors)
    except (MemoryError, OSError, ImportError):
        raise  # errors of the machine, not of the content
    except Exception as error:  # of many types, because the text may be anything
        raise WeightsError(
            f"{folder} holds no model that {cls.__name__} can load: {str(error)[:500]}"
        ) from error
    return generator


def _restore_attributes(generator, fitted):
    """Check and set the fitted attributes, and return the labels."""
    labels, size = fitted["labels"], fitted["image_size"]
    shape = fitted["input_shape"]
    if not (_DTYPE.fullmatch(labels["dtype"]) and _DTYPE.fullmatch(fitted["dtype"])):
        raise ValueError(f"its types are {labels['dtype']!r} and {fitted['dtype']!r}")
    if not (_are_sides(size, (2,)) and (shape is None or _are_sides(shape, (2, 3)))):
        raise ValueError(f"its sizes are {size!r} and {shape!r}")
    generator.image_size_ = tuple(size)
    generator.input_shape_ = None if shape is None else tuple(shape)
    generator.dtype_ = np.dtype(fitted["dtype"])
    generator.quality_ = {}
    generator.history_ = {str(k): list(v) for k, v in fitted["history"].items()}
    return np.array(labels["values"], dtype=labels["dtype"]).tolist()


def _are_sides(value, lengths):
    return len(value) in lengths and all(type(x) is int and x > 0 for x in value)


def _restore_translators(generator, labels, tensors):
    """Make the translators, and load their weights."""
    generator.source_, *targets = labels
    if not targets:
        raise ValueError("it has no generated class")
    generator.translators_ = {label: generator._make_translator() for label in targets}
    modules = nn.ModuleList(t.module_ for t in generator.translators_.values())
    modules.load_state_dict(tensors)


def pickle_state(state):
    """Return the state of a generator for a pickle, with its networks as arrays."""
    state = state.copy()
    if "translators_" in state:
        state["translators_"] = {
            label: (
                translator.architecture,
                {
                    name: tensor.detach().cpu().numpy()
                    for name, tensor in translator.module_.state_dict().items()
                },
            )
            for label, translator in state["translators_"].items()
        }
    return state


def restore_pickled(generator):
    """Make the networks of an unpickled generator from their arrays."""
    try:
        resolve_device(generator.device)
    except ValueError as error:
        warn_user(f"{error} The generators are put on the CPU.")
        generator.device = "cpu"
    arrays = generator.translators_
    generator.translators_ = {}
    for label, (architecture, state) in arrays.items():
        translator = generator._make_translator(architecture)
        translator.module_.load_state_dict(
            # A copy, because joblib can load arrays as read-only maps of a file.
            {name: torch.from_numpy(np.array(value)) for name, value in state.items()}
        )
        generator.translators_[label] = translator
