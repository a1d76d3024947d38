"""The ONNX graph of a module, without its weights."""

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from cxrclf._onnx.graph import GraphError, export_graph, tensors_of
from cxrclf._onnx.session import make_session, run_session
from cxrclf.nets import ClassificationNetwork, Head, make_backbone
from onnx_runtime import needs_onnx_runtime

pytestmark = needs_onnx_runtime

IMAGES = torch.rand((2, 1, 32, 32), generator=torch.Generator().manual_seed(0))


def network(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        backbone = make_backbone("test_resnet", weights=None, image_size=32)
        net = ClassificationNetwork(backbone, Head(backbone.num_features, 3))
        for tensor in (*net.parameters(), *net.buffers()):
            if tensor.is_floating_point():  # also the running statistics
                tensor.data.uniform_(0.01, 0.1)
    return net.to(memory_format=torch.channels_last)


@pytest.fixture(scope="module")
def graph():
    return export_graph(network(), IMAGES[:1])


def test_a_graph_has_no_weights(graph):
    module = network()
    model = onnx.load_model_from_string(graph)
    names = {tensor.name for tensor in model.graph.initializer if tensor.external_data}
    assert names <= set(tensors_of(module))
    assert {name for name, _ in module.named_parameters()} == names & {
        name for name, _ in module.named_parameters()
    }
    n_bytes = sum(t.nbytes for t in module.parameters())
    assert len(graph) < n_bytes / 5


def test_a_graph_has_no_traces_of_its_origin(graph):
    assert b".py" not in graph
    assert b"stack_trace" not in graph


@pytest.mark.parametrize("seed", [0, 1])
def test_one_graph_serves_all_weights(graph, seed):
    module = network(seed).eval()
    with torch.no_grad():
        expected = module(IMAGES)
    found = run_session(make_session(graph, module), IMAGES)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_the_module_stays_as_it_is():
    module = network().train()
    before = {name: t.clone() for name, t in tensors_of(module).items()}
    export_graph(module, IMAGES[:1])
    assert module.training
    assert all(parameter.requires_grad for parameter in module.parameters())
    for name, tensor in tensors_of(module).items():
        assert torch.equal(tensor, before[name]), name
        assert tensor.stride() == before[name].stride()


class Untranslated(nn.Module):
    def forward(self, images):
        return torch.special.spherical_bessel_j0(images)


def test_an_operator_without_translation_is_named():
    with pytest.raises(GraphError, match="operator prims.spherical_bessel_j0 has no"):
        export_graph(Untranslated(), IMAGES[:1])


class BranchesOnValues(nn.Module):
    def forward(self, images):
        return images if images.sum() > 0 else -images


def test_a_module_that_cannot_be_traced():
    with pytest.raises(GraphError, match=r"\w+"):
        export_graph(BranchesOnValues(), IMAGES[:1])
