"""A backbone and a head, on pixels."""

import torch

from cxrclf.nets._concat_backbone import ConcatBackbone
from cxrclf.nets._network import Network
from cxrclf.nets._network_cut import find_cut, find_cuts

# Where a network can be cut, by its modules, its input and how much of it is frozen: to
# find out takes longer than to train a small network for an epoch.
_CUTS = {}


class ClassificationNetwork(Network):
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
    >>> from cxrclf.nets import Head, ClassificationNetwork, make_backbone
    >>> backbone = make_backbone("test_resnet", image_size=64)
    >>> net = ClassificationNetwork(backbone, Head(backbone.num_features, 3))
    >>> net(torch.rand(2, 1, 64, 64)).shape
    torch.Size([2, 3])
    >>> net.set_trainable("head")
    >>> sorted(net.learnt_state())
    ['head.output.bias', 'head.output.weight']

    The frozen part of a network can be computed once, and the rest on its features:

    >>> net.set_trainable(2)
    >>> net.separable
    True
    >>> features = net.frozen_features(torch.rand(2, 1, 64, 64))
    >>> features.shape
    torch.Size([2, 48, 8, 8])
    >>> net(features=features).shape
    torch.Size([2, 3])
    """

    def __init__(self, backbone, head, *, normalization="backbone"):
        if head.in_features != backbone.num_features:
            raise ValueError(
                f"The head takes {head.in_features} channels and the backbone gives "
                f"{backbone.num_features}. Make it with Head(backbone.num_features, "
                "...)."
            )
        super().__init__(backbone, head, normalization=normalization)

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
            If features are given and there are none, see `separable`.
        """
        if features is None:
            features = self.features(images)
        elif not self.frozen_body:
            cut = self._cut()
            features = self._pooled(cut.trained_part(self.backbone, features))
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
    def separable(self):
        """Whether the frozen part can be computed apart from the trained part.

        True for a frozen body; false where everything is trained. With some stages
        trained it depends on the network, and is found out once for each number of
        stages, in the time of a few forward passes of two images.
        """
        return self.frozen_body or self._find_cut() is not None

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
            If the frozen part cannot be computed apart, see `separable`.
        """
        with torch.no_grad():
            if self.frozen_body:
                return self.features(images)
            return self._cut().frozen_part(self.backbone, self._normalized(images))

    def _cut(self):
        cut = self._find_cut()
        if cut is None:
            raise ValueError(
                f"With trainable={self.trainable!r}, no frozen part of "
                f"{self.backbone.name} can be computed apart from the trained part. "
                "Give images to forward, or choose what `separable` is true for."
            )
        return cut

    def _find_cut(self):
        """Return where the network can be cut, or None."""
        backbone, n_frozen = self.backbone, len(self._frozen)
        shape = 2, backbone.in_channels, *backbone.image_size
        kinds = tuple(type(module) for module in backbone.modules())
        key = repr(backbone), kinds, shape, n_frozen
        if n_frozen and key not in _CUTS:
            generator = torch.Generator().manual_seed(0)
            images = torch.rand(shape, generator=generator, dtype=self._dtype)
            side_by_side = isinstance(backbone, ConcatBackbone)
            find = find_cuts if side_by_side else find_cut
            _CUTS[key] = find(backbone, self._frozen, images)
        return _CUTS.get(key)

    def _pooled(self, maps):
        return maps if self.head.needs_map else self.head.pool(maps)
