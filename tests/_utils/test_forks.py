"""Locks in a forked process, whose parent's threads are not there to release them."""

import os
import threading
import warnings

import pytest

from cxrclf._utils import disk
from cxrclf.images import _read_image

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="has no fork"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
]


def true_in_child(check):
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if check() else 1)
        finally:
            os._exit(2)
    return os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize(
    ("module", "name"), [(disk, "_seeking"), (_read_image, "_quiet_lock")]
)
def test_a_lock_that_a_thread_of_the_parent_holds_is_free(module, name):
    with getattr(module, name):
        assert true_in_child(lambda: getattr(module, name).acquire(timeout=10))


def test_warnings_that_a_thread_of_the_parent_mutes_are_heard_in_the_child():
    before = list(warnings.filters)
    inside, leave = threading.Event(), threading.Event()

    def decode():
        with _read_image.quiet_decoders():
            inside.set()
            leave.wait(60)

    def heard():
        with _read_image.quiet_decoders():
            muted = warnings.filters != before
        return muted and warnings.filters == before

    thread = threading.Thread(target=decode)
    thread.start()
    inside.wait(60)
    assert warnings.filters != before
    assert true_in_child(heard)
    leave.set()
    thread.join()
    assert warnings.filters == before


def test_a_process_forked_within_the_block_leaves_it():
    with _read_image.quiet_decoders():
        child = os.fork()
    if child == 0:
        os._exit(
            0
            if (_read_image._quiet_users, _read_image._quiet_lock.locked()) == (0, 0)
            else 1
        )
    assert os.waitpid(child, 0)[1] == 0
    assert _read_image._quiet_users == 0
