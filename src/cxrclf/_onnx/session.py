"""Run an ONNX graph with the weights of a module."""

import re

import numpy as np
import torch

from cxrclf._onnx.graph import GraphError, tensors_of
from cxrclf._onnx.versions import require

_PLACE = re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : |/\S+:\d+ [^)]*\) ")


def make_session(graph, module):
    """Make a session of ONNX Runtime from a graph and the weights of a module.

    The session computes each call with one thread, so that its values do not depend on
    a number of threads. Several threads may call it at the same time.

    Parameters
    ----------
    graph : bytes
        Graph from :func:`~cxrclf._onnx.graph.export_graph`.
    module : torch.nn.Module
        Module of the same architecture. The session copies its weights.

    Returns
    -------
    onnxruntime.InferenceSession

    Raises
    ------
    GraphError
        If the graph does not fit the module, or ONNX Runtime cannot run it.
    """
    require('engine="onnxruntime"')
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # errors are raised, and not printed in addition
    tensors = tensors_of(module)
    names = external_names(graph)
    if missing := sorted(set(names) - set(tensors)):
        raise GraphError(f"the network lacks tensors of the graph: {missing[:3]}")
    # ONNX Runtime reads this memory until the session is made.
    arrays = [np.ascontiguousarray(tensors[name].cpu().numpy()) for name in names]
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in arrays]
    try:
        options.add_external_initializers(names, values)
        return onnxruntime.InferenceSession(
            graph, options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # of many types, in a private module
        raise GraphError(_describe(error)) from error


def external_names(graph):
    """Return the names of the weights that a graph expects.

    Parameters
    ----------
    graph : bytes

    Returns
    -------
    list of str

    Raises
    ------
    GraphError
        If the bytes are no graph.
    """
    import onnx

    try:
        model = onnx.load_model_from_string(graph)
    except Exception as error:  # of protobuf, which onnx does not document
        raise GraphError("the file is no graph of ONNX") from error
    return [
        tensor.name
        for tensor in model.graph.initializer
        if tensor.data_location == onnx.TensorProto.EXTERNAL
    ]


def run_session(session, images):
    """Compute the output of a graph, image by image.

    Each image is computed alone. So its values do not depend on the other images.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
    images : Tensor of shape (b, c, H, W)
        Images on the CPU.

    Returns
    -------
    Tensor of shape (b, ...)
    """
    array = np.ascontiguousarray(images.numpy())
    rows = [session.run(None, {"images": row[None]})[0] for row in array]
    return torch.from_numpy(np.concatenate(rows))


def _describe(error):
    """Return the message of ONNX Runtime without the place in its source."""
    text = str(error).strip().partition("\n")[0]
    return _PLACE.sub("", text)[:300]
