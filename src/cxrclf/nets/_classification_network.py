"""Classification networks: a backbone and a head that take pixels."""

import torch

from cxrclf.nets._concat_backbone import ConcatBackbone
from cxrclf.nets._network import Network
from cxrclf.nets._network_cut import find_cut, find_cuts

# Cuts between the frozen and the trained part of networks. The key holds the modules,
# the shape of the input and the number of frozen modules. The cuts are cached because
# finding one takes longer than training a small network for an epoch.
_CUTS = {}


class ClassificationNetwork(Network):
    """A backbone and a head that take pixels in [0, 1].

    The part of the backbone that is not trained is frozen. Its parameters have no
    gradients. Its batch normalization and dropout run in inference mode, also during
    training.

    Parameters
    ----------
    backbone : Backbone or ConcatBackbone
        Network that computes the feature map.
    head : Head
        Layers that compute the outputs from the feature map. ``head.in_features`` must
        equal ``backbone.num_features``.
    normalization : {"backbone", "unit"}, default="backbone"
        ``"backbone"`` normalizes pixels with ``backbone.mean`` and ``backbone.std``.
        ``"unit"`` leaves pixels in [0, 1].

    Attributes
    ----------
    backbone : Backbone or ConcatBackbone
        Network that computes the feature map.
    head : Head
        Layers that compute the outputs.
    normalization : str
        Parameter of the same name.
    trainable : "all", "head" or int
        Last argument of `set_trainable`; "all" before the first call.

    Raises
    ------
    ValueError
        If the head does not fit the backbone, or `normalization` is unknown.

    Examples
    --------
    >>> import torch
    >>> from cxrclf.nets import Head, ClassificationNetwork, make_backbone
    >>> backbone = make_backbone("test_resnet", image_size=64)
    >>> net = ClassificationNetwork(backbone, Head(backbone.num_features, 3))
    >>> net(torch.rand(2, 1, 64, 64)).shape
    torch.Size([2, 3])
    >>> net.set_trainable("head")
    >>> sorted(net.learned_state())
    ['head.output.bias', 'head.output.weight']

    The frozen part of a network can be computed once. The trained part then uses its
    features:

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
                f"{backbone.num_features}. Make the head with "
                "Head(backbone.num_features, ...)."
            )
        super().__init__(backbone, head, normalization=normalization)

    def forward(self, images=None, *, features=None):
        """Compute logits from images or from features of the frozen part.

        Parameters
        ----------
        images : Tensor of shape (b, 1, H, W) or (b, in_channels, H, W)
            Floats in [0, 1]. A single channel is repeated for all channels of the
            backbone.
        features : Tensor, optional
            Output of :meth:`frozen_features` under the current `trainable`. It
            replaces `images`.

        Returns
        -------
        Tensor of shape (b, n_outputs)
            Logits.

        Raises
        ------
        ValueError
            If `features` are given but the network is not `separable`.
        """
        if features is None:
            features = self.features(images)
        elif not self.frozen_body:
            cut = self._require_cut()
            features = self._pool(cut.trained_part(self.backbone, features))
        return self.head(features)

    def features(self, images):
        """Compute the input of the head.

        Parameters
        ----------
        images : Tensor of shape (b, 1, H, W) or (b, in_channels, H, W)
            Floats in [0, 1], as for `forward`.

        Returns
        -------
        Tensor of shape (b, num_features) or (b, num_features, h, w)
            Averages over the feature map, in the precision of the head. If the head
            needs the map, the map itself. If the body is frozen, the tensor has no
            gradients.

        Raises
        ------
        TypeError
            If the images are not floats.
        ValueError
            If their shape does not fit.
        """
        return self._pool(self.feature_map(images))

    def feature_map(self, images):
        """Compute the feature map of the backbone.

        Parameters
        ----------
        images : Tensor of shape (b, 1, H, W) or (b, in_channels, H, W)
            Floats in [0, 1], as for `forward`.

        Returns
        -------
        Tensor of shape (b, num_features, h, w)
            Feature map. If the body is frozen, it has no gradients.

        Raises
        ------
        TypeError
            If the images are not floats.
        ValueError
            If their shape does not fit.
        """
        pixels = self._normalize_images(images)
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen_body):
            return self.backbone(pixels)

    @property
    def separable(self):
        """Whether the frozen part can be computed apart from the trained part.

        True if the whole body is frozen, and false if everything is trained. If some
        stages are trained, it depends on the network. It is then tested once per number
        of stages, with a few forward passes of two images.
        """
        return self.frozen_body or self._find_cut() is not None

    def frozen_features(self, images):
        """Compute the input of the trained part, without gradients.

        The features of an image stay the same until `trainable` or the frozen part
        changes. They can be computed once and passed to `forward` in each epoch.

        Parameters
        ----------
        images : Tensor of shape (b, 1, H, W) or (b, in_channels, H, W)
            Floats in [0, 1], as for `forward`.

        Returns
        -------
        Tensor of shape (b, c) or (b, c, h, w)
            If the whole body is frozen, the output of `features`. Otherwise the map
            between the frozen and the trained stages, in the precision and memory
            format of the body. For a `ConcatBackbone`, the flattened maps of the
            branches, concatenated.

        Raises
        ------
        ValueError
            If the network is not `separable`.
        """
        with torch.no_grad():
            if self.frozen_body:
                return self.features(images)
            return self._require_cut().frozen_part(
                self.backbone, self._normalize_images(images)
            )

    def _require_cut(self):
        """Return the cut of the network, or raise an error if there is none."""
        cut = self._find_cut()
        if cut is None:
            raise ValueError(
                f"With trainable={self.trainable!r}, no frozen part of "
                f"{self.backbone.name} can be computed apart from the trained part. "
                "Give images to forward, or choose a trainable for which `separable` "
                "is true."
            )
        return cut

    def _find_cut(self):
        """Return the cut of the network, or None."""
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

    def _pool(self, maps):
        return maps if self.head.needs_map else self.head.pool(maps)
