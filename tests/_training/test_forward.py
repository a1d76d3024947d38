"""Forward passes in batches."""

import threading
import time

import pytest
import torch

from cxrclf._training import forward

CPU = torch.device("cpu")


def test_batches_that_nobody_waits_for_are_not_computed():
    begun = []

    def function(rows, n):
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

    def function(rows, n):
        found.append(threading.current_thread())
        return torch.zeros(len(rows))

    list(
        forward.forward_batches(
            function, 9, 2, device=CPU, autocast_dtype=None, n_threads=1
        )
    )
    assert set(found) == {threading.current_thread()}


# Functions at the same time -----------------------------------------------------------


@pytest.mark.parametrize(("n_threads", "each"), [(1, 1), (2, 1), (3, 1), (4, 2)])
def test_functions_share_the_threads(n_threads, each):
    before = torch.get_num_threads()
    functions = [lambda k=k: (k, torch.get_num_threads()) for k in range(2)]
    assert forward.run_parallel(functions, n_threads) == [(0, each), (1, each)]
    assert torch.get_num_threads() == before


def test_functions_run_at_the_same_time():
    barrier = threading.Barrier(2, timeout=60)
    # A barrier opens when both functions wait at it.
    assert sorted(forward.run_parallel([barrier.wait, barrier.wait], 2)) == [0, 1]


def test_an_error_is_raised_after_the_other_function_has_ended():
    ended = []

    def fail():
        raise RuntimeError("first")

    def run():
        time.sleep(0.05)
        ended.append(True)

    with pytest.raises(RuntimeError, match="first"):
        forward.run_parallel([fail, run], 2)
    assert ended
