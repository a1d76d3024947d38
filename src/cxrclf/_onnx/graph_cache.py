"""Graphs on disk, one file per architecture, image size and version."""

import contextlib
import hashlib
from pathlib import Path

import numpy as np
import torch

from cxrclf._onnx.graph import export_graph, tensors_of
from cxrclf._onnx.quantize import embed_weights, has_integer_dot, quantize_model
from cxrclf._onnx.versions import export_versions, runtime_version
from cxrclf._utils.files import open_regular, replace_file
from cxrclf._utils.session import session_folder

_FORMAT = 1  # increased when equal settings produce another graph or another file
_QUANTIZED_FORMAT = 1  # increased when the quantization or its images change
_PLAIN = bool, int, float, str, type(None)
_MODES = {"training", "trainable"}  # attributes that do not change the inference
_DIGEST = 32  # bytes of the checksum before the graph


def graph_key(module, shape):
    """Return a digest of everything that decides the graph of a module.

    Parameters
    ----------
    module : torch.nn.Module
    shape : tuple of int
        Shape of the input.

    Returns
    -------
    str
        Digest of the layers, the shapes of the weights and the versions of the
        libraries, and not of the values of the weights.
    """
    settings = (
        _FORMAT,
        sorted(export_versions().items()),
        tuple(shape),
        repr(module),
        [_describe(submodule) for submodule in module.modules()],
        [(n, t.dtype, tuple(t.shape)) for n, t in tensors_of(module).items()],
    )
    return hashlib.blake2b(repr(settings).encode(), digest_size=16).hexdigest()


def _describe(module):
    """Return the class of a module, and its settings that ``repr`` may not show."""
    settings = {
        name: value
        for name, value in vars(module).items()
        if name[0] != "_" and name not in _MODES and _is_plain(value)
    }
    return type(module).__module__, type(module).__qualname__, sorted(settings.items())


def _is_plain(value):
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    return isinstance(value, _PLAIN)


def fetch_graph(module, shape, cache_dir=None):
    """Return the graph of a module from a folder, or make it and write it there.

    A file that is damaged or belongs to another architecture is replaced. If the folder
    cannot be written to, the graph is stored for this process and its workers only.

    Parameters
    ----------
    module : torch.nn.Module
    shape : tuple of int
        Shape of the input.
    cache_dir : path-like or None, default=None
        Folder for the subfolder ``graphs``. None stands for the folder ``cxrclf``
        beside the folder of ``torch.hub``.

    Returns
    -------
    bytes

    Raises
    ------
    GraphError
        If the module has no graph.
    """
    key = graph_key(module, shape)
    return _fetch(key, lambda: export_graph(module, torch.zeros(shape)), cache_dir)


def fetch_quantized(module, shape, images, cache_dir=None):
    """Return the quantized graph of a module with its weights, as `fetch_graph` does.

    Parameters
    ----------
    module : torch.nn.Module
    shape : tuple of int
        Shape of the input.
    images : callable
        Function without arguments that returns the images for the calibration. They
        must be the same for the same shape.
    cache_dir : path-like or None, default=None
        As in :func:`fetch_graph`.

    Returns
    -------
    bytes

    Raises
    ------
    GraphError
        If the module has no graph, or it cannot be quantized.
    """
    digest = hashlib.blake2b(graph_key(module, shape).encode(), digest_size=16)
    n_bits = 8 if has_integer_dot() else 7
    settings = _QUANTIZED_FORMAT, runtime_version(), n_bits
    digest.update(repr(settings).encode())
    for name, tensor in tensors_of(module).items():
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(tensor.cpu().numpy()))

    def make():
        model = embed_weights(fetch_graph(module, shape, cache_dir), module)
        batches = (image[None] for image in images())
        return quantize_model(model, batches, n_bits=n_bits)

    return _fetch(digest.hexdigest(), make, cache_dir)


def _fetch(key, make, cache_dir):
    """Return the graph of a key from a folder, or make it and write it there."""
    paths = [folder / "graphs" / f"{key}.onnx" for folder in _folders(cache_dir)]
    for path in paths:
        if (graph := _read(path, key)) is not None:
            return graph
    graph = make()
    for path in paths:
        # Without a folder, the next process exports the graph again.
        with contextlib.suppress(OSError):
            with replace_file(path) as temporary:
                temporary.write_bytes(_checksum(key, graph) + graph)
            break
    return graph


def _folders(cache_dir):
    """Return the folder of the graphs, and the folder that replaces it."""
    folder = Path(torch.hub.get_dir()).parent / "cxrclf"
    folders = [(folder if cache_dir is None else Path(cache_dir)).absolute()]
    with contextlib.suppress(OSError):
        folders.append(session_folder())
    return folders


def _read(path, key):
    """Return the graph in a file, or None if it is missing, damaged or another one."""
    try:
        with open_regular(path) as file:
            content = file.read()
    except OSError:
        return None
    graph = content[_DIGEST:]
    return graph if content[:_DIGEST] == _checksum(key, graph) else None


def _checksum(key, graph):
    return hashlib.blake2b(key.encode() + graph, digest_size=_DIGEST).digest()
