"""Batches cover every sample."""

import numpy as np
import torch

from cxrclf._training.batches import Batches


class RowNumbers:
    """Samples whose input and truth are their numbers."""

    seed, epoch, in_order = 3, 0, False

    def __init__(self, n):
        self.weights = 10.0 + np.arange(n)

    def __len__(self):
        return len(self.weights)

    def inputs(self, chosen):
        return chosen.tolist()

    def truth(self, chosen):
        return torch.from_numpy(chosen)


def batches_of(n, batch_size, shuffle, in_order=False):
    samples = RowNumbers(n)
    samples.in_order = in_order
    return Batches(samples, batch_size, torch.device("cpu"), torch.float32, shuffle)


def batch_sizes(*args, **kwargs):
    parts = [rows for rows, _ in batches_of(*args, **kwargs)]
    return [len(part) for part in parts], [row for part in parts for row in part]


def test_batches_cover_each_row_once_and_leave_no_single_one():
    sizes, rows = batch_sizes(33, 8, shuffle=True)
    assert sizes == [8, 8, 8, 9]
    assert sorted(rows) == list(range(33))
    assert rows != list(range(33))
    assert batch_sizes(33, 8, shuffle=True)[1] == rows
    assert batch_sizes(33, 8, shuffle=False) == ([8, 8, 8, 8, 1], list(range(33)))


def test_truth_and_weights_are_those_of_the_rows():
    for rows, (truth, weights) in batches_of(33, 8, shuffle=True):
        assert truth.tolist() == rows
        assert weights.tolist() == [10 + row for row in rows]
        assert weights.dtype == torch.float32


def test_samples_that_have_an_order_keep_it():
    sizes, rows = batch_sizes(33, 8, shuffle=True, in_order=True)
    assert sizes == [8, 8, 8, 9]
    assert rows == list(range(33))
