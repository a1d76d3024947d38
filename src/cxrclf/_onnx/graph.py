"""Make the ONNX graph of a module, with or without the values of its weights."""

import contextlib
import copy
import re
import threading

import torch

import cxrclf
from cxrclf._onnx.versions import require
from cxrclf._utils.forks import after_fork_in_child

# The export changes settings of torch that all threads share.
_lock = threading.Lock()


def _renew_lock():
    global _lock
    _lock = threading.Lock()  # a thread of the parent may hold the old lock


after_fork_in_child(_renew_lock)
_OPERATOR = re.compile(r"\b(?:aten|prims|torchvision|higher_order)[.:]+\w+(?:\.\w+)?")


class GraphError(Exception):
    """A module has no ONNX graph, or ONNX Runtime cannot run it."""


def export_graph(module, images):
    """Return the ONNX graph of a module as bytes.

    The weights are not in the graph: it has only their names and shapes. So one graph
    serves all networks of an architecture. :func:`make_session` takes the weights.

    Parameters
    ----------
    module : torch.nn.Module
        Module with one input and one output. It is not changed.
    images : Tensor
        Example of the input. The graph accepts only its shape.

    Returns
    -------
    bytes
        Serialized ``ModelProto`` with the input ``images``.

    Raises
    ------
    GraphError
        If an operator of the module cannot be translated. The message names it.
    MissingDependencyError
        If onnx or onnxscript is not installed.
    """
    require("A graph of ONNX")
    with _guard_export():
        module = _copy_for_export(module)
        program = _translate(module, images)
        _simplify_without_weights(program, set(tensors_of(module)))
    return _serialize(program.model)


def export_model(module, images, *, output, metadata):
    """Return the ONNX graph of a module, with its weights, for any number of images.

    Parameters
    ----------
    module : torch.nn.Module
        Module with one input and one output. It is not changed.
    images : Tensor of shape (n, ...)
        Example of the input, with two images or more.
    output : str
        Name of the output.
    metadata : dict of str to str
        Properties of the model.

    Returns
    -------
    bytes
        Serialized ``ModelProto`` with the input ``images``.

    Raises
    ------
    GraphError
        If an operator of the module cannot be translated. The message names it.
    MissingDependencyError
        If onnx or onnxscript is not installed.
    """
    require("An ONNX model")
    with _guard_export():
        program = _translate(
            _copy_for_export(module),
            images,
            dynamic_shapes=({0: torch.export.Dim("n")},),
        )
        program.optimize()
    program.model.graph.inputs[0].name = "images"
    program.model.graph.outputs[0].name = output
    program.model.producer_name = "cxrclf"
    program.model.producer_version = cxrclf.__version__
    return _rename_dimension(_serialize(program.model, metadata), "n")


def tensors_of(module):
    """Return the parameters and all buffers of a module by name.

    Parameters
    ----------
    module : torch.nn.Module

    Returns
    -------
    dict of str to Tensor
        Tensors that share the memory of the module. Buffers that are not part of its
        ``state_dict()`` are included.
    """
    tensors = dict(module.named_parameters(remove_duplicate=False))
    tensors |= dict(module.named_buffers(remove_duplicate=False))
    return {name: tensor.detach() for name, tensor in tensors.items()}


def _copy_for_export(module):
    """Return a copy in inference mode, with weights in the usual order in memory."""
    module = copy.deepcopy(module).eval().requires_grad_(False)
    return module.to(memory_format=torch.contiguous_format)


@contextlib.contextmanager
def _guard_export():
    """Run one export at a time, and raise its errors as GraphError."""
    with _lock:
        try:
            yield
        except Exception as error:  # of many types
            raise GraphError(_describe(error)) from error


def _translate(module, images, dynamic_shapes=None):
    """Translate a module, without simplifying its graph."""
    with torch.no_grad():
        traced = torch.export.export(
            module, (images,), dynamic_shapes=dynamic_shapes, strict=False
        )
        return torch.onnx.export(traced, (), dynamo=True, optimize=False, verbose=False)


def _simplify_without_weights(program, names):
    """Simplify a graph, and remove the values of its weights.

    Operations on weights alone stay in the graph.
    """
    graph = program.model.graph
    graph.inputs[0].name = "images"
    weights = [graph.initializers[n] for n in list(graph.initializers) if n in names]
    values = [weight.const_value for weight in weights]
    # While the graph is simplified, the weights are inputs. Their values are unknown
    # then, so that no operation with them is replaced by its result.
    for weight in weights:
        del graph.initializers[weight.name]
        weight.const_value = None
        graph.inputs.append(weight)
    program.optimize()
    for weight, value in zip(weights, values, strict=True):
        graph.inputs.remove(weight)
        if weight.uses():
            weight.const_value = _external(weight.name, value)
            graph.initializers[weight.name] = weight


def _external(name, value):
    """Return a tensor without values, which are expected in a file."""
    from onnxscript import ir

    return ir.ExternalTensor(
        location="weights",
        offset=0,
        length=value.nbytes,
        dtype=value.dtype,
        shape=value.shape,
        name=name,
    )


def _serialize(model, metadata=()):
    """Return a model as bytes, without the stack traces of the export."""
    from onnxscript import ir

    model.metadata_props.clear()
    model.metadata_props.update(metadata)
    for graph in model.graphs():
        graph.metadata_props.clear()
        for node in graph:
            node.metadata_props.clear()
            node.doc_string = None
            for value in node.outputs:
                value.metadata_props.clear()
        for value in (*graph.inputs, *graph.initializers.values()):
            value.metadata_props.clear()
    return ir.to_proto(model).SerializeToString()


def _rename_dimension(model, name):
    """Return a model with another name of the first dimension, here of all images."""
    import onnx

    proto = onnx.load_model_from_string(model)
    graph = proto.graph
    old = graph.input[0].type.tensor_type.shape.dim[0].dim_param
    # Other dimensions may be expressions of it, such as 49*s0.
    word = re.compile(rf"\b{re.escape(old)}\b")
    for value in (*graph.input, *graph.output, *graph.value_info):
        for dimension in value.type.tensor_type.shape.dim:
            if dimension.dim_param:
                dimension.dim_param = word.sub(name, dimension.dim_param)
    return proto.SerializeToString()


def _describe(error):
    """Return the operator that an error names, or the start of its message."""
    texts = []
    while error is not None:
        texts.append(str(error))
        error = error.__cause__
    operator = _OPERATOR.search(texts[-1]) or _OPERATOR.search(" ".join(texts))
    if operator:
        return f"its operator {operator[0]} has no translation"
    return texts[-1].strip().partition("\n")[0][:200]
