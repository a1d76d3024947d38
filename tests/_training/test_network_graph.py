"""A network in ONNX Runtime follows the weights of the network in torch."""

import copy
import os
import pickle
import re
import threading

import numpy as np
import pytest
import torch

from cxrclf._onnx.graph import GraphError
from cxrclf._training import network_graph
from cxrclf._training.network_graph import NetworkGraph
from cxrclf.datasets import make_chest_radiographs
from cxrclf.nets import (
    ClassificationNetwork,
    Head,
    PlainEncoder,
    UNet,
    UNetDecoder,
    make_backbone,
)
from onnx_runtime import needs_onnx_runtime

pytestmark = needs_onnx_runtime

SIZE = 32, 32
IMAGES = torch.rand((3, 1, *SIZE), generator=torch.Generator().manual_seed(0))


@pytest.fixture
def network():
    backbone = make_backbone("test_resnet", weights=None, image_size=32)
    return ClassificationNetwork(backbone, Head(backbone.num_features, 3)).eval()


def expected(network):
    with torch.no_grad():
        return getattr(network, "features", network)(IMAGES)


def assert_follows(graph, network):
    found = graph.compute(IMAGES)
    np.testing.assert_allclose(found, expected(network), rtol=1e-3, atol=1e-5)


def test_features_of_a_classifier(network):
    graph = NetworkGraph(network, SIZE, None)
    assert graph.needs_head
    assert_follows(graph, network)


def test_outputs_of_a_u_net():
    encoder = PlainEncoder(depth=2, width=4, in_channels=1)
    decoder = UNetDecoder(encoder.channels, encoder.reductions, 1, width=4)
    network = UNet(encoder, decoder, normalization="unit").eval()
    graph = NetworkGraph(network, SIZE, None)
    assert not graph.needs_head
    assert_follows(graph, network)


@pytest.mark.parametrize(
    "settings",
    [{"flatten_size": (1, 1)}, {"pointwise_channels": 4}, {"hidden_units": 5}],
)
def test_another_head(settings, network):
    head = Head(network.head.in_features, 3, **settings)
    other = ClassificationNetwork(network.backbone, head, normalization="unit").eval()
    assert_follows(NetworkGraph(other, SIZE, None), other)


def test_another_head_exports_no_graph(network, tmp_path):
    NetworkGraph(network, SIZE, tmp_path).prepare(1)
    head = Head(network.head.in_features, 7, hidden_units=4)
    other = ClassificationNetwork(network.backbone, head).eval()
    NetworkGraph(other, SIZE, tmp_path).prepare(1)
    assert len(list((tmp_path / "graphs").iterdir())) == 1


def test_color_images_have_their_own_session(network):
    graph = NetworkGraph(network, SIZE, None)
    gray, color = graph.compute(IMAGES), graph.compute(IMAGES.repeat(1, 3, 1, 1))
    np.testing.assert_allclose(gray, color, rtol=1e-3, atol=1e-5)


def in_place(network):
    with torch.no_grad():
        next(network.backbone.parameters()).mul_(2)


def running_statistics(network):
    network.train()
    with torch.no_grad():
        network(IMAGES + 3)
    network.eval()


def by_loading(network):
    state = {
        k: v * 1.5 for k, v in network.state_dict().items() if v.is_floating_point()
    }
    network.load_state_dict(state, strict=False)


def by_replacing(network):
    name, weight = next(network.named_parameters())
    layer = network.get_submodule(name.removesuffix(".weight"))
    layer.weight = torch.nn.Parameter(weight.detach() * 2)


def by_data(network):
    weight = next(network.parameters())
    weight.data = weight.data * 2


def into_data(network):
    next(network.parameters()).data.mul_(-3)


@pytest.mark.parametrize(
    "change",
    [in_place, running_statistics, by_loading, by_replacing, by_data, into_data],
)
def test_it_follows_changed_weights(change, network):
    graph = NetworkGraph(network, SIZE, None)
    graph.refresh()
    before = graph.compute(IMAGES)
    change(network)
    graph.refresh()
    assert not np.allclose(graph.compute(IMAGES), before, rtol=1e-3)
    assert_follows(graph, network)


def test_integers_of_8_bits(network):
    images = make_chest_radiographs(6, image_size=SIZE, random_state=1).images
    images = torch.from_numpy(images)[:, None] / 255
    found = NetworkGraph(network, SIZE, None, quantized=True).compute(images)
    with torch.no_grad():
        wanted = network.features(images)
    difference = (found - wanted).norm() / wanted.norm()
    assert 1e-4 < difference < 0.1


