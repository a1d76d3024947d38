"""Forward passes without gradients, one batch per thread.

A convolution shared out between threads adds its terms in an order that depends on
their number. So each batch is computed by one thread, and several batches at once:
the outputs are the same for any number of threads, and no thread waits for another
within a layer.

A matrix product rounds differently with another number of rows (MKL chooses its kernel
by it), and a convolution of a single image takes another path. So each batch has the
same size: a last, smaller one is filled up with copies of its rows.
"""

import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import torch
from tqdm import tqdm

from cxrclf._torch.threads import limited_threads, set_own_threads, usable_threads
from cxrclf._training.precision import autocast


def forward_batches(
    function, n, size, *, device, autocast_dtype, n_threads, alone=False
):
    """Compute a function of rows, batch by batch.

    Parameters
    ----------
    function : callable
        Takes an array of row numbers and returns a tensor with a row for each.
    n : int
        Number of rows.
    size : int
        Number of rows per batch. A last, smaller batch is filled up to it.
    device : torch.device
    autocast_dtype : torch.dtype or None
    n_threads : int
        Number of batches that are computed at once on a CPU.
    alone : bool, default=False
        Whether a single row is computed as it is, by all threads together: sooner,
        and rounded differently.

    Yields
    ------
    Tensor
        The values of the next rows, on the CPU.
    """
    alone = alone and n == 1

    def compute(rows):
        full = rows if alone else np.resize(rows, size)
        with torch.no_grad(), autocast(device, autocast_dtype):
            return _leaving(function(full)[: len(rows)])

    batches = [np.arange(i, min(i + size, n)) for i in range(0, n, size)]
    # The caller computes no layer while threads do, or else a single row.
    with limited_threads(usable_threads(n_threads) if alone else 1):
        for values, arrival in _mapped(compute, batches, device, n_threads):
            if arrival is not None:
                arrival.synchronize()
            yield values


def _leaving(values):
    """Return values on the CPU, and the event of their arrival if they come later."""
    if values.device.type != "cuda":
        return values.cpu(), None
    host = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
    host.copy_(values, non_blocking=True)
    arrival = torch.cuda.Event()
    arrival.record()
    return host, arrival


def _mapped(function, batches, device, n_threads):
    if device.type != "cpu":
        # A batch ahead, so that the device computes while results are used.
        ahead = None
        for result in map(function, batches):
            if ahead is not None:
                yield ahead
            ahead = result
        if ahead is not None:
            yield ahead
        return
    if len(batches) == 1 or n_threads == 1:
        yield from map(function, batches)
        return
    pool, coming = _pool(n_threads, os.getpid()), deque()
    try:
        for batch in batches:
            coming.append(pool.submit(_on_one_thread, function, batch))
            # No further ahead: results wait in memory until they are used.
            if len(coming) > 2 * n_threads:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
    finally:  # of an interrupt or an error, too
        for result in coming:
            result.cancel()


def _on_one_thread(function, batch):
    set_own_threads(1)  # of a thread of the pool, which keeps it
    return function(batch)


@lru_cache
def _pool(n_threads, process):
    """Return threads that compute one batch each, the same ones in a process.

    glibc gives a new thread a heap that may not be that of the thread before, so that
    the memory of a pool a call would add up. A forked process has no threads of its
    parent.
    """
    return ThreadPoolExecutor(n_threads, "cxrclf-forward")


def progress_bar(total, description, verbose):
    """Return a bar that counts images, if one is asked for."""
    return tqdm(total=total, desc=description, unit="image", disable=not verbose)
