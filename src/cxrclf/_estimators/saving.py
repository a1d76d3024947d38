"""Pickle, save and load estimators with a net.

A net is stored as arrays. It is rebuilt with the parameters with which it was made,
``_made_with``, even if ``set_params`` was called since.
"""

import contextlib
import warnings

import numpy as np

from cxrclf._estimators.fitted_state import decode_fitted, encode_fitted
from cxrclf._estimators.json_values import decode_parameters, encode_parameters
from cxrclf._estimators.model_folder import (
    MACHINE_PARAMETERS,
    load_folder,
    save_folder,
)
from cxrclf._estimators.net_state import net_state, restore_net_state
from cxrclf._torch.device import resolve_device
from cxrclf._torch.threads import limit_threads
from cxrclf._training.initial_weights import InitialWeights
from cxrclf._utils.image_size import check_image_size
from cxrclf.exceptions import WeightsError
from cxrclf.optimizers import Optimizer


def save_estimator(estimator, folder):
    """Write a fitted estimator to a folder. See :meth:`ImageEstimator.save`."""
    module = estimator.net_.module_
    params = {
        name: value
        for name, value in estimator._made_with.items()
        if name not in MACHINE_PARAMETERS
    }
    description = {
        "estimator": type(estimator).__name__,
        "params": encode_parameters(params),
        "fitted": encode_fitted(estimator),
        "preprocessing": {
            "image_size": list(estimator.image_size_),
            "keep_aspect_ratio": estimator._pads_files(),
            **_describe_input(module),
        },
    }
    save_folder(folder, module, description)


def _describe_input(module):
    """Return how a network processes pixels, for human readers of the file."""
    branches = getattr(module.backbone, "branches", [module.backbone])
    own = getattr(module.backbone, "normalization", module.normalization)
    gray = module.backbone.in_channels == 3
    return {
        "pixels": "gray, scaled to [0, 1], repeated to 3 channels"
        if gray
        else "scaled to [0, 1]",
        "normalization": [
            {"network": b.name, "mean": list(b.mean), "std": list(b.std)}
            for b in branches
        ]
        if own == "backbone"
        else None,
    }


def load_estimator(cls, folder, device):
    """Read an estimator from a folder. See :meth:`ImageEstimator.load`."""
    description, tensors = load_folder(folder)
    with _refuse_content(folder, cls):
        estimator = _make_described(cls, description)
        module = _make_module(estimator, tensors)
    estimator.device = device
    estimator._made_with = estimator.get_params(deep=False)
    estimator.net_ = _rebuild_net(estimator, module)
    estimator.net_.module_.load_state_dict(tensors)
    return estimator


def pickle_state(estimator, state):
    """Return the state of an estimator for a pickle, with the net as arrays."""
    state = state.copy()
    if "net_" in state:
        state["net_"] = net_state(state["net_"])
        state["engine_"] = estimator.engine_
    return state


def split_state(state):
    """Divide a pickled state into the arrays of the net, or None, and the rest."""
    # joblib can load arrays as maps of the file. They are read-only, and invalid when
    # the file is gone. So they are copied.
    rest = {
        name: np.array(value) if isinstance(value, np.memmap) else value
        for name, value in state.items()
        if name != "net_"
    }
    return state.get("net_"), rest


def restore_net(estimator, arrays):
    """Rebuild the net of an unpickled estimator."""
    estimator.net_ = restore_net_state(_rebuild_net(estimator), arrays)


def _make_described(cls, description):
    """Make the estimator of a description, without its net."""
    if description["estimator"] != cls.__name__:
        raise ValueError(
            f"it was saved by {description['estimator']}. Load it with "
            f"{description['estimator']}.load."
        )
    estimator = cls(**decode_parameters(description["params"]))
    estimator._validate_params()
    if estimator.image_size is not None:
        check_image_size(estimator.image_size)
    if estimator.augmentation is not None:
        estimator.augmentation.check_params()
    if isinstance(estimator.optimizer, Optimizer):
        estimator.optimizer.check_params()
    vars(estimator).update(decode_fitted(description["fitted"]))
    return estimator


def _make_module(estimator, tensors):
    """Make the network of an estimator, and check that the tensors fit it."""
    # The tensors of the file replace these initial weights.
    with limit_threads(1), InitialWeights(0):
        module = estimator._make_module(None)
    module.set_trainable(estimator.trainable)
    own = module.state_dict()
    if different := sorted(tensors.keys() ^ own.keys()):
        raise ValueError(
            f"{len(different)} tensors are missing or belong to another network, such "
            f"as {different[:3]}."
        )
    for name, tensor in tensors.items():
        # The precision depends on the device, so that any floating-point type fits.
        floating = own[name].is_floating_point()
        if tensor.shape != own[name].shape or tensor.is_floating_point() != floating:
            raise ValueError(
                f"{name} is {tensor.dtype} of shape {tuple(tensor.shape)} instead of "
                f"{own[name].dtype} of shape {tuple(own[name].shape)}."
            )
    return module


def _rebuild_net(estimator, module=None):
    """Make the net of an estimator again, around a module or around a new one."""
    maker = type(estimator)(**estimator._made_with)
    recorded = vars(estimator).pop("engine_", None)  # the net has it from now on
    fitted = {k: v for k, v in vars(estimator).items() if k.endswith("_")}
    vars(maker).update(fitted)
    try:
        resolve_device(maker.device)
    except ValueError as error:
        warnings.warn(f"{error} The net is put on the CPU.", stacklevel=4)
        maker.device = "cpu"
    with limit_threads(1):
        if module is None:
            with InitialWeights(0):  # the arrays of the net replace these weights
                module = maker._make_module(None)
        return maker._compose(module, recorded)


@contextlib.contextmanager
def _refuse_content(folder, cls):
    """Raise errors that are caused by the content of a folder as WeightsError."""
    try:
        yield
    except (MemoryError, OSError, ImportError):
        raise  # errors of the machine, not of the content
    except Exception as error:  # of many types, for example from timm and torch
        raise WeightsError(
            f"{folder} holds no model that {cls.__name__} can load: {str(error)[:500]}"
        ) from error
