"""The precision and the size of inference batches of a device."""

import math
import platform
from functools import cache
from pathlib import Path

import torch

PRECISIONS = ("auto", "float32", "bfloat16", "float64", "int8")
# Maximum numbers of pixels and of images per batch of a forward pass without gradients.
# On a CPU each thread computes one batch. Batches of four images of 224 px are as fast
# as batches of sixteen, and need a quarter of the memory.
_INFERENCE_BATCH = {"cpu": (4 * 224**2, 16), "cuda": (128 * 224**2, 1024)}


def resolve_precision(precision, device):
    """Return the type of the parameters and the autocast type of the body.

    Parameters
    ----------
    precision : {"auto", "float32", "bfloat16", "float64", "int8"}
        With "int8", ONNX Runtime computes the body, and torch computes in float32.
        ``"auto"`` chooses bfloat16 where the processor is faster with it: on a GPU with
        bfloat16, on a CPU with AMX, and on an AMD CPU with AVX512-BF16. Elsewhere it
        chooses float32. The rule depends on the processor alone, so that a machine
        always makes the same choice.
    device : torch.device
        Device of the network.

    Returns
    -------
    dtype : torch.dtype
        Type of the parameters.
    autocast_dtype : torch.dtype or None
        Type in which convolutions compute. None stands for the type of the parameters.
    """
    if precision == "auto":
        precision = "bfloat16" if has_fast_bfloat16(device) else "float32"
    if precision == "float64":
        return torch.float64, None
    return torch.float32, torch.bfloat16 if precision == "bfloat16" else None


def has_fast_bfloat16(device):
    """Return whether a device is faster in bfloat16 than in float32, in torch.

    Parameters
    ----------
    device : torch.device

    Returns
    -------
    bool
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        # An Intel CPU without AMX has the instructions, and is slower with them: it was
        # measured at 0.6 times the images per second of float32.
        avx512_bf16 = _cpu_has("_is_avx512_bf16_supported")
        return has_amx() or (avx512_bf16 and "AuthenticAMD" in processor_name())
    return False


def has_amx():
    """Return whether the CPU has AMX, the matrix instructions of Intel."""
    return _cpu_has("_is_amx_tile_supported")


def _cpu_has(name):
    # These functions are private. torch has no public check of the CPU at run time.
    return getattr(torch.cpu, name, bool)()


@cache
def processor_name():
    """Return the vendor and the model of the processor."""
    info = Path("/proc/cpuinfo")
    if not info.is_file():
        return platform.processor()
    lines = info.read_text().partition("\n\n")[0].splitlines()  # first core
    names = "vendor_id", "cpu family", "model", "stepping"
    return " ".join(line for line in lines if line.startswith(names))


def inference_batch_size(device, image_size):
    """Return the number of images per batch of a forward pass without gradients.

    Parameters
    ----------
    device : torch.device
    image_size : (int, int)
        Height and width.

    Returns
    -------
    int
    """
    pixels, most = _INFERENCE_BATCH.get(device.type, _INFERENCE_BATCH["cuda"])
    return min(max(pixels // math.prod(image_size), 1), most)


def autocast(device, dtype):
    """Return a context of autocast to `dtype`. With None it does nothing."""
    return torch.autocast(
        torch.device(device).type, dtype=dtype, enabled=dtype is not None
    )
