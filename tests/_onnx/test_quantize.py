"""Graphs in integers of 8 bits."""

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from cxrclf._onnx import quantize
from cxrclf._onnx.graph import GraphError, export_graph
from cxrclf._onnx.quantize import embed_weights, has_integer_dot, quantize_model
from cxrclf._onnx.session import make_session, run_session
from onnx_runtime import needs_onnx_runtime

pytestmark = needs_onnx_runtime
IMAGES = torch.rand((8, 1, 12, 12), generator=torch.Generator().manual_seed(0))

BATCHES = [image[None] for image in IMAGES.numpy()]


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
    model = embed_weights(export_graph(module, IMAGES[:1]), module)
    return module, model, quantize_model(model, BATCHES, n_bits=8)


def test_values_are_near_those_of_torch(made):
    module, model, _ = made
    with torch.no_grad():
        expected = module(IMAGES)
    # Without the instructions, sums of products of 8 bits overflow.
    n_bits = 8 if has_integer_dot() else 7
    quantized = quantize_model(model, BATCHES, n_bits=n_bits)
    found = run_session(make_session(quantized, module), IMAGES)
    assert not torch.equal(found, expected)
    # A hundredth of the range per layer, added up over three layers.
    assert (found - expected).abs().max() < 0.05 * expected.abs().max()


def test_weights_are_integers_of_8_bits(made):
    _, _, quantized = made
    model = onnx.load_model_from_string(quantized)
    tensors = [onnx.numpy_helper.to_array(t) for t in model.graph.initializer]
    weights = {t.shape: t.dtype for t in tensors if t.ndim > 1}
    output = weights.pop((5, 512), None) or weights.pop((512, 5))
    assert output == np.float32  # the output layer
    assert weights == {(8, 1, 3, 3): np.int8, (8, 8, 3, 3): np.int8}


def test_scales_are_those_of_each_channel(made):
    module, _, quantized = made
    model = onnx.load_model_from_string(quantized)
    tensors = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    (name,) = [
        n for n, t in tensors.items() if t.dtype == np.int8 and t.shape[1:] == (8, 3, 3)
    ]
    scale = tensors[name.replace("_quantized", "_scale")]
    weight = module[3].weight.detach().numpy().reshape(8, -1)
    np.testing.assert_allclose(scale, abs(weight).max(1) / 127, rtol=0.02)


def test_embedded_weights(made):
    module, model, _ = made
    found = run_session(make_session(model, module), IMAGES)
    with torch.no_grad():
        np.testing.assert_allclose(found, module(IMAGES), rtol=1e-3, atol=1e-5)


def test_weights_of_7_bits(made):
    _, model, _ = made
    model = onnx.load_model_from_string(quantize_model(model, BATCHES, n_bits=7))
    tensors = [onnx.numpy_helper.to_array(t) for t in model.graph.initializer]
    largest = {abs(t.astype(int)).max() for t in tensors if t.dtype == np.int8}
    assert max(largest) == 64


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


def test_a_model_that_cannot_be_quantized(made):
    _, model, _ = made
    with pytest.raises(GraphError, match="it cannot be quantized"):
        quantize_model(model, [batch[:, :, :5] for batch in BATCHES], n_bits=8)