def test_integers_that_differ_too_much(network, monkeypatch):
    run = network_graph.run_session
    monkeypatch.setattr(network_graph, "run_session", lambda *a: 2 * run(*a))
    with pytest.raises(GraphError, match="of the norm, more than 5e-01") as caught:
        NetworkGraph(network, SIZE, None, quantized=True).prepare(1)
    # Doubled features differ by 1. The integers, which processors compute
    # differently, add at most twice the 0.1 of the test above.
    difference = float(re.search(r"from torch by (\S+) of", str(caught.value))[1])
    assert difference == pytest.approx(1, abs=0.2)


def test_a_graph_is_made_beside_other_work(network, tmp_path):
    graph = NetworkGraph(network, SIZE, tmp_path)
    graph.begin(1)
    assert_follows(graph, network)
    assert len(list((tmp_path / "graphs").iterdir())) == 1


def test_a_quantized_graph_of_earlier_weights_is_not_used(network):
    graph = NetworkGraph(network, SIZE, None, quantized=True)
    graph.begin(1)
    in_place(network)
    found = graph.compute(IMAGES)
    new = NetworkGraph(network, SIZE, None, quantized=True).compute(IMAGES)
    assert torch.equal(found, new)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_waits_for_no_thread_of_its_parent(network, monkeypatch):
    forked = threading.Event()
    fetch = network_graph.fetch_graph

    def fetch_graph(*args):
        if os.getpid() == parent:
            forked.wait(60)
        return fetch(*args)

    parent = os.getpid()
    fetch(NetworkGraph(network, SIZE, None).part, (1, 1, *SIZE))
    monkeypatch.setattr(network_graph, "fetch_graph", fetch_graph)
    graph = NetworkGraph(network, SIZE, None)
    graph.begin(1)
    child = os.fork()
    if not child:
        try:
            torch.set_num_threads(1)
            graph.compute(IMAGES)
        except BaseException:
            os._exit(1)
        os._exit(0)
    forked.set()
    assert os.waitpid(child, 0)[1] == 0
    assert_follows(graph, network)


def test_a_network_that_returns_zeros(network):
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    assert not NetworkGraph(network, SIZE, None).compute(IMAGES).any()


def test_an_error_beside_other_work(network, monkeypatch):
    def fetch_graph(*args):
        raise GraphError("no translation")

    monkeypatch.setattr(network_graph, "fetch_graph", fetch_graph)
    graph = NetworkGraph(network, SIZE, None)
    graph.begin(1)
    for _ in range(2):
        with pytest.raises(GraphError, match="no translation"):
            graph.prepare(1)


def test_a_session_is_made_once(network, monkeypatch):
    made = []
    make_session = network_graph.make_session
    monkeypatch.setattr(
        network_graph, "make_session", lambda *a: made.append(1) or make_session(*a)
    )
    graph = NetworkGraph(network, SIZE, None)
    for _ in range(3):
        graph.refresh()
        graph.compute(IMAGES)
    assert len(made) == 1


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_copies(copied, network):
    graph = NetworkGraph(network, SIZE, None)
    values = graph.compute(IMAGES)
    again = copied(graph)
    assert torch.equal(again.compute(IMAGES), values)


def test_other_values_than_those_of_torch(network, monkeypatch):
    run = network_graph.run_session
    monkeypatch.setattr(network_graph, "run_session", lambda *a: 1.001 * run(*a))
    with pytest.raises(
        GraphError, match="differs from torch by 1.0e-03 of the largest"
    ):
        NetworkGraph(network, SIZE, None).compute(IMAGES)


def test_the_graph_of_another_network(network, monkeypatch):
    monkeypatch.setattr(
        network_graph, "run_session", lambda session, images: torch.zeros(2, 7)
    )
    with pytest.raises(GraphError, match=r"outputs of shape \(2, 7\) instead of"):
        NetworkGraph(network, SIZE, None).compute(IMAGES)


def test_a_diverged_network_is_computed(network):
    # predict explains it, see test_image_estimator.
    with torch.no_grad():
        next(network.parameters()).fill_(torch.nan)
    assert torch.isnan(NetworkGraph(network, SIZE, None).compute(IMAGES)).all()
