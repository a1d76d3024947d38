"""The generator that dropout of a thread draws from."""

import threading

import pytest
import torch

from cxrclf._torch.generator import current_generator, use_generator


def test_the_generator_is_that_of_the_block():
    outer, inner = torch.Generator(), torch.Generator()
    assert current_generator() is None
    with use_generator(outer):
        with use_generator(inner):
            assert current_generator() is inner
        assert current_generator() is outer
        with pytest.raises(RuntimeError), use_generator(inner):
            raise RuntimeError
        assert current_generator() is outer
    assert current_generator() is None


def test_another_thread_has_its_own():
    found = []
    with use_generator(torch.Generator()):
        thread = threading.Thread(target=lambda: found.append(current_generator()))
        thread.start()
        thread.join()
    assert found == [None]
