"""The generator that dropout of a thread draws from."""

import threading

import pytest
import torch

from cxrclf._torch.generator import current_generator, drawing_from


def test_the_generator_is_that_of_the_block():
    outer, inner = torch.Generator(), torch.Generator()
    assert current_generator() is None
    with drawing_from(outer):
        with drawing_from(inner):
            assert current_generator() is inner
        assert current_generator() is outer
        with pytest.raises(RuntimeError), drawing_from(inner):
            raise RuntimeError
        assert current_generator() is outer
    assert current_generator() is None


def test_another_thread_has_its_own():
    found = []
    with drawing_from(torch.Generator()):
        thread = threading.Thread(target=lambda: found.append(current_generator()))
        thread.start()
        thread.join()
    assert found == [None]
