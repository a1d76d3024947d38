"""The engine of predictions and of the features of a frozen body."""

from cxrclf._onnx.versions import is_available, require
from cxrclf._training.precision import has_amx, has_fast_bfloat16

ENGINES = ("auto", "torch", "onnxruntime")
# Numbers of operations per image. A smaller network is computed faster than its graph
# is made. A larger network is faster in bfloat16, on a processor that has it: there the
# convolutions take most of the time, and not the memory and the calls between them.
_LEAST_WORK = 2e8
_MOST_WORK = 1e9
# Operations of networks. The key holds their layers and the image size. They are cached
# because counting them takes longer than training a head on cached features.
_OPERATIONS = {}


def resolve_engine(engine, precision, device, module, image_size, *, compiled=False):
    """Return the engine that computes a network without gradients.

    The rule depends on the processor, the installed packages, the network and the image
    size alone. So it is the same for one image and for a thousand.

    Parameters
    ----------
    engine : {"auto", "torch", "onnxruntime"}
        ``"auto"`` chooses ONNX Runtime on a CPU, if it is installed, `precision` is
        "auto" or "float32", and the network has 2e8 operations per image or more. On a
        CPU that is fast in bfloat16, it chooses torch with ``precision="auto"``, except
        for networks of less than 1e9 operations on a CPU without AMX.
    precision : {"auto", "float32", "bfloat16", "float64", "int8"}
        Parameter of the estimator.
    device : torch.device
    module : Network
    image_size : (int, int)
    compiled : bool, default=False
        Whether ``torch.compile`` compiles the network.

    Returns
    -------
    {"torch", "onnxruntime"}

    Raises
    ------
    MissingDependencyError
        If `engine` is "onnxruntime" and a package is not installed.
    """
    if precision == "int8":
        require('precision="int8"')
        return "onnxruntime"
    if engine == "onnxruntime":
        require('engine="onnxruntime"')
        return engine if device.type == "cpu" else "torch"
    if (
        engine == "torch"
        or device.type != "cpu"
        or compiled
        or precision not in ("auto", "float32")
        or not is_available()
    ):
        return "torch"
    most = float("inf")
    if precision == "auto" and has_fast_bfloat16(device):
        most = 0 if has_amx() else _MOST_WORK
    work = _count_operations(module, image_size) if most else 0
    return "onnxruntime" if _LEAST_WORK <= work < most else "torch"


def _count_operations(module, image_size):
    # The head of a classification network is not counted.
    part = module.backbone if hasattr(module, "features") else module
    key = repr(part), module.normalization, tuple(image_size)
    if key not in _OPERATIONS:
        _OPERATIONS[key] = module.count_operations(image_size)
    return _OPERATIONS[key]
