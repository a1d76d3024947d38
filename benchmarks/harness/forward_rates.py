"""Images per second of a network without gradients, in each engine."""

import time

import numpy as np
import torch

from cxrclf._onnx.graph import GraphError
from cxrclf._torch.threads import usable_threads
from cxrclf._training.forward import forward_batches
from cxrclf._training.network_graph import NetworkGraph
from cxrclf._training.precision import inference_batch_size


def forward_rates(network, image_size, *, n_images=32, n_rounds=3):
    """Measure the forward pass of the network before its head, without any other work.

    Each thread computes its own batch or image, as in the estimators. The engines run
    in turn in each round.

    Parameters
    ----------
    network : ClassificationNetwork
        Network in inference mode, channels last.
    image_size : (int, int)
    n_images : int, default=32
        Number of random gray images.
    n_rounds : int, default=3
        Number of measured rounds, after a warm-up round.

    Returns
    -------
    dict of str to float
        Median of the images per second for "torch float32", "torch bfloat16" and, if
        ONNX Runtime is installed and has a graph, "ONNX Runtime".
    """
    images = torch.rand((n_images, 1, *image_size))
    graph = NetworkGraph(network, image_size, None)

    def in_torch(rows, n):
        return network.features(images[torch.from_numpy(rows)])

    def in_graph(rows, n):
        return graph.compute(images[torch.from_numpy(rows)][:n])

    ways = {
        "torch float32": (in_torch, None),
        "torch bfloat16": (in_torch, torch.bfloat16),
    }
    try:
        graph.prepare(1)
    except (ImportError, GraphError) as error:
        print(f"ONNX Runtime is left out: {error}")
    else:
        ways["ONNX Runtime"] = in_graph, None
    rounds = [
        [_measure(*way, n_images, image_size) for way in ways.values()]
        for _ in range(n_rounds + 1)
    ]
    medians = np.median(rounds[1:], axis=0).tolist()
    return dict(zip(ways, medians, strict=True))


def _measure(function, autocast_dtype, n_images, image_size):
    device = torch.device("cpu")
    started = time.perf_counter()
    for _ in forward_batches(
        function,
        n_images,
        inference_batch_size(device, image_size),
        device=device,
        autocast_dtype=autocast_dtype,
        n_threads=usable_threads(None),
    ):
        pass
    return n_images / (time.perf_counter() - started)
