"""A GPU for tests on a machine without one.

``pretend(monkeypatch)`` lets torch have a device "cuda:0" until the test ends. Its
tensors hold their numbers on the CPU, so that results can be compared with those of a
CPU; an operation that would fail on a GPU, or make the CPU wait within
``nobody_waits``, fails.
"""

from pretend_cuda._loops import guard_loops
from pretend_cuda._stand_ins import pretend
from pretend_cuda._tensor import DeviceTensor, nobody_waits

__all__ = ["DeviceTensor", "guard_loops", "nobody_waits", "pretend"]
