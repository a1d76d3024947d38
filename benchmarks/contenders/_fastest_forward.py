"""The fastest bare forward pass of a network on this machine."""

import io
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout

import numpy as np
import torch

from contenders.bare import has_bfloat16
from cxrclf._training.allocator import keep_memory

_PER_THREAD = 4  # images per batch, if each thread of torch computes its own batch
_TOGETHER = (4, 8)  # images per batch, if all threads compute a batch together
# An engine that is slower than this share of the fastest one in the warm-up round is
# not measured again.
_LEAST_SHARE = 0.4


def fastest_forward(network, image_shape, *, n_rounds):
    """Measure the forward pass of a network in several engines, and return the best.

    The engines run in turn in each round. They use torch's number of threads, and
    nothing of the estimators but the option that keeps freed memory in the process.

    Parameters
    ----------
    network : torch.nn.Module
        Network with one input and one output.
    image_shape : (int, int, int)
        Number of channels, height and width.
    n_rounds : int
        Number of measured rounds, after a warm-up round.

    Returns
    -------
    dict
        ``forward_per_second``, the median of the images per second in the fastest
        engine, and its name ``engine``. The name also has the reason if ONNX Runtime
        was not measured.
    """
    n_threads = torch.get_num_threads()
    shape = 2 * _PER_THREAD * n_threads, *image_shape  # two batches per thread
    images = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    network = network.eval().requires_grad_(False)
    # A thread of this pool computes each layer alone. Other threads are not affected.
    pool = ThreadPoolExecutor(
        n_threads, initializer=torch.set_num_threads, initargs=(1,)
    )
    reason = ""
    with pool, keep_memory():
        engines = _onnx_engines(network, images[:2], n_threads, pool)
        if isinstance(engines, str):
            engines, reason = {}, f" (without ONNX Runtime: {engines})"
        engines |= _torch_engines(network, pool)
        first = {name: _measure(compute, images) for name, compute in engines.items()}
        least = _LEAST_SHARE * max(first.values())
        rates = {name: [] for name, rate in first.items() if rate >= least}
        for _ in range(n_rounds):
            for name, values in rates.items():
                values.append(_measure(engines[name], images))
    medians = {name: float(np.median(values)) for name, values in rates.items()}
    best = max(medians, key=medians.get)
    return {"forward_per_second": medians[best], "engine": best + reason}


def _measure(compute, images):
    # The threads of the engine before this one may still wait actively.
    compute(images[: len(images) // 2])
    started = time.perf_counter()
    compute(images)
    return len(images) / (time.perf_counter() - started)


def _torch_engines(network, pool):
    """Return functions of images by name: torch, channels last."""
    network = network.to(memory_format=torch.channels_last)

    def forward(batch, dtype):
        batch = batch.contiguous(memory_format=torch.channels_last)
        with torch.inference_mode(), torch.autocast("cpu", dtype, dtype is not None):
            return network(batch)

    types = {"torch float32": None}
    if has_bfloat16(torch.device("cpu")):
        types["torch bfloat16"] = torch.bfloat16
    engines = {}
    for name, dtype in types.items():
        engines |= _ways(name, lambda b, dtype=dtype: forward(b, dtype), pool)
    return engines


def _ways(name, forward, pool, alone=None):
    """Return the ways to compute images: a batch per thread, and all threads together.

    Parameters
    ----------
    name : str
    forward : callable
        Function of a batch that uses all threads.
    pool : ThreadPoolExecutor
    alone : callable, default=None
        Function of a batch that uses one thread. If None, `forward` in a thread of the
        pool.
    """
    size = _PER_THREAD if alone is None else 1

    def per_thread(images):
        return list(pool.map(alone or forward, images.split(size)))

    ways = {f"{name}, {size} per thread": per_thread}
    for together in _TOGETHER:
        ways[f"{name}, batches of {together}"] = lambda images, size=together: [
            forward(batch) for batch in images.split(size)
        ]
    return ways


def _onnx_engines(network, images, n_threads, pool):
    """Return functions of images by name, or the reason why there are none."""
    try:
        import onnxruntime

        # The export prints its progress.
        with redirect_stdout(io.StringIO()):
            program = torch.onnx.export(
                network.to(memory_format=torch.contiguous_format),
                (images,),
                dynamo=True,
                optimize=True,
                dynamic_shapes=({0: torch.export.Dim("n")},),
                verbose=False,
            )
        graph = program.model_proto.SerializeToString()
        one, every = (_session(onnxruntime, graph, n) for n in (1, n_threads))
    except ImportError as error:
        return f"{error.name} is not installed"
    except Exception as error:  # of many types, for a network that has no graph
        return f"{type(error).__name__}"
    return _ways("ONNX Runtime float32", every, pool, alone=one)


def _session(onnxruntime, graph, n_threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        graph, options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    return lambda batch: torch.from_numpy(session.run(None, {name: batch.numpy()})[0])
