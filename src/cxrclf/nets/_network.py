"""What every network has: a body that may be frozen, a trained end, and pixels."""

import itertools
from numbers import Integral

from torch import nn

from cxrclf.exceptions import WeightsError
from cxrclf.nets._normalization import Normalization
from cxrclf.nets._weights import mismatches


class Network(nn.Module):
    """Base of networks of a backbone and a head that take pixels in [0, 1].

    The part of the backbone that is not trained is frozen: its parameters take no
    gradients, and its batch normalisation and dropout run in inference mode also
    during training.

    Parameters
    ----------
    backbone : torch.nn.Module
        With ``stages()``, ``in_channels``, ``mean`` and ``std``.
    head : torch.nn.Module
        Its last layer is its ``output``.
    normalization : {"backbone", "unit"}, default="backbone"
        Whether pixels are normalised with the backbone's ``mean`` and ``std``, or stay
        in [0, 1].

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
        # Grouping takes longer than a step of the head, and is asked for each epoch.
        self._stages = backbone.stages()
        self._frozen = None
        self.set_trainable("all")

    def set_trainable(self, trainable):
        """Choose what training changes; the rest is frozen.

        To choose what is chosen already costs nothing.

        Parameters
        ----------
        trainable : {"all", "head"} or int
            Everything; the head alone; or the head and the last so many stages of the
            backbone (see :meth:`Backbone.stages`).

        Raises
        ------
        ValueError
            If it is none of these, or there are fewer stages.
        """
        n_stages = len(self._stages)
        n_frozen = n_stages - _n_trained(trainable, n_stages)
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
        """Set training or inference mode; what is frozen stays in inference mode.

        Parameters
        ----------
        mode : bool, default=True

        Returns
        -------
        Network
            Itself.
        """
        self.training = mode
        for child in self.children():
            if child is not self.backbone:
                child.train(mode)
        train_body = mode and not self.frozen_body
        # A training asks for its mode at each batch. To tell that to hundreds of
        # modules takes longer than a step of the head.
        if self.backbone.training != train_body:
            self.backbone.train(train_body)
            for module in self._frozen:
                module.training = False
        return self

    @property
    def frozen_body(self):
        """Whether no stage of the backbone is trained."""
        return self.trainable == "head" or self.trainable == 0

    def body_parameters(self):
        """Iterate over all parameters of the backbone, trained or not."""
        return self.backbone.parameters()

    def head_parameters(self):
        """Iterate over all parameters of the head."""
        return self.head.parameters()

    def learnt_state(self):
        """Return what training can change, given what is trainable.

        Returns
        -------
        dict of str to Tensor
            Entries of ``state_dict()``: trained parameters, and the buffers of modules
            that are not frozen. As there, the tensors are those of the network: clone
            them to keep their values.
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

    def load_learnt_state(self, state):
        """Take over what `learnt_state` returned under the same `trainable`.

        Parameters
        ----------
        state : mapping of str to Tensor

        Raises
        ------
        WeightsError
            If entries are missing, too many or of another shape.
        """
        problems = mismatches(state, self.learnt_state())
        if problems:
            raise WeightsError(
                f"The learnt state does not fit a network with trainable="
                f"{self.trainable!r}: {problems}. Load it into the network it came "
                "from, with the same trainable."
            )
        self.load_state_dict(state, strict=False)

    def _normalized(self, images):
        channels = self.backbone.in_channels
        if not images.is_floating_point():
            raise TypeError(
                f"Images must be floats in [0, 1], got {images.dtype}. Divide integers "
                "by the largest value of their type."
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


def _n_trained(trainable, n_stages):
    """Return the number of stages that are trained."""
    if trainable in ("all", "head"):
        return n_stages if trainable == "all" else 0
    if (
        not isinstance(trainable, Integral)
        or isinstance(trainable, bool)
        or trainable < 0
    ):
        raise ValueError(
            'trainable must be "all", "head" or a number of stages (0 or more), '
            f"got {trainable!r}."
        )
    if trainable > n_stages:
        raise ValueError(
            f"trainable={trainable}, but the backbone has {n_stages} stages. "
            'Use a smaller number, or "all".'
        )
    return int(trainable)
