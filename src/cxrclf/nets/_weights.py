"""Read weights without unpickling and load them into a network."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from timm.models import adapt_input_conv

from cxrclf.exceptions import WeightsError

_SHOWN = 3


def read_weights(path):
    """Read a state dict from a file without unpickling other objects.

    Parameters
    ----------
    path : path-like
        A ``.safetensors`` file, or a file written by ``torch.save``.

    Returns
    -------
    dict of str to Tensor
        State dict on the CPU.

    Raises
    ------
    WeightsError
        If the file is missing or is not a file of weights.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError(
            f"There is no file of weights at {path}. weights must be the path of a "
            '.safetensors, .pt, .pth, .bin or .ckpt file, "imagenet", a mapping of '
            "names to tensors, or None."
        )
    try:
        if path.suffix.lower() == ".safetensors":
            content = load_file(path, device="cpu")
        else:
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # pickle, zipfile and safetensors raise many classes
        raise WeightsError(
            f"{path} cannot be read as weights: it is damaged, or it holds Python "
            "objects, which are not loaded because they can run code. Download it "
            "again. If you trust the file, load it yourself and save its state dict "
            "with safetensors.torch.save_file."
        ) from error
    return extract_state_dict(content, path)


def extract_state_dict(content, source):
    """Extract the state dict from a loaded object.

    Parameters
    ----------
    content : object
        State dict, or mapping with a state dict under the key ``"state_dict"``. All
        names may have the prefix ``"module."`` of a parallel wrapper.
    source : path-like or str
        Origin of `content`, for the error message.

    Returns
    -------
    dict of str to Tensor
        State dict without the prefix.

    Raises
    ------
    WeightsError
        If `content` holds no state dict.
    """
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if (
        not isinstance(content, Mapping)
        or not content
        or not all(isinstance(value, torch.Tensor) for value in content.values())
        or not all(isinstance(name, str) for name in content)
    ):
        raise WeightsError(
            f"{source} holds no state dict, a mapping of names to tensors. Save one "
            "with safetensors.torch.save_file(model.state_dict(), path)."
        )
    prefix = "module."
    if all(name.startswith(prefix) for name in content):
        return {name.removeprefix(prefix): value for name, value in content.items()}
    return dict(content)


def load_weights(model, state, *, in_channels, ignored, source):
    """Load a complete state dict into a network of timm, or raise an error.

    timm's filter of the architecture resamples position embeddings and translates old
    names. The first convolution is adapted to `in_channels`.

    Parameters
    ----------
    model : torch.nn.Module
        Network of timm without its classifier.
    state : dict of str to Tensor
        State dict to load.
    in_channels : int
        Number of channels of the images.
    ignored : sequence of str
        Names of modules that are ignored in `state`, such as the classifier.
    source : path-like or str
        Origin of `state`, for the error message.

    Raises
    ------
    WeightsError
        If a tensor is missing, unexpected or of another shape.
    """
    own = model.state_dict()
    state = _adapt_first_convolution(
        model, _apply_timm_filter(model, state), in_channels
    )
    unwanted = tuple(f"{name}." for name in ignored)
    state = {k: v for k, v in state.items() if k in own or not k.startswith(unwanted)}
    # The batch counter of BatchNorm has no effect, and older files do not have it.
    counts = {k: v for k, v in own.items() if k.endswith(".num_batches_tracked")}
    problems = describe_mismatches({**counts, **state}, own)
    if problems:
        name = model.pretrained_cfg["architecture"]
        raise WeightsError(
            f"{os.fspath(source)} does not fit {name}: {problems}. Pass weights of "
            f"{name}, or choose the network that these weights belong to."
        )
    model.load_state_dict({**counts, **state})


def describe_mismatches(state, own):
    """Describe the differences between two state dicts.

    Parameters
    ----------
    state : mapping of str to Tensor
        State dict to load.
    own : mapping of str to Tensor
        State dict of the network.

    Returns
    -------
    str
        Number of different tensors, with names and shapes of the first few. Empty if
        there is no difference.
    """
    missing = [f"{k} {tuple(own[k].shape)}" for k in own if k not in state]
    unexpected = [f"{k} {tuple(state[k].shape)}" for k in state if k not in own]
    other = [
        f"{k} {tuple(state[k].shape)} instead of {tuple(own[k].shape)}"
        for k in own
        if k in state and state[k].shape != own[k].shape
    ]
    kinds = {"missing": missing, "unexpected": unexpected, "of another shape": other}
    return "; ".join(
        f"{len(found)} of its tensors {kind} ({', '.join(found[:_SHOWN])}"
        f"{', ...' if len(found) > _SHOWN else ''})"
        for kind, found in kinds.items()
        if found
    )


def _apply_timm_filter(model, state):
    """Apply timm's filter of the architecture, if there is one."""
    module = sys.modules[type(model).__module__]
    convert = getattr(module, "checkpoint_filter_fn", None)
    if convert is None:
        return state
    try:
        return convert(dict(state), model)
    except Exception:  # the filter needs fitting weights; load_weights reports the rest
        return state


def _adapt_first_convolution(model, state, in_channels):
    """Adapt the weights of the first convolution to the number of channels."""
    first = model.pretrained_cfg.get("first_conv") or ()
    own = model.state_dict()
    for name in (first,) if isinstance(first, str) else first:
        key = f"{name}.weight"
        if key in state and key in own and state[key].shape != own[key].shape:
            try:
                weight = adapt_input_conv(in_channels, state[key])
            except (NotImplementedError, RuntimeError):
                continue  # the weights do not fit; load_weights raises the error
            state = {**state, key: weight}
    return state
