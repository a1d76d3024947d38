"""Torch's number of threads, for one thread of Python at a time."""

import threading

import pytest
import torch

from cxrclf._torch import threads
from cxrclf._torch.threads import limit_threads, usable_threads


@pytest.fixture(autouse=True)
def four_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


def in_new_thread(function):
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def test_the_limit_is_that_of_the_calling_thread():
    with limit_threads(1):
        assert torch.get_num_threads() == 1
        assert in_new_thread(torch.get_num_threads) == 4
    assert torch.get_num_threads() == 4
    assert in_new_thread(torch.get_num_threads) == 4


def test_an_error_ends_the_limit():
    with pytest.raises(ZeroDivisionError), limit_threads(2):
        1 / 0  # noqa: B018
    assert torch.get_num_threads() == 4


def test_overlapping_limits_of_two_threads_do_not_mix():
    inside, leave = threading.Event(), threading.Event()

    def first():
        with limit_threads(1):
            inside.set()
            leave.wait(30)
        return torch.get_num_threads()

    found = []
    thread = threading.Thread(target=lambda: found.append(first()))
    thread.start()
    assert inside.wait(30)
    with limit_threads(2):
        leave.set()
        thread.join()
        assert torch.get_num_threads() == 2
    assert found == [4]
    assert torch.get_num_threads() == 4
    assert in_new_thread(torch.get_num_threads) == 4


def test_torchs_own_number_is_that_outside_of_limits():
    with limit_threads(2), limit_threads(1):
        assert usable_threads(None) == 4
        assert usable_threads(3) == 3
    assert usable_threads(None) == 4


def test_a_new_thread_finds_no_limit_of_another_one():
    stop, found = threading.Event(), []

    def limit_all_the_time():
        while not stop.is_set():
            with limit_threads(1):
                pass

    thread = threading.Thread(target=limit_all_the_time)
    thread.start()
    found = {in_new_thread(lambda: usable_threads(None)) for _ in range(500)}
    stop.set()
    thread.join()
    assert found == {4}


@pytest.mark.parametrize("step", range(4))
def test_an_interrupt_at_any_step_gives_the_number_back(monkeypatch, step):
    """Torch's number is asked for or set four times on the way in."""
    calls = []
    original = threads._in_new_thread

    def interrupted(*args):
        calls.append(args)
        result = original(*args)
        if len(calls) == step + 1:
            raise KeyboardInterrupt
        return result

    monkeypatch.setattr(threads, "_in_new_thread", interrupted)
    with pytest.raises(KeyboardInterrupt), limit_threads(1):
        pass
    assert torch.get_num_threads() == 4
    assert usable_threads(None) == 4
    assert in_new_thread(torch.get_num_threads) == 4


def test_layers_are_computed_by_so_many_threads():
    """MKL has a number of its own, which must follow."""
    a = torch.rand(700, 700)

    def n_busy():
        info = torch.__config__.parallel_info()
        lines = dict(
            line.strip().split(" : ") for line in info.splitlines() if " : " in line
        )
        return {int(v) for k, v in lines.items() if k.endswith("get_max_threads()")}

    with limit_threads(1):
        assert n_busy() == {1}
        a @ a
    assert n_busy() == {4}
