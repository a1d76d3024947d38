"""NetworkGraph: a network in ONNX Runtime, with its current weights."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import nn

from cxrclf._onnx.graph import GraphError, tensors_of
from cxrclf._onnx.graph_cache import fetch_graph, fetch_quantized
from cxrclf._onnx.session import make_session, run_session
from cxrclf.datasets import make_chest_radiographs

# Largest accepted difference to torch, relative to the largest value. Both compute in
# float32. 24 networks differ by 1e-7 to 1e-6, from the order of sums.
_TOLERANCE = 1e-4
_TINY = torch.finfo(torch.float32).tiny  # a network may return zeros
# The same for integers of 8 bits, relative to the norm. EfficientNet-Lite0 has 0.2,
# ResNet-50 has 0.02. Features that differ by 0.2 lead to the same accuracy.
_QUANTIZED_TOLERANCE = 0.5
_N_CALIBRATION = 32


class NetworkGraph:
    """A network that ONNX Runtime computes, image by image.

    For a classifier it computes the input of the head. For a U-Net it computes the
    outputs. The graph is made when the first images are computed, and compared with
    torch.

    Parameters
    ----------
    network : Network
        Network on the CPU. Its weights may change later.
    image_size : (int, int)
        Height and width of the images.
    cache_dir : path-like or None
        Folder of :func:`~cxrclf._onnx.graph_cache.fetch_graph`.
    quantized : bool, default=False
        Whether the graph computes in integers of 8 bits. Synthetic radiographs
        calibrate it. So it knows no image of the user, and is the same in all folds.
    """

    def __init__(self, network, image_size, cache_dir, *, quantized=False):
        self.needs_head = hasattr(network, "features")
        self.part = _Features(network) if self.needs_head else network
        self._reference = network.features if self.needs_head else network
        self.image_size = tuple(image_size)
        self.cache_dir = cache_dir
        self.quantized = quantized
        self._process, self._own_lock = os.getpid(), threading.Lock()
        self._sessions = {}  # by number of channels
        self._weights = None  # identity of the weights in these sessions
        self._coming = None  # what `begin` began

    def __getstate__(self):
        # Sessions cannot be copied or pickled.
        return {**vars(self), "_own_lock": None, "_sessions": {}, "_coming": None}

    def __setstate__(self, state):
        vars(self).update(state)
        self._process, self._own_lock = os.getpid(), threading.Lock()

    @property
    def _lock(self):
        """Lock of this process. After a fork, a thread of the parent may hold it."""
        if self._process != os.getpid():
            self._process, self._own_lock = os.getpid(), threading.Lock()
        return self._own_lock

    def begin(self, n_channels):
        """Begin to make the graph in another thread, while files are decoded.

        Parameters
        ----------
        n_channels : int
            Number of channels of the images.
        """
        executor = ThreadPoolExecutor(1, "cxrclf-export")
        coming = executor.submit(self._fetch, n_channels)
        self._coming = n_channels, os.getpid(), _identify(self.part), coming
        executor.shutdown(wait=False)

    def end(self):
        """Forget what :meth:`begin` began, for example if all features were cached."""
        self._coming = None

    def refresh(self):
        """Drop the sessions if the weights have changed since they were made."""
        weights = _identify(self.part)
        with self._lock:
            if weights != self._weights:
                self._weights, self._sessions = weights, {}

    def prepare(self, n_channels):
        """Make the session for images of some channels, unless there is one.

        The first session of an architecture exports the graph, which takes seconds.

        Parameters
        ----------
        n_channels : int

        Returns
        -------
        onnxruntime.InferenceSession

        Raises
        ------
        GraphError
            If the network has no graph, or if its values differ from those of torch.
        """
        with self._lock:
            if n_channels not in self._sessions:
                graph = self._take_coming(n_channels) or self._fetch(n_channels)
                session = make_session(graph, self.part)
                self._compare(session, n_channels)
                self._sessions[n_channels] = session
            return self._sessions[n_channels]

    def compute(self, images):
        """Compute the part of the network.

        Parameters
        ----------
        images : Tensor of shape (b, c, H, W) of float32
            Images on the CPU.

        Returns
        -------
        Tensor of shape (b, ...) of float32

        Raises
        ------
        GraphError
            As in :meth:`prepare`.
        """
        return run_session(self.prepare(images.shape[1]), images)

    def _take_coming(self, n_channels):
        """Return the graph that `begin` began to make, or None."""
        began, self._coming = self._coming, None
        if began is None:
            return None
        *made_for, coming = began
        # A forked process has no thread that would end the work.
        if made_for != [n_channels, os.getpid(), _identify(self.part)]:
            return None
        return coming.result()

    def _fetch(self, n_channels):
        shape = (1, n_channels, *self.image_size)
        if not self.quantized:
            return fetch_graph(self.part, shape, self.cache_dir)

        def calibration():
            return self._draw_radiographs(_N_CALIBRATION, n_channels).numpy()

        return fetch_quantized(self.part, shape, calibration, self.cache_dir)

    def _draw_radiographs(self, n, n_channels):
        """Draw n synthetic radiographs, (n, n_channels, H, W), in [0, 1]."""
        data = make_chest_radiographs(n, image_size=self.image_size, random_state=0)
        images = torch.from_numpy(data.images)[:, None] / 255
        return images.expand(-1, n_channels, -1, -1).contiguous()

    def _compare(self, session, n_channels):
        """Raise an error if a session and torch differ."""
        if self.quantized:
            images = self._draw_radiographs(3, n_channels)
        else:
            generator = torch.Generator().manual_seed(0)
            images = torch.rand((2, n_channels, *self.image_size), generator=generator)
        with torch.no_grad(), torch.autocast("cpu", enabled=False):
            expected = self._reference(images)
        values = run_session(session, images)
        if values.shape != expected.shape:
            raise GraphError(
                f"its graph has outputs of shape {tuple(values.shape)} instead of "
                f"{tuple(expected.shape)}"
            )
        if not torch.isfinite(expected).all():
            return  # from a diverged training, which predict reports
        if self.quantized:
            difference = (values - expected).norm() / expected.norm().clamp_min(_TINY)
            tolerance, of = _QUANTIZED_TOLERANCE, "norm"
        else:
            largest = expected.abs().max().clamp_min(_TINY)
            difference = (values - expected).abs().max() / largest
            tolerance, of = _TOLERANCE, "largest value"
        if not difference <= tolerance:
            raise GraphError(
                f"its graph differs from torch by {difference:.1e} of the {of}, more "
                f"than {tolerance:.0e}"
            )


class _Features(nn.Module):
    """The part of a classification network before its head."""

    def __init__(self, network):
        super().__init__()
        self.backbone = network.backbone
        self.normalize = getattr(network, "normalize", None)
        self.pooled = not network.head.needs_map

    def forward(self, images):
        if self.normalize is None:
            pixels = images.expand(-1, self.backbone.in_channels, -1, -1)
        else:
            pixels = self.normalize(images)
        maps = self.backbone(pixels)
        return maps.mean((2, 3)) if self.pooled else maps

    def extra_repr(self):
        return f"pooled={self.pooled}"


def _identify(module):
    """Return the names, addresses, versions and sums of the tensors of a module.

    Writing to ``tensor.data`` changes no version. The sum reveals it, except where the
    values are only exchanged.
    """
    return [
        (name, tensor.data_ptr(), _version(tensor), str(tensor.sum().item()))
        for name, tensor in tensors_of(module).items()
    ]


def _version(tensor):
    return None if tensor.is_inference() else tensor._version
