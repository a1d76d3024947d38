"""The optional packages of ONNX and their versions."""

import importlib.util
from functools import cache
from importlib.metadata import version

from cxrclf._utils.optional import import_optional

_EXPORT = ("onnx", "onnxscript")  # packages that make a graph
_EXTRA = "fast"


@cache
def is_available() -> bool:
    """Return whether the packages that make and run graphs are installed."""
    names = "onnxruntime", *_EXPORT
    return all(importlib.util.find_spec(name) is not None for name in names)


def require(purpose: str) -> None:
    """Import the packages that make and run graphs.

    Parameters
    ----------
    purpose : str
        Feature that needs them. The error message starts with this text.

    Raises
    ------
    MissingDependencyError
        If one of them is not installed.
    """
    for name in ("onnxruntime", *_EXPORT):
        import_optional(name, extra=_EXTRA, purpose=purpose)


def export_versions() -> dict[str, str]:
    """Return the versions of the packages that decide the content of a graph."""
    names = "cxrclf", "torch", "torchvision", "timm", *_EXPORT
    return {name: version(name) for name in names}
