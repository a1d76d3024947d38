"""Quantize a float model to 8-bit integers."""

import contextlib
import logging
import tempfile
from pathlib import Path

import numpy as np

from cxrclf._onnx.graph import GraphError, tensors_of
from cxrclf._onnx.versions import require

# Layers between the last weights and the output. They remain in float, because 8 bits
# would round the probabilities themselves.
_OUTPUT_LAYERS = {"Add", "Concat", "Flatten", "Identity", "Reshape", "Resize"}
_OUTPUT_LAYERS |= {"Sigmoid", "Softmax", "Squeeze", "Sub", "Transpose", "Unsqueeze"}
_CPU_INFO = Path("/proc/cpuinfo")
_INTEGER_DOT = {"avx512_vnni", "avx_vnni", "asimddp"}  # of Intel and AMD, and of ARM
_WEIGHTED_LAYERS = {"Conv", "Gemm", "MatMul"}


def quantize_model(model, batches, *, n_bits):
    """Quantize the weights and activations of a model to 8-bit integers.

    Weights get a scale per channel, and activations a scale per layer: their smallest
    and their largest value in `batches` become the ends of the range. Batch
    normalization is first combined with the convolution before it. The output layer and
    the activation after it remain in float32 [1]_.

    Parameters
    ----------
    model : bytes
        Serialized ``ModelProto`` with one input. It contains its weights.
    batches : iterable of ndarray
        Inputs of the model, for example one batch per array.
    n_bits : {7, 8}
        Number of bits of the weights. CPUs without instructions for integers (see
        :func:`has_integer_dot`) add products in 16 bits, which 8 bits can exceed.

    Returns
    -------
    bytes
        Serialized ``ModelProto`` with the same input, output and metadata. Pairs of
        ``QuantizeLinear`` and ``DequantizeLinear`` mark the integers.

    Raises
    ------
    GraphError
        If ONNX Runtime cannot quantize the model.
    MissingDependencyError
        If onnx or onnxruntime is not installed.

    References
    ----------
    .. [1] B. Jacob et al., "Quantization and training of neural networks for efficient
       integer-arithmetic-only inference", CVPR 2018.
    """
    require("A model of 8 bits")
    import onnx
    from onnxruntime import quantization

    proto = onnx.load_model_from_string(model)
    with tempfile.TemporaryDirectory() as folder, _no_root_handler():
        result = Path(folder, "int8.onnx")
        try:
            folded = _fold(model, Path(folder, "folded.onnx"))
            quantization.quantize_static(
                folded,
                result,
                _make_reader(proto.graph.input[0].name, batches),
                quant_format=quantization.QuantFormat.QDQ,
                per_channel=True,
                reduce_range=n_bits == 7,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                nodes_to_exclude=_find_output_layers(folded.graph),
            )
        except Exception as error:  # of many types
            reason = str(error).strip().partition("\n")[0][:200]
            raise GraphError(f"it cannot be quantized: {reason}") from error
        quantized = onnx.load(result)
    quantized.producer_name = proto.producer_name
    quantized.producer_version = proto.producer_version
    domains = {node.domain for node in quantized.graph.node}
    for opset in list(quantized.opset_import):
        if opset.domain not in domains:
            quantized.opset_import.remove(opset)
    del quantized.metadata_props[:]
    quantized.metadata_props.extend(proto.metadata_props)
    return quantized.SerializeToString()


def embed_weights(graph, module):
    """Return the model of a graph with the weights of a module inside.

    Parameters
    ----------
    graph : bytes
        Graph from :func:`~cxrclf._onnx.graph.export_graph`.
    module : torch.nn.Module
        Module of the graph.

    Returns
    -------
    bytes
        Serialized ``ModelProto``.
    """
    import onnx

    model, tensors = onnx.load_model_from_string(graph), tensors_of(module)
    for tensor in model.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            values = np.ascontiguousarray(tensors[tensor.name].cpu().numpy())
            tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
    return model.SerializeToString()


def has_integer_dot():
    """Return whether the CPU has instructions for sums of products of 8-bit integers.

    Returns
    -------
    bool
        False where it is unknown.
    """
    if not _CPU_INFO.is_file():
        return False
    return not _INTEGER_DOT.isdisjoint(_CPU_INFO.read_text().split())


def _fold(model, path):
    """Return a model with batch normalization inside the convolutions."""
    import onnx
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # errors are raised, and not printed in addition
    level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.graph_optimization_level = level
    options.optimized_model_filepath = str(path)
    onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    folded = onnx.load(path)
    # Without this property, onnxruntime advises to fold the model.
    folded.metadata_props.add(key="onnx.quant.pre_process", value="onnxruntime.quant")
    return folded


def _make_reader(name, batches):
    """Return batches in the form that onnxruntime reads."""
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.batches = iter(batches)

        def get_next(self):
            batch = next(self.batches, None)
            return None if batch is None else {name: batch}

    return Reader()


def _find_output_layers(graph):
    """Return the names of the last layer with weights, and of all layers after it.

    A graph that ends with other layers, such as the average over a feature map, has no
    output layer.
    """
    makers = {output: node for node in graph.node for output in node.output}
    found, names = [], [value.name for value in graph.output]
    while names:
        node = makers.get(names.pop())
        if node is None:  # weights, or the input
            continue
        if node.op_type in _WEIGHTED_LAYERS:
            found.append(node.name)
        elif node.op_type in _OUTPUT_LAYERS:
            found.append(node.name)
            names.extend(node.input)
    return found


@contextlib.contextmanager
def _no_root_handler():
    """Prevent the functions of logging from adding a handler to the root logger."""
    handler = logging.NullHandler()
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
