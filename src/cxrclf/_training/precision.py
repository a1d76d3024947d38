"""In which precision and in which batches a network runs on a device."""

import math
import platform
from functools import cache
from pathlib import Path

import torch

PRECISIONS = ("auto", "float32", "bfloat16", "float64")
# Pixels, and images at most, of a batch that is not trained on. On a CPU each thread
# has one, and four images of 224 px are as fast as sixteen, in a quarter of the memory.
_INFERENCE_BATCH = {"cpu": (4 * 224**2, 16), "cuda": (128 * 224**2, 1024)}


def resolve_precision(precision, device):
    """Return the parameters' type and the autocast type of the body, or None.

    Parameters
    ----------
    precision : {"auto", "float32", "bfloat16", "float64"}
        ``"auto"`` is bfloat16 where the processor computes faster in it than in
        float32: on a GPU with bfloat16, and on a CPU with AMX or an AMD CPU with
        AVX512-BF16. Else it is float32. The rule depends on the processor alone, so
        that a machine always chooses alike.
    device : torch.device
        Where the network runs.

    Returns
    -------
    dtype : torch.dtype
        Type of the parameters.
    autocast_dtype : torch.dtype or None
        Type in which convolutions compute; None for that of the parameters.
    """
    if precision == "auto":
        precision = "bfloat16" if _has_fast_bfloat16(device) else "float32"
    if precision == "float64":
        return torch.float64, None
    return torch.float32, torch.bfloat16 if precision == "bfloat16" else None


def _has_fast_bfloat16(device):
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        # Private, and the only run-time checks that torch offers for the CPU.
        amx, avx512_bf16 = (
            getattr(torch.cpu, name, bool)()
            for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
        )
        # An Intel CPU without AMX has the instructions and is slower with them:
        # measured, 0.6 times the images per second of float32.
        return amx or (avx512_bf16 and "AuthenticAMD" in processor_name())
    return False


@cache
def processor_name():
    """Return the maker and the model of the processor."""
    info = Path("/proc/cpuinfo")
    if not info.is_file():
        return platform.processor()
    lines = info.read_text().partition("\n\n")[0].splitlines()  # of the first core
    names = "vendor_id", "cpu family", "model", "stepping"
    return " ".join(line for line in lines if line.startswith(names))


def inference_batch_size(device, image_size):
    """Return how many images a forward pass without gradients takes at once.

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
    """Return a context in which the device computes in `dtype`, if one is given."""
    return torch.autocast(
        torch.device(device).type, dtype=dtype, enabled=dtype is not None
    )
