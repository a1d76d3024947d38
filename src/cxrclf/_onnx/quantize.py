"""Quantize a graph to integers of 8 bits."""

import tempfile
from pathlib import Path

import numpy as np

from cxrclf._onnx.graph import GraphError, tensors_of
from cxrclf._onnx.versions import require

_CPU_INFO = Path("/proc/cpuinfo")
_INTEGER_DOT = {"avx512_vnni", "avx_vnni", "asimddp"}  # of Intel and AMD, and of ARM


def quantize_graph(graph, module, images):
    """Return a graph with the weights of a module, quantized to 8 bits.

    Weights and activations of convolutions and matrix products become integers
    (static quantization). Batch normalization is folded into the weights before. Each
    output channel has its own scale. The scales of the activations span the values
    that occur for `images` [1]_.

    Parameters
    ----------
    graph : bytes
        Graph from :func:`~cxrclf._onnx.graph.export_graph`.
    module : torch.nn.Module
        Module of the graph.
    images : ndarray of shape (n, c, H, W) of float32
        Images for the calibration.

    Returns
    -------
    bytes
        Serialized ``ModelProto`` with all weights.

    Raises
    ------
    GraphError
        If ONNX Runtime cannot quantize the graph.

    References
    ----------
    .. [1] B. Jacob et al., "Quantization and training of neural networks for efficient
       integer-arithmetic-only inference", CVPR 2018.
    """
    require("The quantization to 8 bits")
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory(prefix="cxrclf-quantize-") as folder:
        paths = [Path(folder, name) for name in ("float.onnx", "folded.onnx", "8.onnx")]
        try:
            onnx.save(embed_weights(graph, module), paths[0])
            quant_pre_process(paths[0], paths[1], skip_symbolic_shape=True)
            quantize_static(
                paths[1],
                paths[2],
                _Reader(images),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                # Without these instructions, sums of 8-bit products may overflow. Then
                # the weights have 7 bits.
                reduce_range=not has_integer_dot(),
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
        except Exception as error:  # of many types
            raise GraphError(f"its quantization fails: {error}") from error
        return paths[2].read_bytes()


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
    onnx.ModelProto
    """
    import onnx

    model, tensors = onnx.load_model_from_string(graph), tensors_of(module)
    for tensor in model.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            values = np.ascontiguousarray(tensors[tensor.name].cpu().numpy())
            tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
    return model


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


class _Reader:
    """Images for the calibration, one after the other."""

    def __init__(self, images):
        self.images = iter(images)

    def get_next(self):
        image = next(self.images, None)
        return None if image is None else {"images": image[None]}
