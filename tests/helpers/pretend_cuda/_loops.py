"""The loops of the library in which the CPU must not wait for the device."""

import functools

from cxrclf._training.batches import Batches
from cxrclf._training.feature_samples import FeatureSamples
from cxrclf._training.samples import PixelSamples
from cxrclf.nets._network import Network
from pretend_cuda._tensor import nobody_waits

_STEPS = [
    (PixelSamples, "inputs"),
    (PixelSamples, "truth"),
    (FeatureSamples, "inputs"),
    (Network, "__call__"),
]


def guard_loops(monkeypatch, nobody_waits=nobody_waits):
    """Fail where the CPU waits for the device in the loop over batches.

    Parameters
    ----------
    monkeypatch : pytest.MonkeyPatch
    nobody_waits : callable, optional
        Takes the name of a step, returns the context in which it is taken.
    """

    def guarded(function, step):
        @functools.wraps(function)
        def guarded_function(*args, **kwargs):
            with nobody_waits(step):
                return function(*args, **kwargs)

        return guarded_function

    for cls, name in _STEPS:
        step = f"{cls.__name__}.{name}"
        monkeypatch.setattr(cls, name, guarded(getattr(cls, name), step))
    batches = Batches.__iter__

    @functools.wraps(batches)
    def guarded_batches(self):
        for batch in batches(self):
            with nobody_waits("a step of the training"):
                yield batch

    monkeypatch.setattr(Batches, "__iter__", guarded_batches)
