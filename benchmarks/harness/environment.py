"""The machine and the software versions of a measurement."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = (
    "cxrclf",
    "torch",
    "torchvision",
    "timm",
    "onnx",
    "onnxruntime",
    "onnxscript",
    "skorch",
    "scikit-learn",
    "numpy",
    "pillow",
    "fastai",
    "keras",
    "tensorflow-cpu",
    "tensorflow",
)


def environment(device):
    """Return the machine and the software versions, as a dict of str."""
    described = {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "system": platform.platform(),
        "python": platform.python_version(),
    }
    if device != "cpu":
        import torch

        described["device"] = torch.cuda.get_device_name(device)
    for package in _PACKAGES:
        try:
            described[package] = version(package)
        except PackageNotFoundError:
            continue
    return described


def _processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    fields = {name.strip(): value.strip() for name, value in fields.items()}
    flags = set(fields.get("flags", "").split())
    narrow = sorted(flags & {"amx_bf16", "avx512_bf16"})
    name = fields.get("model name", platform.processor())
    return f"{name} ({', '.join(narrow) or 'no bfloat16'})"
