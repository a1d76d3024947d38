"""Forward passes in batches."""

import threading
import time

import pytest
import torch

from cxrclf._training import forward

CPU = torch.device("cpu")


def test_batches_that_nobody_waits_for_are_not_computed():
    begun = []

    def function(rows):
        begun.append(rows[0])
        if rows[0] == 0:
            raise KeyboardInterrupt
        time.sleep(0.05)
        return torch.zeros(len(rows))

    results = forward.forward_batches(
        function, 40, 1, device=CPU, autocast_dtype=None, n_threads=2
    )
    with pytest.raises(KeyboardInterrupt):
        list(results)
    time.sleep(0.5)
    assert len(begun) < 10


def test_one_thread_computes_in_the_callers_own():
    found = []

    def function(rows):
        found.append(threading.current_thread())
        return torch.zeros(len(rows))

    list(
        forward.forward_batches(
            function, 9, 2, device=CPU, autocast_dtype=None, n_threads=1
        )
    )
    assert set(found) == {threading.current_thread()}
