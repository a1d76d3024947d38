"""Features of the frozen part of a network, from the cache or computed."""

import contextlib
import hashlib
import math
import os
import tempfile
from importlib.metadata import version

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

import cxrclf
from cxrclf._onnx.graph import GraphError
from cxrclf._onnx.versions import export_versions, runtime_version
from cxrclf._training.feature_cache import FeatureGroup
from cxrclf._training.forward import forward_batches, progress_bar
from cxrclf._training.precision import (
    autocast,
    inference_batch_size,
    processor_name,
)

# Number of operations per byte above which reading a map is faster than computing it.
# A core computes about 5e10 operations per second. It reads, copies and converts about
# 5e8 bytes per second.
_LEAST_INTENSITY = 100
_BLOCK = 2**20  # bytes per write
_FORMAT = 2  # increased when equal settings produce other features or other files


class FeatureExtractor:
    """Extract features of the samples of an epoch with the frozen part of a network.

    Parameters
    ----------
    net : TrainingNet
        Net with a ClassificationNetwork as its module.
    cache : DiskCache, MemoryCache or None
        Cache of the features. None computes all of them.
    n_threads : int
        Number of batches that are computed at the same time on a CPU.
    """

    def __init__(self, net, cache, *, n_threads):
        self.net = net
        self.module = net.module_
        self.format = net.input_format
        self.autocast_dtype = net.autocast_dtype
        self.cache = cache
        self.n_threads = n_threads
        self._last_name = self._frozen_part = None

    def extract(self, samples, out=None, verbose=0):
        """Return the features of the samples' views in their epoch.

        Parameters
        ----------
        samples : PixelSamples
        out : Tensor or None, default=None
            Features of another epoch. They are overwritten.
        verbose : int, default=0
            Whether to show a progress bar.

        Returns
        -------
        keys : ndarray of shape (m,) of uint64
            Keys of the distinct views, sorted.
        features : Tensor of shape (m, ...)
            Features of each view. They are on the CPU, in a temporary file without a
            name. The pages of a file belong to the system, so that the private memory
            of the process does not grow with the number of images.
        """
        try:
            return self._extract(samples, out, verbose)
        except GraphError as error:
            self.net.drop_graph(error)
        self._frozen_part = None  # the features of torch have other names
        return self._extract(samples, out, verbose)

    def _extract(self, samples, out, verbose):
        keys, first = np.unique(samples.view_keys(), return_index=True)
        group = self._get_group(samples)
        with progress_bar(len(keys), "features", verbose) as bar:
            chunk = self._choose_chunk_size(len(keys))
            for part, values in group.fetch(
                keys, lambda part: self._compute(samples, first[part]), chunk
            ):
                values = _as_tensor(values)
                shape = (len(keys), *values.shape[1:])
                if out is None or out.shape != shape:
                    out = _unnamed_array(shape, values.dtype)
                out[torch.from_numpy(part)] = values
                bar.update(len(part))
        return keys, out

    def _get_group(self, samples):
        """Return the group of these views. Without a cache it stores nothing."""
        if self.cache is None:
            return FeatureGroup()
        # Without augmentation a view does not depend on the seed.
        seed = 0 if samples.augmentation is None else samples.seed
        name = self._make_space_name(samples), f"{seed:x}-{samples.view}"
        if name != self._last_name:
            self._last_name, self._last_group = name, self.cache.group(*name)
        return self._last_group

    def why_not_kept(self, n, max_bytes):
        """Return why the features or maps of a training should not be cached.

        The rule compares counts and no times, so that the same training decides the
        same in every process.

        Parameters
        ----------
        n : int
            Number of distinct views.
        max_bytes : int
            Maximum size of the cache.

        Returns
        -------
        str or None
            The reason. None if they should be cached.
        """
        if self.module.frozen_body:
            n_bytes = self._count_feature_bytes()
        else:
            reason, n_bytes = self._check_maps()
            if reason is not None:
                return reason
        if n * n_bytes > max_bytes:
            return (
                f"{n} of them have {n * n_bytes} bytes, more than "
                f"feature_cache_bytes={max_bytes}"
            )
        return None

    def _count_feature_bytes(self):
        """Return the size of the features of an image, in bytes."""
        backbone = self.module.backbone
        if not self.module.head.needs_map:
            return backbone.num_features * self.format.dtype.itemsize
        dtype = self.autocast_dtype or self.format.dtype
        size = math.prod(backbone.map_size(self.format.image_size))
        return backbone.num_features * size * dtype.itemsize

    def _check_maps(self):
        """Return the reason against caching maps, or None, and the bytes of a map."""
        module = self.module.eval()
        if self.format.device.type != "cpu":
            return "a GPU computes them faster than a disk reads them", 0
        if not module.separable:
            return "the network cannot be cut where its trained stages begin", 0
        image = torch.zeros((1, 1, *self.format.image_size), dtype=self.format.dtype)
        with (
            FlopCounterMode(display=False) as counter,
            autocast(self.format.device, self.autocast_dtype),
        ):
            n_bytes = module.frozen_features(image).nbytes
        reason = None
        if counter.get_total_flops() < _LEAST_INTENSITY * n_bytes:
            reason = f"computing a map of {n_bytes} bytes is as fast as reading it"
        return reason, n_bytes

    def _compute(self, samples, rows):
        """Return the features of some samples as an array."""
        self.module.eval()
        if self.net.graph is not None and self.module.frozen_body:
            self.net.graph.refresh()
            self.net.graph.prepare(samples.n_channels)
        device = self.format.device
        size = inference_batch_size(device, self.format.image_size)

        def features(index, n):
            return self.net.frozen_features(n, **samples.inputs(rows[index]))

        batches = forward_batches(
            features,
            len(rows),
            size,
            device=device,
            autocast_dtype=self.autocast_dtype,
            n_threads=self.n_threads,
        )
        return np.concatenate([_as_array(values) for values in batches])

    def _choose_chunk_size(self, n):
        """Return the number of features that are computed before they are cached.

        A larger number makes fewer files. A smaller number makes other processes wait
        for a shorter time.
        """
        batches = 8 * self.n_threads if self.format.device.type == "cpu" else 8
        size = inference_batch_size(self.format.device, self.format.image_size)
        return max(batches, n // 64 // size) * size

    def _make_space_name(self, samples):
        """Return a digest of everything except the views that decides features."""
        augmentation = samples.augmentation
        settings = (
            self.format.device.type,
            self.format.dtype,
            self.format.image_size,
            None if augmentation is None else sorted(augmentation.get_params().items()),
        )
        if self.format.device.type == "cuda":
            settings += (
                torch.cuda.get_device_name(self.format.device),
                *_float32_modes(),
            )
        # The frozen part does not change while this object exists.
        if self._frozen_part is None:
            self._frozen_part = self._digest_frozen_part()
        digest = self._frozen_part.copy()
        digest.update(repr(settings).encode())
        return digest.hexdigest()

    def _describe_graph(self):
        """Return the graph that computes the features, or None for torch."""
        if self.net.graph is None or not self.module.frozen_body:
            return None
        return runtime_version(), export_versions(), self.net.graph.quantized

    def _digest_frozen_part(self):
        """Return a digest of the frozen part, the processor and the software."""
        module = self.module
        settings = (
            _FORMAT,
            cxrclf.__version__,
            torch.__version__,
            version("timm"),
            torch.backends.cpu.get_cpu_capability(),
            processor_name(),
            self._describe_graph(),
            # These variables select other kernels, which round differently.
            os.environ.get("ONEDNN_MAX_CPU_ISA"),
            os.environ.get("MKL_CBWR"),
            self.autocast_dtype,
            "head" if module.frozen_body else module.trainable,
            module.normalization,
            module.head.needs_map,
            module.backbone,
        )
        digest = hashlib.blake2b(repr(settings).encode(), digest_size=16)
        learned = module.learned_state()
        for name, tensor in module.state_dict().items():
            if name not in learned:
                digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
                digest.update(np.ascontiguousarray(_as_array(tensor.cpu())))
        return digest


def _float32_modes():
    """Return the settings that allow a GPU to compute float32 in TF32."""
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    if not hasattr(cudnn, "conv"):
        return matmul.allow_tf32, cudnn.allow_tf32
    # torch 2.9 has new names. Once one of them is set, reading an old one is an error.
    backends = torch.backends, matmul, cudnn, cudnn.conv
    return tuple(backend.fp32_precision for backend in backends)


def _as_array(tensor):
    """Return a tensor as an array. NumPy has no bfloat16; its bits become int16."""
    if tensor.dtype == torch.bfloat16:
        tensor = tensor.view(torch.int16)
    return tensor.numpy()


def _as_tensor(array):
    """Return the tensor of an array of :func:`_as_array`, in the same memory."""
    tensor = torch.from_numpy(array)
    return tensor.view(torch.bfloat16) if tensor.dtype == torch.int16 else tensor


def _unnamed_array(shape, dtype):
    """Return an empty tensor in a temporary file without a name, or in memory.

    The file is mapped. Mapping is safe here, although a truncated file would end the
    process by a signal: no other process can truncate a file without a name, and its
    space on the disk is reserved. If the disk has no room, the tensor is in the private
    memory of the process.
    """
    numpy_dtype = _as_array(torch.empty(0, dtype=dtype)).dtype
    n_bytes = max(math.prod(shape) * numpy_dtype.itemsize, 1)
    with contextlib.suppress(OSError), tempfile.TemporaryFile() as file:
        _reserve(file, n_bytes)
        return _as_tensor(np.memmap(file, numpy_dtype, "r+", shape=shape))
    return torch.empty(shape, dtype=dtype)


def _reserve(file, n_bytes):
    """Reserve the space of a file on the disk."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, n_bytes)
        return
    # Zeros are written: a file that is only extended has holes, which reserve nothing.
    for start in range(0, n_bytes, _BLOCK):
        file.write(bytes(min(_BLOCK, n_bytes - start)))
    file.flush()
