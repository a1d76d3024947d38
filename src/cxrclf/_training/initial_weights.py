"""InitialWeights: draw initial weights without torch's global generator."""

import torch
from torch.utils._python_dispatch import TorchDispatchMode


class InitialWeights(TorchDispatchMode):
    """Context in which the weights of new networks are drawn from a seed.

    Networks draw their weights from torch's global generator, which all threads of a
    process share. In this context, each operation that draws gets another generator.
    The context holds for the calling thread. The weights are equal to the weights
    after ``torch.manual_seed(seed)``.

    Parameters
    ----------
    seed : int
    """

    def __init__(self, seed):
        super().__init__()
        self._generator = torch.Generator().manual_seed(seed)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        """Run an operation of torch, with the generator if the operation draws."""
        kwargs = dict(kwargs or {})
        draws = torch.Tag.nondeterministic_seeded in func.tags
        if draws and kwargs.get("generator") is None and _is_on_cpu(args, kwargs):
            func, kwargs["generator"] = _find_overload(func), self._generator
        return func(*args, **kwargs)


def _is_on_cpu(args, kwargs):
    tensors = [value for value in args if isinstance(value, torch.Tensor)]
    device = tensors[0].device if tensors else kwargs.get("device")
    return torch.device(device or "cpu").type == "cpu"


def _find_overload(func):
    """Return the overload of an operation that has the argument ``generator``."""
    packet, name = func.overloadpacket, func._overloadname
    for overload in (name, f"{name}_generator", "generator"):
        if overload in packet.overloads():
            found = getattr(packet, overload)
            if any(
                argument.name == "generator" for argument in found._schema.arguments
            ):
                return found
    raise NotImplementedError(
        f"The weights of a network cannot be drawn with {packet}, which has no "
        "argument generator."
    )
