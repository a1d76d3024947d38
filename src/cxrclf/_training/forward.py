"""Forward passes without gradients, one batch per thread.

A convolution that several threads share adds its terms in an order that depends on the
number of threads. So one thread computes each batch, and several batches are computed
at the same time. The outputs are then the same for any number of threads, and no thread
waits for another within a layer.

Rounding also depends on the number of rows: MKL chooses the kernel of a matrix product
by it, and torch computes a single image in another way. So all batches have the same
size. A smaller last batch is filled up with copies of its rows.
"""

import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor, wait
from functools import lru_cache

import numpy as np
import torch
from tqdm import tqdm

from cxrclf._torch.threads import limit_threads, set_own_threads, usable_threads
from cxrclf._training.precision import autocast


def forward_batches(
    function, n, size, *, device, autocast_dtype, n_threads, alone=False
):
    """Compute a function of rows, batch by batch.

    Parameters
    ----------
    function : callable
        Function of an array of row numbers and a number k. It returns a tensor with at
        least k rows, for the first k row numbers. The other row numbers fill up the
        batch.
    n : int
        Number of rows.
    size : int
        Number of rows per batch. A smaller last batch is filled up to this size.
    device : torch.device
    autocast_dtype : torch.dtype or None
    n_threads : int
        Number of batches that are computed at the same time on a CPU.
    alone : bool, default=False
        Whether a single row is computed without filling up, by all threads together.
        This is faster and rounds differently.

    Yields
    ------
    Tensor
        Values of the next rows, on the CPU.
    """
    alone = alone and n == 1

    def compute(rows):
        full = rows if alone else np.resize(rows, size)
        with torch.no_grad(), autocast(device, autocast_dtype):
            return _leaving(function(full, len(rows))[: len(rows)])

    batches = [np.arange(i, min(i + size, n)) for i in range(0, n, size)]
    # The calling thread computes a layer only for a single row, with all threads.
    with limit_threads(usable_threads(n_threads) if alone else 1):
        for values, arrival in _map_batches(compute, batches, device, n_threads):
            if arrival is not None:
                arrival.synchronize()
            yield values


def _leaving(values):
    """Copy values to the CPU. From a GPU, also return the event of their arrival."""
    if values.device.type != "cuda":
        return values.cpu(), None
    host = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
    host.copy_(values, non_blocking=True)
    arrival = torch.cuda.Event()
    arrival.record()
    return host, arrival


def _map_batches(function, batches, device, n_threads):
    """Yield the result of each batch, in order."""
    if device.type != "cpu":
        # One batch ahead, so that the device computes while the caller uses a result.
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
    pool, coming = _get_pool(n_threads, os.getpid()), deque()
    try:
        for batch in batches:
            coming.append(pool.submit(_run_on_one_thread, function, batch))
            # At most two batches per thread ahead, because results that the caller
            # has not used yet take memory.
            if len(coming) > 2 * n_threads:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
    finally:  # also after an interrupt or an error
        for result in coming:
            result.cancel()


def _run_on_one_thread(function, batch):
    set_own_threads(1)  # of this thread of the pool alone
    return function(batch)


def run_parallel(functions, n_threads):
    """Call functions at the same time, each in a thread of its own.

    Parameters
    ----------
    functions : list of callable
        Functions without arguments.
    n_threads : int
        Number of threads of all functions together. With fewer threads than functions,
        the calling thread calls one function after the other.

    Returns
    -------
    list
        Result of each function.
    """
    own = max(n_threads // len(functions), 1)
    if n_threads < len(functions):
        with limit_threads(own):
            return [function() for function in functions]

    def call(function):
        set_own_threads(own)
        return function()

    pool = _get_pool(len(functions), os.getpid())
    coming = [pool.submit(call, function) for function in functions]
    try:
        return [result.result() for result in coming]
    finally:  # after an error, no function runs on while the caller cleans up
        wait(coming)


@lru_cache
def _get_pool(n_threads, process):
    """Return the threads of a process, each of which computes one batch.

    All calls use the same threads. glibc may give a new thread a new heap, so that
    memory would grow with each new pool. A forked process has no threads of its parent,
    so that the pool depends on the process id.
    """
    return ThreadPoolExecutor(n_threads, "cxrclf-forward")


def progress_bar(total, description, verbose):
    """Return a progress bar that counts images. Without `verbose` it is hidden."""
    return tqdm(total=total, desc=description, unit="image", disable=not verbose)
