"""Compare torch and ONNX Runtime for networks without gradients, and precisions.

For each network, the table has the images per second of a forward pass in torch
(float32 and bfloat16) and in ONNX Runtime, as the estimators compute it: one batch or
one image per thread. It also has the largest relative difference between ONNX Runtime
and torch in float32, and the time and size of the graph. With ``--train``, it has the
images per second of training steps in float32 and bfloat16::

    pip install "cxrclf[fast]"
    python benchmarks/engines.py
    python benchmarks/engines.py tf_efficientnet_lite0 resnet50 --train

All values of a network are medians of rounds in turn. Compare values of one run only.
docs/benchmarks.rst shows results.
"""

import argparse
import tempfile
import time

import numpy as np
import torch

from cxrclf._onnx.graph import GraphError
from cxrclf._onnx.graph_cache import fetch_graph
from cxrclf._training.network_graph import NetworkGraph
from cxrclf._training.precision import autocast
from cxrclf.nets import ClassificationNetwork, Head, make_backbone
from harness.environment import environment
from harness.forward_rates import forward_rates

NETWORKS = (  # of the papers, and of other families
    "tf_efficientnet_lite0",
    "vgg16",
    "vgg19",
    "resnet50",
    "resnet101",
    "resnetv2_50",
    "legacy_xception",
    "inception_v3",
    "inception_resnet_v2",
    "mobilenetv2_100",
    "densenet121",
    "densenet169",
    "densenet201",
    "nasnetalarge",
    "efficientnet_b0",
    "residual_baseline",
    "vit_tiny_patch16_224",
    "swin_tiny_patch4_window7_224",
    "convnext_atto",
    "regnety_002",
    "mobilenetv3_small_100",
    "ghostnet_100",
    "maxvit_tiny_rw_224",
    "edgenext_xx_small",
)
_COLUMNS = (
    "network",
    "GFLOP",
    "torch float32",
    "torch bfloat16",
    "ONNX Runtime",
    "difference",
    "export s",
    "graph MB",
    "weights MB",
)
_TRAINING = "train float32", "train bfloat16"


def make_network(name, size):
    """Return a network with a head, in inference mode."""
    backbone = make_backbone(name, weights=None, image_size=(size, size))
    network = ClassificationNetwork(backbone, Head(backbone.num_features, 3))
    network.set_trainable("head")
    return network.to(memory_format=torch.channels_last).eval()


def measure(name, options, folder):
    """Return the row of a network."""
    size = options.image_size
    network = make_network(name, size)
    graph, n_bytes, seconds, difference = _export(network, (size, size), folder)
    rates = forward_rates(
        network, (size, size), n_images=options.images, n_rounds=options.rounds
    )
    row = [
        name,
        f"{network.count_operations((size, size)) / 1e9:.2f}",
        *(f"{value:.1f}" for value in rates.values()),
        *["no graph"] * (graph is None),
        f"{difference:.0e}",
        f"{seconds:.1f}",
        f"{n_bytes / 1e6:.2f}",
        f"{sum(t.nbytes for t in network.state_dict().values()) / 1e6:.0f}",
    ]
    if options.train:
        row += [f"{value:.1f}" for value in train(network, size, options)]
    return row


def _export(network, image_size, folder):
    """Return a graph, its bytes, the seconds it took, and its difference to torch."""
    graph, shape = NetworkGraph(network, image_size, folder), (1, 1, *image_size)
    started = time.perf_counter()
    try:
        n_bytes = len(fetch_graph(graph.part, shape, folder))
        seconds = time.perf_counter() - started
        images = torch.rand((4, *shape[1:]))
        with torch.no_grad():
            expected = network.features(images)
        difference = (graph.compute(images) - expected).abs().max()
        return graph, n_bytes, seconds, float(difference / expected.abs().max())
    except GraphError as error:
        print(f"{network.backbone.name} has no graph: {error}")
        return None, 0, float("nan"), float("nan")


def train(network, size, options):
    """Return the images per second of training steps in float32 and bfloat16."""
    network.set_trainable("all")
    network.train()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-6, fused=True)
    images, labels = torch.rand((8, 1, size, size)), torch.arange(8) % 3

    def step(dtype):
        start = time.perf_counter()
        optimizer.zero_grad()
        with autocast("cpu", dtype):
            outputs = network(images)
        torch.nn.functional.cross_entropy(outputs, labels).backward()
        optimizer.step()
        return len(images) / (time.perf_counter() - start)

    types = None, torch.bfloat16
    rounds = [[step(dtype) for dtype in types] for _ in range(options.rounds + 1)]
    return np.median(rounds[1:], axis=0)


def main(arguments=None):
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", help="names of timm; default: all")
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--images", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--train", action="store_true", help="also training steps")
    options = parser.parse_args(arguments)
    columns = _COLUMNS + (_TRAINING if options.train else ())
    print(" | ".join(columns))
    with tempfile.TemporaryDirectory() as folder:
        for name in options.networks or NETWORKS:
            row = measure(name, options, folder)
            print(" | ".join(row), flush=True)
    for name, value in environment("cpu").items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
