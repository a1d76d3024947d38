"""The optional packages of ONNX and their versions."""

import importlib.util
from functools import cache
from importlib.metadata import version

import cxrclf
from cxrclf._utils.optional import import_optional
from cxrclf.exceptions import MissingDependencyError

_EXPORT = ("onnx", "onnxscript")  # packages that make a graph
_EXTRA = "fast"
_LEAST_TORCH = 2, 9  # the exporter of earlier versions fails for many networks


@cache
def is_available() -> bool:
    """Return whether the packages that make and run graphs are installed."""
    names = "onnxruntime", *_EXPORT
    found = all(importlib.util.find_spec(name) is not None for name in names)
    return found and _torch_version() >= _LEAST_TORCH


def require(purpose: str) -> None:
    """Import the packages that make and run graphs.

    Parameters
    ----------
    purpose : str
        Feature that needs them. The error message starts with this text.

    Raises
    ------
    MissingDependencyError
        If one of them is not installed, or torch is too old.
    """
    for name in ("onnxruntime", *_EXPORT):
        import_optional(name, extra=_EXTRA, purpose=purpose)
    if _torch_version() < _LEAST_TORCH:
        least = ".".join(map(str, _LEAST_TORCH))
        raise MissingDependencyError(
            f"{purpose} needs torch {least} or later, and {version('torch')} is "
            f'installed. Install it with: pip install "torch>={least}"'
        )


def _torch_version() -> tuple[int, ...]:
    return tuple(int(number) for number in version("torch").split(".")[:2])


def runtime_version() -> str:
    """Return the version of ONNX Runtime, whichever package installed it."""
    import onnxruntime

    return str(onnxruntime.__version__)


def export_versions() -> dict[str, str]:
    """Return the versions of the packages that decide the content of a graph."""
    names = "torch", "torchvision", "timm", *_EXPORT
    versions = {name: version(name) for name in names}
    return {"cxrclf": cxrclf.__version__, **versions}
