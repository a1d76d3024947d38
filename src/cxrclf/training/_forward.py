"""Forward passes without gradients, one batch a thread.

A convolution shared out between threads adds its terms in an order that depends on
their number. So each batch is computed by one thread, and several batches at once:
the outputs are the same for any number of threads, and no thread waits for another
within a layer.
"""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import torch
from tqdm import tqdm

from cxrclf.training._device import inference_batch_size
from cxrclf.training._net import autocast


def forward_batches(function, n, *, device, autocast_dtype, n_threads, bar):
    """Compute a function of rows, batch by batch.

    Parameters
    ----------
    function : callable
        Takes an array of row numbers and returns a tensor with a row for each.
    n : int
        Number of rows.
    device : torch.device
    autocast_dtype : torch.dtype or None
    n_threads : int
        Batches that are computed at once on a CPU.
    bar : tqdm
        Updated by the rows done.

    Yields
    ------
    slice
        Which rows.
    Tensor
        Their values, on the CPU.
    """

    def compute(rows):
        with torch.no_grad(), autocast(device, autocast_dtype):
            return rows, function(rows).cpu()

    size = inference_batch_size(device)
    batches = [np.arange(i, min(i + size, n)) for i in range(0, n, size)]
    for rows, values in _mapped(compute, batches, device, n_threads):
        yield slice(rows[0], rows[-1] + 1), values
        bar.update(len(rows))


def _mapped(function, batches, device, n_threads):
    if device.type != "cpu":
        yield from map(function, batches)
        return
    previous = torch.get_num_threads()
    single = partial(torch.set_num_threads, 1)
    try:
        with ThreadPoolExecutor(n_threads, initializer=single) as pool:
            yield from pool.map(function, batches)
    finally:
        torch.set_num_threads(previous)


def progress_bar(total, description, verbose):
    """Return a bar that counts images, if one is asked for."""
    return tqdm(total=total, desc=description, unit="image", disable=not verbose)


class FeatureExtractor:
    """The frozen body of a network, applied to whole data sets.

    Parameters
    ----------
    module : ImageClassifier
    autocast_dtype : torch.dtype or None
    n_threads : int
    """

    def __init__(self, module, *, autocast_dtype, n_threads):
        self.module = module
        self.autocast_dtype = autocast_dtype
        self.n_threads = n_threads

    def extract(self, pixel_set, out=None, verbose=0):
        """Return the features of a data set's images in its epoch.

        Parameters
        ----------
        pixel_set : PixelSet
        out : Tensor or None, default=None
            Where the features of another epoch are; they are overwritten.
        verbose : int, default=0

        Returns
        -------
        Tensor of shape (n, ...)
            On the CPU, in a temporary file without a name: its pages are the
            system's, so that private memory does not grow with the number of images.
        """
        self.module.eval()

        def features(rows):
            # A map is what the body computes in, which NumPy's files may not hold.
            values = self.module.features(**pixel_set.inputs(rows))
            return values.to(pixel_set.pixels.dtype)

        n = len(pixel_set)
        with progress_bar(n, "features", verbose) as bar:
            for part, values in forward_batches(
                features,
                n,
                device=pixel_set.pixels.device,
                autocast_dtype=self.autocast_dtype,
                n_threads=self.n_threads,
                bar=bar,
            ):
                if out is None:
                    out = _unnamed_array((n, *values.shape[1:]), values.dtype)
                out[part] = values
        return out


def _unnamed_array(shape, dtype):
    numpy_dtype = torch.empty(0, dtype=dtype).numpy().dtype
    with tempfile.TemporaryFile() as file:
        return torch.from_numpy(np.memmap(file, numpy_dtype, "w+", shape=shape))
