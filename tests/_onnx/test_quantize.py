"""Graphs in integers of 8 bits."""

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from cxrclf._onnx import quantize
from cxrclf._onnx.graph import GraphError, export_graph
from cxrclf._onnx.quantize import embed_weights, has_integer_dot, quantize_graph
from cxrclf._onnx.session import make_session, run_session
from onnx_runtime import needs_onnx_runtime

pytestmark = needs_onnx_runtime
IMAGES = torch.rand((8, 1, 12, 12), generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def made():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = nn.Sequential(
            nn.Conv2d(1, 8, 3),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Conv2d(8, 8, 3),
            nn.Flatten(),
            nn.Linear(512, 5),
        ).eval()
    graph = export_graph(module, IMAGES[:1])
    return module, graph, quantize_graph(graph, module, IMAGES.numpy())


def test_values_are_near_those_of_torch(made):
    module, _, quantized = made
    with torch.no_grad():
        expected = module(IMAGES)
    found = run_session(make_session(quantized, module), IMAGES)
    assert not torch.equal(found, expected)
    # Eight bits: a hundredth of the range, added up over three layers.
    assert (found - expected).abs().max() < 0.05 * expected.abs().max()


def test_weights_are_integers_of_8_bits(made):
    module, _, quantized = made
    model = onnx.load_model_from_string(quantized)
    tensors = [onnx.numpy_helper.to_array(t) for t in model.graph.initializer]
    weights = [t for t in tensors if t.ndim > 1]
    assert {t.dtype for t in weights} == {np.dtype(np.int8)}
    assert sorted(t.size for t in weights) == sorted(
        p.numel() for p in module.parameters() if p.ndim > 1
    )


def test_scales_are_those_of_each_channel(made):
    module, _, quantized = made
    model = onnx.load_model_from_string(quantized)
    tensors = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    (name,) = [
        n for n, t in tensors.items() if t.dtype == np.int8 and t.shape[1:] == (8, 3, 3)
    ]
    scale = tensors[name.replace("_quantized", "_scale")]
    weight = module[3].weight.detach().numpy().reshape(8, -1)
    largest = 127 if has_integer_dot() else 64
    np.testing.assert_allclose(scale, abs(weight).max(1) / largest, rtol=0.02)


def test_embedded_weights(made):
    module, graph, _ = made
    model = embed_weights(graph, module)
    found = run_session(make_session(model.SerializeToString(), module), IMAGES)
    with torch.no_grad():
        np.testing.assert_allclose(found, module(IMAGES), rtol=1e-3, atol=1e-5)


def test_weights_of_7_bits_without_the_instructions(made, monkeypatch):
    module, graph, _ = made
    monkeypatch.setattr(quantize, "has_integer_dot", lambda: False)
    quantized = quantize_graph(graph, module, IMAGES.numpy())
    model = onnx.load_model_from_string(quantized)
    tensors = [onnx.numpy_helper.to_array(t) for t in model.graph.initializer]
    assert max(abs(t.astype(int)).max() for t in tensors if t.ndim > 1) <= 64


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("flags : sse avx512_vnni", True),
        ("flags : avx2 avx_vnni", True),
        ("flags : avx2 avx512f", False),
        (None, False),
    ],
)
def test_instructions_of_the_cpu(flags, expected, tmp_path, monkeypatch):
    path = tmp_path / "cpuinfo"
    if flags is not None:
        path.write_text(flags)
    monkeypatch.setattr(quantize, "_CPU_INFO", path)
    assert has_integer_dot() is expected


def test_a_graph_that_cannot_be_quantized(made):
    module, graph, _ = made
    with pytest.raises(GraphError, match="its quantization fails"):
        quantize_graph(graph, module, IMAGES.numpy()[:, :, :5])
