"""Forward passes without gradients, one batch per thread.

A convolution shared out between threads adds its terms in an order that depends on
their number. So each batch is computed by one thread, and several batches at once:
the outputs are the same for any number of threads, and no thread waits for another
within a layer.

A matrix product rounds differently with another number of rows (MKL chooses its kernel
by it), and a convolution of a single image takes another path. So each batch has the
same size: a last, smaller one is filled up with copies of its rows.
"""

import contextlib
import hashlib
import math
import os
import tempfile
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import timm
import torch
from torch.utils.flop_counter import FlopCounterMode
from tqdm import tqdm

import cxrclf
from cxrclf._torch.threads import limited_threads, set_own_threads, usable_threads
from cxrclf._training.feature_cache import FeatureGroup
from cxrclf._training.net import autocast
from cxrclf._training.precision import inference_batch_size, processor_name

# Operations a byte from which it is faster to read a map than to compute it: a core
# does some 5e10 a second, and reads, copies and converts some 5e8 bytes.
_LEAST_INTENSITY = 100
_BLOCK = 2**20  # bytes written at once
_FORMAT = 2  # raised when the same settings give other features, or other files


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


class FeatureExtractor:
    """The frozen part of a network, applied to whole data sets.

    Parameters
    ----------
    module : ImageClassifier
    bank : DiskBank, MemoryBank or None
        Where features are kept.
    autocast_dtype : torch.dtype or None
    n_threads : int
    """

    def __init__(self, module, bank, *, autocast_dtype, n_threads):
        self.module = module
        self.bank = bank
        self.autocast_dtype = autocast_dtype
        self.n_threads = n_threads
        self._last_name = self._frozen_part = None

    def extract(self, pixel_set, out=None, verbose=0):
        """Return the features of the views of a data set in its epoch.

        Parameters
        ----------
        pixel_set : PixelSet
        out : Tensor or None, default=None
            Where the features of another epoch are; they are overwritten.
        verbose : int, default=0

        Returns
        -------
        keys : ndarray of shape (m,) of uint64
            Of the different views, sorted.
        features : Tensor of shape (m, ...)
            Those of each view. On the CPU, in a temporary file
            without a name: its pages are the system's, so that private memory does
            not grow with the number of images.
        """
        keys, first = np.unique(pixel_set.view_keys(), return_index=True)
        group = self._group(pixel_set)
        with progress_bar(len(keys), "features", verbose) as bar:
            chunk = self._chunk(len(keys), pixel_set.pixels)
            for part, values in group.fetch(
                keys, lambda part: self._compute(pixel_set, first[part]), chunk
            ):
                values = _as_tensor(values)
                shape = (len(keys), *values.shape[1:])
                if out is None or out.shape != shape:
                    out = _unnamed_array(shape, values.dtype)
                out[torch.from_numpy(part)] = values
                bar.update(len(part))
        return keys, out

    def _group(self, pixel_set):
        """Return the bank's features of these views, or a group that keeps nothing."""
        if self.bank is None:
            return FeatureGroup()
        seed = 0 if pixel_set.augmentation is None else pixel_set.seed
        name = self._space(pixel_set), f"{seed:x}-{pixel_set.view}"
        if name != self._last_name:
            self._last_name, self._last_group = name, self.bank.group(*name)
        return self._last_group

    def why_not_kept(self, pixels, n, max_bytes):
        """Return why a training's features or maps are of no use to others.

        The rule is one of counts, not of times: the same training makes the same
        choice in every process.

        Parameters
        ----------
        pixels : Pixels
        n : int
            Number of different views.
        max_bytes : int
            Limit of the bank.

        Returns
        -------
        str or None
            None if they are to be kept.
        """
        if self.module.frozen_body:
            n_bytes = self._feature_bytes(pixels)
        else:
            reason, n_bytes = self._why_not_maps(pixels)
            if reason is not None:
                return reason
        if n * n_bytes > max_bytes:
            return (
                f"{n} of them have {n * n_bytes} bytes, more than "
                f"feature_bank_bytes={max_bytes}"
            )
        return None

    def _feature_bytes(self, pixels):
        """Return the size of what a head takes of an image."""
        backbone = self.module.backbone
        if not self.module.head.needs_map:
            return backbone.num_features * pixels.dtype.itemsize
        dtype = self.autocast_dtype or pixels.dtype
        size = math.prod(backbone.map_size(pixels.image_size))
        return backbone.num_features * size * dtype.itemsize

    def _why_not_maps(self, pixels):
        """Return a reason or None, and the size of the map of an image."""
        module = self.module.eval()
        if pixels.device.type != "cpu":
            return "a GPU computes them faster than they come from a disk", 0
        if not module.splits:
            return "the network cannot be cut where its trained stages begin", 0
        image = torch.zeros((1, 1, *pixels.image_size), dtype=pixels.dtype)
        with (
            FlopCounterMode(display=False) as counter,
            autocast(pixels.device, self.autocast_dtype),
        ):
            n_bytes = module.frozen_features(image).nbytes
        reason = None
        if counter.get_total_flops() < _LEAST_INTENSITY * n_bytes:
            reason = f"a map of {n_bytes} bytes is computed as fast as it is read"
        return reason, n_bytes

    def _compute(self, pixel_set, rows):
        """Return the features of some samples as an array."""
        self.module.eval()
        device = pixel_set.pixels.device
        size = inference_batch_size(device, pixel_set.pixels.image_size)

        def features(index):
            return self.module.frozen_features(**pixel_set.inputs(rows[index]))

        batches = forward_batches(
            features,
            len(rows),
            size,
            device=device,
            autocast_dtype=self.autocast_dtype,
            n_threads=self.n_threads,
        )
        return np.concatenate([_as_array(values) for values in batches])

    def _chunk(self, n, pixels):
        """Return how many features are computed before they are shared.

        The more at once, the fewer files; the less, the less other processes wait.
        """
        batches = 8 * self.n_threads if pixels.device.type == "cpu" else 8
        size = inference_batch_size(pixels.device, pixels.image_size)
        return max(batches, n // 64 // size) * size

    def _space(self, pixel_set):
        """Return a digest of all that decides features besides pixels and views."""
        pixels, augmentation = pixel_set.pixels, pixel_set.augmentation
        settings = (
            pixels.device.type,
            pixels.dtype,
            pixels.image_size,
            None if augmentation is None else sorted(augmentation.get_params().items()),
        )
        if pixels.device.type == "cuda":
            settings += (
                torch.cuda.get_device_name(pixels.device),
                *_float32_modes(),
            )
        if self._frozen_part is None:
            self._frozen_part = self._digest_of_frozen_part()
        digest = self._frozen_part.copy()
        digest.update(repr(settings).encode())
        return digest.hexdigest()

    def _digest_of_frozen_part(self):
        """Return a digest of the frozen part, which does not change during a call."""
        module = self.module
        settings = (
            _FORMAT,
            cxrclf.__version__,
            torch.__version__,
            timm.__version__,
            torch.backends.cpu.get_cpu_capability(),
            processor_name(),
            # They choose other kernels, which round differently.
            os.environ.get("ONEDNN_MAX_CPU_ISA"),
            os.environ.get("MKL_CBWR"),
            self.autocast_dtype,
            "head" if module.frozen_body else module.trainable,
            module.normalization,
            module.head.needs_map,
            module.backbone,
        )
        digest = hashlib.blake2b(repr(settings).encode(), digest_size=16)
        learnt = module.learnt_state()
        for name, tensor in module.state_dict().items():
            if name not in learnt:
                digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
                digest.update(np.ascontiguousarray(_as_array(tensor.cpu())))
        return digest


def _float32_modes():
    """Return whether a GPU may compute products and convolutions in TF32."""
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    if not hasattr(cudnn, "conv"):
        return matmul.allow_tf32, cudnn.allow_tf32
    # Newer names, of torch 2.9. Once one is set, torch refuses to read the older ones.
    backends = torch.backends, matmul, cudnn, cudnn.conv
    return tuple(backend.fp32_precision for backend in backends)


def _as_array(tensor):
    """Return a tensor as an array; NumPy has no bfloat16, so as its bits."""
    if tensor.dtype == torch.bfloat16:
        tensor = tensor.view(torch.int16)
    return tensor.numpy()


def _as_tensor(array):
    """Return what :func:`_as_array` was given; memory is shared."""
    tensor = torch.from_numpy(array)
    return tensor.view(torch.bfloat16) if tensor.dtype == torch.int16 else tensor


def _unnamed_array(shape, dtype):
    """Return a tensor in a temporary file that nobody else can reach, or in memory.

    The file is mapped, which is safe here: it has no name under which it could be cut
    short, and its space is reserved. Without room on the disk the tensor is private
    memory of the process.
    """
    numpy_dtype = _as_array(torch.empty(0, dtype=dtype)).dtype
    n_bytes = max(math.prod(shape) * numpy_dtype.itemsize, 1)
    with contextlib.suppress(OSError), tempfile.TemporaryFile() as file:
        _reserve(file, n_bytes)
        return _as_tensor(np.memmap(file, numpy_dtype, "r+", shape=shape))
    return torch.empty(shape, dtype=dtype)


def _reserve(file, n_bytes):
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, n_bytes)
        return
    for start in range(0, n_bytes, _BLOCK):  # else a file of holes, which take no space
        file.write(bytes(min(_BLOCK, n_bytes - start)))
    file.flush()
