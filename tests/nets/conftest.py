"""One thread for the networks, and the same random numbers in any order of tests."""

import pytest
import torch

from cxrclf._torch.threads import limit_threads


@pytest.fixture(autouse=True)
def repeatable():
    # Several threads give the same layers but for rounding, one to the last bit.
    with torch.random.fork_rng(devices=[]), limit_threads(1):
        torch.manual_seed(0)
        yield
