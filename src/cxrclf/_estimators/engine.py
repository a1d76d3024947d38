"""The engine of an estimator: its checks, and the graph of its network."""

from cxrclf._onnx.versions import is_available, require
from cxrclf._torch.device import resolve_device
from cxrclf._training.engine import resolve_engine
from cxrclf._training.network_graph import NetworkGraph
from cxrclf._utils.user_warnings import warn_user
from cxrclf.exceptions import EngineWarning


def check_engine(estimator):
    """Check the parameters that ONNX Runtime excludes.

    Parameters
    ----------
    estimator : ImageEstimator

    Raises
    ------
    MissingDependencyError
        If a package is not installed.
    ValueError
        If two parameters exclude each other.
    """
    precision = estimator.precision
    if precision == "int8":
        _check_int8(estimator)
    if estimator.engine != "onnxruntime":
        return
    if precision not in ("auto", "float32", "int8"):
        raise ValueError(
            'engine="onnxruntime" computes in float32, but precision is '
            f'{precision!r}. Set precision="auto" or engine="torch".'
        )
    if estimator.compile:
        raise ValueError(
            'compile=True compiles for torch. Set compile=False or engine="torch".'
        )
    require('engine="onnxruntime"')


def _check_int8(estimator):
    """Check the parameters that integers of 8 bits exclude."""
    if estimator.trainable not in ("head", 0) or estimator.head_epochs:
        raise ValueError(
            'precision="int8" needs a frozen body, because integers have no gradients. '
            'Set trainable="head" and head_epochs=0.'
        )
    if estimator.engine == "torch" or estimator.compile:
        raise ValueError(
            'precision="int8" is computed by ONNX Runtime. Set engine="auto" and '
            "compile=False."
        )
    if resolve_device(estimator.device).type != "cpu":
        raise ValueError(
            'precision="int8" is for CPUs, but device is '
            f'{estimator.device!r}. Set device="cpu", or precision="auto".'
        )
    require('precision="int8"')


def make_graph(estimator, module, device, recorded=None):
    """Return the graph of an estimator's network.

    Parameters
    ----------
    estimator : ImageEstimator
    module : Network
    device : torch.device
    recorded : {"torch", "onnxruntime"} or None, default=None
        Engine of an earlier net around the same weights.

    Returns
    -------
    NetworkGraph or None
        None if torch computes.

    Raises
    ------
    MissingDependencyError
        If a package is not installed that the parameters need.

    Warns
    -----
    EngineWarning
        If ONNX Runtime is recorded and not installed.
    """
    if _choose_engine(estimator, module, device, recorded) == "torch":
        return None
    return NetworkGraph(
        module,
        estimator.image_size_,
        estimator.cache_dir,
        quantized=estimator.precision == "int8",
    )


def _choose_engine(estimator, module, device, recorded):
    if recorded is None:
        return resolve_engine(
            estimator.engine,
            estimator.precision,
            device,
            module,
            estimator.image_size_,
            compiled=estimator.compile,
        )
    if recorded == "torch" or device.type != "cpu":
        return "torch"
    if estimator.precision == "int8":
        require('precision="int8"')
    if not is_available():
        warn_user(
            f"This {type(estimator).__name__} was fitted with ONNX Runtime, which is "
            "not installed here. torch computes its predictions, with the same "
            'results except for rounding. Install it with: pip install "cxrclf[fast]"',
            EngineWarning,
        )
        return "torch"
    return recorded
