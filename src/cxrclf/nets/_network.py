"""Base class of networks with a backbone that may be frozen and a trained head."""

import itertools
from numbers import Integral

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from cxrclf.exceptions import WeightsError
from cxrclf.nets._meta import copy_to_meta
from cxrclf.nets._normalization import Normalization
from cxrclf.nets._weights import describe_mismatches


class Network(nn.Module):
    """Base class of networks with a backbone and a head that take pixels in [0, 1].

    The part of the backbone that is not trained is frozen. Its parameters have no
    gradients. Its batch normalization and dropout run in inference mode, also during
    training.

    Parameters
    ----------
    backbone : torch.nn.Module
        Module with ``stages()``, ``in_channels``, ``mean`` and ``std``.
    head : torch.nn.Module
        Module with the last layer ``output``.
    normalization : {"backbone", "unit"}, default="backbone"
        ``"backbone"`` normalizes pixels with ``backbone.mean`` and ``backbone.std``.
        ``"unit"`` leaves pixels in [0, 1].

    Raises
    ------
    ValueError
        If `normalization` is unknown.
    """

    def __init__(self, backbone, head, *, normalization="backbone"):
        super().__init__()
        if normalization not in ("backbone", "unit"):
            raise ValueError(
                f'normalization must be "backbone" or "unit", got {normalization!r}.'
            )
        self.backbone = backbone
        self.head = head
        self.normalization = normalization
        if normalization == "backbone":
            self.normalize = Normalization(backbone.mean, backbone.std)
        # The stages are stored: they are needed in each epoch, and grouping the modules
        # takes longer than an optimizer step of the head.
        self._stages = backbone.stages()
        self._frozen = None
        self.set_trainable("all")

    def set_trainable(self, trainable):
        """Set the part that training changes, and freeze the rest.

        The call costs nothing if the part does not change.

        Parameters
        ----------
        trainable : {"all", "head"} or int
            ``"all"`` trains the whole network, ``"head"`` only the head. An int trains
            the head and this number of stages at the end of the backbone (see
            :meth:`Backbone.stages`).

        Raises
        ------
        ValueError
            If `trainable` has another value or exceeds the number of stages.
        """
        n_stages = len(self._stages)
        n_frozen = n_stages - _count_trained_stages(trainable, n_stages)
        self.trainable = trainable
        frozen = list(itertools.chain.from_iterable(self._stages[:n_frozen]))
        if frozen == self._frozen:
            return
        self._frozen = frozen
        self.requires_grad_(True)
        for module in frozen:
            for parameter in module.parameters(recurse=False):
                parameter.requires_grad_(False)
        self.backbone.eval()
        self.train(self.training)

    def train(self, mode=True):
        """Set training or inference mode. The frozen part stays in inference mode.

        Parameters
        ----------
        mode : bool, default=True
            True for training mode, False for inference mode.

        Returns
        -------
        self : Network
            The network itself.
        """
        self.training = mode
        for child in self.children():
            if child is not self.backbone:
                child.train(mode)
        train_body = mode and not self.frozen_body
        # The mode is set before each batch. Setting it in hundreds of modules takes
        # longer than an optimizer step of the head, so it is only set if it changes.
        if self.backbone.training != train_body:
            self.backbone.train(train_body)
            for module in self._frozen:
                module.training = False
        return self

    @property
    def frozen_body(self):
        """Whether no stage of the backbone is trained."""
        return self.trainable == "head" or self.trainable == 0

    def count_operations(self, image_size):
        """Count the additions and multiplications for an image.

        The head of a classification network is not counted.

        Parameters
        ----------
        image_size : (int, int)
            Height and width of the image in pixels.

        Returns
        -------
        int
            Number of operations of convolutions and matrix products. Nothing is
            computed, so it takes milliseconds.
        """
        network = copy_to_meta(self).eval()
        image = torch.empty((1, 1, *image_size), dtype=self._dtype, device="meta")
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            getattr(network, "features", network)(image)
        return counter.get_total_flops()

    def body_parameters(self):
        """Iterate over all parameters of the backbone, trained or not."""
        return self.backbone.parameters()

    def head_parameters(self):
        """Iterate over all parameters of the head."""
        return self.head.parameters()

    def learned_state(self):
        """Return the tensors that training can change under the current `trainable`.

        Returns
        -------
        dict of str to Tensor
            Entries of ``state_dict()``: the trained parameters, and the buffers of all
            modules that are not frozen. The tensors are shared with the network, as in
            ``state_dict()``. Clone them to preserve their values.
        """
        frozen = set(self._frozen)
        trained = {"head": self.head} if self.frozen_body else {"": self}
        return {
            f"{prefix}.{name}": tensor.detach()
            for root, part in trained.items()
            for prefix, module in part.named_modules(prefix=root)
            if module not in frozen
            for name, tensor in itertools.chain(
                module._parameters.items(), module._buffers.items()
            )
            if tensor is not None and name not in module._non_persistent_buffers_set
        }

    def load_learned_state(self, state):
        """Load the output of `learned_state` under the same `trainable`.

        Parameters
        ----------
        state : mapping of str to Tensor
            Output of `learned_state`.

        Raises
        ------
        WeightsError
            If entries are missing, unexpected or of another shape.
        """
        problems = describe_mismatches(state, self.learned_state())
        if problems:
            raise WeightsError(
                f"The learned state does not fit a network with trainable="
                f"{self.trainable!r}: {problems}. Load it into the network that it "
                "comes from, with the same trainable."
            )
        self.load_state_dict(state, strict=False)

    def _normalize_images(self, images):
        """Check images and return them as input of the backbone."""
        channels = self.backbone.in_channels
        if not images.is_floating_point():
            raise TypeError(
                f"Images must be floats in [0, 1], got {images.dtype}. Convert "
                "integers to floats and divide them by the largest value of their type."
            )
        if images.ndim != 4 or images.shape[1] not in (1, channels):
            expected = " or ".join(f"(b, {c}, H, W)" for c in sorted({1, channels}))
            raise ValueError(
                f"Images must have the shape {expected}, got {tuple(images.shape)}."
            )
        pixels = images.to(self._dtype)
        if self.normalization == "backbone":
            return self.normalize(pixels)
        return pixels.expand(-1, channels, -1, -1)

    @property
    def _dtype(self):
        return self.head.output.weight.dtype


def _count_trained_stages(trainable, n_stages):
    """Return the number of stages that are trained."""
    if trainable in ("all", "head"):
        return n_stages if trainable == "all" else 0
    if (
        not isinstance(trainable, Integral)
        or isinstance(trainable, bool)
        or trainable < 0
    ):
        raise ValueError(
            'trainable must be "all", "head" or a number of stages (an int, 0 or '
            f"more), got {trainable!r}."
        )
    if trainable > n_stages:
        raise ValueError(
            f"trainable={trainable}, but the backbone has {n_stages} stages. "
            'Use a smaller number, or "all".'
        )
    return int(trainable)
