"""Files of weights: read without unpickling, fitted to a network, or refused."""

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
    """Read the tensors of a file, never unpickling anything else.

    Parameters
    ----------
    path : path-like
        A ``.safetensors`` file, or one written by ``torch.save``.

    Returns
    -------
    dict of str to Tensor
        On the CPU.

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
    except Exception as error:  # of many kinds, from pickle, zipfile and safetensors
        raise WeightsError(
            f"{path} cannot be read as weights: it is damaged, or it holds Python "
            "objects, which are not loaded because they can run code. Download it "
            "again, or if you trust it, load it yourself and save its state dict with "
            "safetensors.torch.save_file."
        ) from error
    return state_dict_of(content, path)


def state_dict_of(content, source):
    """Return the names and tensors in a mapping or in what wraps one.

    Parameters
    ----------
    content : object
        A state dict, also under a key ``"state_dict"`` or with the prefix
        ``"module."`` that a parallel wrapper leaves.
    source : path-like or str
        Where it comes from, for the error message.

    Returns
    -------
    dict of str to Tensor
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
    """Load a state dict into a network of timm, all of it or nothing.

    Position embeddings are resampled and old names translated by timm's own filter
    of the architecture, and the first convolution is adapted to `in_channels`.

    Parameters
    ----------
    model : torch.nn.Module
        A network of timm without its classifier.
    state : dict of str to Tensor
    in_channels : int
    ignored : sequence of str
        Modules whose entries may be there and are not wanted: the classifier.
    source : path-like or str
        Where `state` comes from, for the error message.

    Raises
    ------
    WeightsError
        If a tensor is missing, unexpected or of another shape.
    """
    own = model.state_dict()
    state = _adapted(model, _filtered(model, state), in_channels)
    unwanted = tuple(f"{name}." for name in ignored)
    state = {k: v for k, v in state.items() if k in own or not k.startswith(unwanted)}
    # BatchNorm's count of batches has no effect, and older files lack it.
    counts = {k: v for k, v in own.items() if k.endswith(".num_batches_tracked")}
    problems = mismatches({**counts, **state}, own)
    if problems:
        name = model.pretrained_cfg["architecture"]
        raise WeightsError(
            f"{os.fspath(source)} does not fit {name}: {problems}. Give weights of "
            f"{name}, or name the network that these weights belong to."
        )
    model.load_state_dict({**counts, **state})


def mismatches(state, own):
    """Say where a state dict differs from that of a network.

    Parameters
    ----------
    state, own : mapping of str to Tensor
        What is given and what is needed.

    Returns
    -------
    str
        Numbers and the first few tensors with their shapes; empty if all fit.
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


def _filtered(model, state):
    """Apply timm's filter, which every architecture with a need for one has."""
    module = sys.modules[type(model).__module__]
    convert = getattr(module, "checkpoint_filter_fn", None)
    if convert is None:
        return state
    try:
        return convert(dict(state), model)
    except Exception:  # made for fitting weights only; the comparison says what differs
        return state


def _adapted(model, state, in_channels):
    """Fit the kernels of the first convolution to the number of channels."""
    first = model.pretrained_cfg.get("first_conv") or ()
    own = model.state_dict()
    for name in (first,) if isinstance(first, str) else first:
        key = f"{name}.weight"
        if key in state and key in own and state[key].shape != own[key].shape:
            try:
                weight = adapt_input_conv(in_channels, state[key])
            except (NotImplementedError, RuntimeError):
                continue  # not made for 3 channels either; the comparison says so
            state = {**state, key: weight}
    return state
