"""Initial weights drawn from a generator of the fit's own."""

import torch
from torch.utils._python_dispatch import TorchDispatchMode


class InitialWeights(TorchDispatchMode):
    """Draw the weights of networks that are made in this context from a seed.

    A network draws from torch's global generator, which all threads of a process share.
    In this context, which is that of one thread, each operation that draws gets another
    generator instead. The weights are those that ``torch.manual_seed(seed)`` gives.

    Parameters
    ----------
    seed : int
    """

    def __init__(self, seed):
        super().__init__()
        self._generator = torch.Generator().manual_seed(seed)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        """Run an operation of torch."""
        kwargs = dict(kwargs or {})
        draws = torch.Tag.nondeterministic_seeded in func.tags
        if draws and kwargs.get("generator") is None and _on_cpu(args, kwargs):
            func, kwargs["generator"] = _with_generator(func), self._generator
        return func(*args, **kwargs)


def _on_cpu(args, kwargs):
    tensors = [value for value in args if isinstance(value, torch.Tensor)]
    device = tensors[0].device if tensors else kwargs.get("device")
    return torch.device(device or "cpu").type == "cpu"


def _with_generator(func):
    """Return the overload of an operation that takes a generator."""
    packet, name = func.overloadpacket, func._overloadname
    for overload in (name, f"{name}_generator", "generator"):
        if overload in packet.overloads():
            found = getattr(packet, overload)
            if any(
                argument.name == "generator" for argument in found._schema.arguments
            ):
                return found
    raise NotImplementedError(
        f"The weights of a network cannot be drawn with {packet}, which takes no "
        "generator."
    )
