"""The generator that dropout in the calling thread draws from.

torch has one generator for all threads of a process, so that what a training draws from
it depends on the trainings in other threads.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_local = threading.local()


@contextmanager
def drawing_from(generator: torch.Generator) -> Iterator[None]:
    """Let dropout in the calling thread draw from a generator.

    Parameters
    ----------
    generator : torch.Generator
        Of the device on which the network computes.
    """
    before = current_generator()
    _local.generator = generator
    try:
        yield
    finally:
        _local.generator = before


def current_generator() -> torch.Generator | None:
    """Return the generator of :func:`drawing_from`, or None for torch's own."""
    return getattr(_local, "generator", None)
