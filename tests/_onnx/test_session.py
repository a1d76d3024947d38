"""Sessions of ONNX Runtime with the weights of a module."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from torch import nn

from cxrclf._onnx.graph import GraphError, export_graph
from cxrclf._onnx.session import external_names, make_session, run_session
from onnx_runtime import needs_onnx_runtime

pytestmark = needs_onnx_runtime

IMAGES = torch.rand((7, 1, 9, 8), generator=torch.Generator().manual_seed(0))


def module(width=5):
    layers = nn.Conv2d(1, width, 3), nn.Flatten(), nn.Linear(42 * width, 33)
    return nn.Sequential(*layers).eval()


@pytest.fixture(scope="module")
def made():
    network = module()
    return network, export_graph(network, IMAGES[:1])


def test_values_are_those_of_torch(made):
    network, graph = made
    with torch.no_grad():
        expected = network(IMAGES)
    found = run_session(make_session(graph, network), IMAGES)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_an_image_is_computed_alone(made):
    network, graph = made
    session = make_session(graph, network)
    whole = run_session(session, IMAGES)
    for n in range(1, 8):
        parts = [run_session(session, IMAGES[i : i + n]) for i in range(0, 7, n)]
        assert torch.equal(torch.cat(parts), whole), n


def test_the_session_has_its_own_weights(made):
    network, graph = made
    session = make_session(graph, network)
    before = run_session(session, IMAGES)
    weights = [parameter.detach().clone() for parameter in network.parameters()]
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        assert torch.equal(run_session(session, IMAGES), before)
        for parameter, values in zip(network.parameters(), weights, strict=True):
            parameter.copy_(values)


def test_names_of_the_weights(made):
    network, graph = made
    assert sorted(external_names(graph)) == sorted(network.state_dict())


def test_a_graph_of_another_network(made):
    _, graph = made
    other = nn.Sequential(nn.Conv2d(1, 5, 3), nn.Flatten())
    with pytest.raises(GraphError, match=r"2\.weight"):
        make_session(graph, other)
    with pytest.raises(GraphError, match=r"\w+"):
        make_session(graph, module(6))


@pytest.mark.parametrize("content", [b"", b"no graph"])
def test_a_file_without_a_graph(content, made):
    with pytest.raises(GraphError, match=r"\w+"):
        make_session(content, made[0])


def test_an_operator_set_that_onnx_runtime_lacks(made):
    network, graph = made
    model = onnx.load_model_from_string(graph)
    model.opset_import[0].version = 999
    with pytest.raises(GraphError, match="Opset 999"):
        make_session(model.SerializeToString(), network)


def test_an_operator_that_onnx_runtime_lacks():
    shape = [1, 1, 9, 8]
    node = helper.make_node("Unknown", ["images"], ["y"])
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name in ("images", "y")
    ]
    graph = helper.make_graph([node], "g", ends[:1], ends[1:])
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10
    )
    with pytest.raises(GraphError, match="Unknown"):
        make_session(model.SerializeToString(), nn.Identity())
