"""A backbone and a head, on pixels."""

import itertools
from numbers import Integral

import torch
from torch import nn

from cxrclf.exceptions import WeightsError
from cxrclf.nets._concat_backbone import ConcatBackbone
from cxrclf.nets._normalization import Normalization
from cxrclf.nets._split import find_split, find_splits
from cxrclf.nets._weights import mismatches

# Where a network can be cut, by its modules, its input and how much of it is frozen: to
# find out takes longer than to train a small network for an epoch.
_SPLITS = {}


class ImageClassifier(nn.Module):
    """A backbone and a head that take pixels in [0, 1].

    The part of the backbone that is not trained is frozen: its parameters take no
    gradients, and its batch normalisation and dropout run in inference mode also
    during training.

    Parameters
    ----------
    backbone : Backbone or ConcatBackbone
        Gives the feature map.
    head : Head
        Takes it; its ``in_features`` is the backbone's ``num_features``.
    normalization : {"backbone", "unit"}, default="backbone"
        Whether pixels are normalised with the backbone's ``mean`` and ``std``, or stay
        in [0, 1].

    Attributes
    ----------
    backbone, head, normalization
        As given.
    trainable : "all", "head" or int
        What `set_trainable` was last called with; "all" at first.

    Raises
    ------
    ValueError
        If backbone and head do not fit, or `normalization` is unknown.

    Examples
    --------
    >>> import torch
    >>> from cxrclf.nets import Head, ImageClassifier, make_backbone
    >>> backbone = make_backbone("test_resnet", image_size=64)
    >>> net = ImageClassifier(backbone, Head(backbone.num_features, 3))
    >>> net(torch.rand(2, 1, 64, 64)).shape
    torch.Size([2, 3])
    >>> net.set_trainable("head")
    >>> sorted(net.learnt_state())
    ['head.output.bias', 'head.output.weight']

    The frozen part of a network can be computed once, and the rest on its features:

    >>> net.set_trainable(2)
    >>> net.splits
    True
    >>> features = net.frozen_features(torch.rand(2, 1, 64, 64))
    >>> features.shape
    torch.Size([2, 48, 8, 8])
    >>> net(features=features).shape
    torch.Size([2, 3])
    """

    def __init__(self, backbone, head, *, normalization="backbone"):
        super().__init__()
        if head.in_features != backbone.num_features:
            raise ValueError(
                f"The head takes {head.in_features} channels and the backbone gives "
                f"{backbone.num_features}. Make it with Head(backbone.num_features, "
                "...)."
            )
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

    def forward(self, images=None, *, features=None):
        """Compute logits, of images or of their features.

        Parameters
        ----------
        images : Tensor of shape (b, 1, H, W) or (b, in_channels, H, W)
            Floats in [0, 1]. A single channel stands for all those of the backbone.
        features : Tensor, optional
            What :meth:`frozen_features` returned under the present `trainable`,
            instead of images.

        Returns
        -------
        Tensor of shape (b, n_outputs)

        Raises
        ------
        ValueError
            If features are given and there are none, see `splits`.
        """
        if features is None:
            features = self.features(images)
        elif not self.frozen_body:
            split = self._split()
            features = self._pooled(split.trained_part(self.backbone, features))
        return self.head(features)

    def features(self, images):
        """Compute what the head takes.

        Parameters
        ----------
        images : Tensor of shape (b, 1, H, W) or (b, in_channels, H, W)
            As in `forward`.

        Returns
        -------
        Tensor of shape (b, num_features) or (b, num_features, h, w)
            Averages over the feature map, in the precision of the head; the map itself
            where the head needs it. Without gradients if the body is frozen.

        Raises
        ------
        TypeError
            If the images are not floats.
        ValueError
            If their shape does not fit.
        """
        pixels = self._normalized(images)
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen_body):
            return self._pooled(self.backbone(pixels))

    @property
    def splits(self):
        """Whether the frozen part can be computed apart from the trained part.

        True for a frozen body; false where everything is trained. With some stages
        trained it depends on the network, and is found out once for each number of
        stages, in the time of a few forward passes of two images.
        """
        return self.frozen_body or self._found_split() is not None

    def frozen_features(self, images):
        """Compute what the trained part takes, without gradients.

        As long as `trainable` and the frozen part stay as they are, it is the same for
        the same images: it can be computed once, and given to `forward` in each epoch.

        Parameters
        ----------
        images : Tensor of shape (b, 1, H, W) or (b, in_channels, H, W)
            As in `forward`.

        Returns
        -------
        Tensor of shape (b, c) or (b, c, h, w)
            With a frozen body, what `features` returns; else the map between the
            frozen and the trained stages, in the precision and memory format in which
            the body computes. Of a `ConcatBackbone` the maps of its branches, flat and
            one behind the other.

        Raises
        ------
        ValueError
            If the frozen part cannot be computed apart, see `splits`.
        """
        with torch.no_grad():
            if self.frozen_body:
                return self.features(images)
            return self._split().frozen_part(self.backbone, self._normalized(images))

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
        ImageClassifier
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

    def _split(self):
        split = self._found_split()
        if split is None:
            raise ValueError(
                f"With trainable={self.trainable!r}, no frozen part of "
                f"{self.backbone.name} can be computed apart from the trained part. "
                "Give images to forward, or choose what `splits` is true for."
            )
        return split

    def _found_split(self):
        """Return where the network can be cut, or None."""
        backbone, n_frozen = self.backbone, len(self._frozen)
        shape = 2, backbone.in_channels, *backbone.image_size
        kinds = tuple(type(module) for module in backbone.modules())
        cut = repr(backbone), kinds, shape, n_frozen
        if n_frozen and cut not in _SPLITS:
            generator = torch.Generator().manual_seed(0)
            images = torch.rand(shape, generator=generator, dtype=self._dtype)
            side_by_side = isinstance(backbone, ConcatBackbone)
            find = find_splits if side_by_side else find_split
            _SPLITS[cut] = find(backbone, self._frozen, images)
        return _SPLITS.get(cut)

    def _pooled(self, maps):
        return maps if self.head.needs_map else self.head.pool(maps)

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
