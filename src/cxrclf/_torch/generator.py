"""A random generator per thread, for dropout.

torch has one generator for all threads of a process. The numbers that a training draws
from it depend on the trainings in other threads. A generator per thread avoids this.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_local = threading.local()


@contextmanager
def use_generator(generator: torch.Generator) -> Iterator[None]:
    """Set the generator of dropout in the calling thread.

    Parameters
    ----------
    generator : torch.Generator
        Generator on the device of the network.
    """
    before = current_generator()
    _local.generator = generator
    try:
        yield
    finally:
        _local.generator = before


def current_generator() -> torch.Generator | None:
    """Return the generator of the calling thread, or None for torch's own."""
    return getattr(_local, "generator", None)
