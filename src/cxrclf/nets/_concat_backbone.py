"""Concatenation of the feature maps of several backbones."""

import itertools

import torch
from torch import nn
from torch.nn.functional import interpolate

from cxrclf._utils.image_size import check_image_size
from cxrclf.nets._normalization import Normalization


class ConcatBackbone(nn.Module):
    """Several backbones on the same image, with concatenated feature maps.

    The network of [1]_ has the branches Xception and ResNet50V2. The interface is the
    same as for :class:`Backbone`.

    Parameters
    ----------
    branches : sequence of Backbone
        Two or more backbones for the same number of channels and the same image size.
    normalization : {"backbone", "unit"}, default="backbone"
        ``"backbone"`` normalizes pixels for each branch with its own ``mean`` and
        ``std``. ``"unit"`` passes the images unchanged to all branches.

    Attributes
    ----------
    branches : torch.nn.ModuleList of Backbone
        Backbones side by side.
    name : str
        Names of the branches, joined by " + ".
    num_features : int
        Number of channels of the feature map: the sum over the branches.
    in_channels : int
        Number of channels of the images.
    image_size : (int, int)
        Height and width, in pixels, that the branches were made for.
    mean, std : tuple of float, of length in_channels
        Zeros and ones. The images need no normalization before this backbone, because
        it normalizes them for each branch.

    Raises
    ------
    ValueError
        If there are fewer than two branches, if the branches were made for different
        images, or if `normalization` is unknown.

    References
    ----------
    .. [1] M. Rahimzadeh and A. Attar, "A modified deep convolutional neural network
       for detecting COVID-19 and pneumonia from chest X-ray images based on the
       concatenation of Xception and ResNet50V2", Informatics in Medicine Unlocked
       19, 100360, 2020.

    Examples
    --------
    >>> import torch
    >>> from cxrclf.nets import ClassificationNetwork, ConcatBackbone
    >>> from cxrclf.nets import Head, make_backbone
    >>> names = "test_resnet", "test_efficientnet"
    >>> branches = [make_backbone(name, image_size=64) for name in names]
    >>> backbone = ConcatBackbone(branches)
    >>> backbone(torch.rand(2, 1, 64, 64)).shape
    torch.Size([2, 352, 2, 2])
    >>> head = Head(352, 3, pointwise_channels=16, pointwise_relu=False)
    >>> ClassificationNetwork(backbone, head)(torch.rand(2, 1, 64, 64)).shape
    torch.Size([2, 3])
    """

    def __init__(self, branches, *, normalization="backbone"):
        super().__init__()
        branches = list(branches)
        if len(branches) < 2:
            raise ValueError(
                f"A concatenation needs two backbones or more, got {len(branches)}."
            )
        made_for = {(branch.in_channels, branch.image_size) for branch in branches}
        if len(made_for) > 1:
            raise ValueError(
                "All branches must be made for the same channels and size of images, "
                f"got {sorted(made_for)}. Give make_backbone the same in_channels and "
                "image_size."
            )
        if normalization not in ("backbone", "unit"):
            raise ValueError(
                f'normalization must be "backbone" or "unit", got {normalization!r}.'
            )
        self.branches = nn.ModuleList(branches)
        self.normalization = normalization
        if normalization == "backbone":
            self.normalizations = nn.ModuleList(
                Normalization(branch.mean, branch.std) for branch in branches
            )
        self.name = " + ".join(branch.name for branch in branches)
        self.num_features = sum(branch.num_features for branch in branches)
        self.in_channels, self.image_size = (
            branches[0].in_channels,
            branches[0].image_size,
        )
        self.mean, self.std = (0.0,) * self.in_channels, (1.0,) * self.in_channels

    def forward(self, images):
        """Compute the concatenated feature map.

        Maps of different sizes are resized to the size of the largest map by bilinear
        interpolation.

        Parameters
        ----------
        images : Tensor of shape (b, 1, H, W) or (b, in_channels, H, W)
            Pixels in [0, 1]. With ``normalization="unit"``, the input of all branches.

        Returns
        -------
        Tensor of shape (b, num_features, h, w)
            Feature maps of all branches.
        """
        pixels = self.pixels(images)
        return self.join([b(p) for b, p in zip(self.branches, pixels, strict=True)])

    def pixels(self, images):
        """Return the input of each branch.

        Parameters
        ----------
        images : Tensor of shape (b, 1, H, W) or (b, in_channels, H, W)
            Images, as for `forward`.

        Returns
        -------
        list of Tensor of shape (b, in_channels, H, W)
            One tensor per branch.
        """
        if self.normalization == "backbone":
            return [normalize(images) for normalize in self.normalizations]
        return [images.expand(-1, self.in_channels, -1, -1)] * len(self.branches)

    def join(self, maps):
        """Concatenate the feature maps of the branches.

        Parameters
        ----------
        maps : list of Tensor of shape (b, c, h, w)
            Feature map of each branch. c, h and w may differ between branches.

        Returns
        -------
        Tensor of shape (b, num_features, h, w)
            Feature maps of all branches.
        """
        size = _largest_size([tuple(m.shape[2:]) for m in maps])
        return torch.cat([_resize(m, size) for m in maps], 1)

    def map_size(self, image_size):
        """Return the size of the feature map for an image size.

        Parameters
        ----------
        image_size : int or (int, int)
            Height and width of the images in pixels, or one int for square images.

        Returns
        -------
        (int, int)
            Height and width of the largest map among the branches.

        Raises
        ------
        ValueError
            If a branch does not accept this size.
        """
        size = check_image_size(image_size)
        return _largest_size([branch.map_size(size) for branch in self.branches])

    def stages(self):
        """Group the modules of the branches into stages, from input to output.

        Returns
        -------
        list of list of torch.nn.Module
            Modules of each stage, see :meth:`Backbone.stages`. Stages are counted from
            the output: the last stage holds the last stages of all branches, and so
            on.
        """
        by_branch = (reversed(branch.stages()) for branch in self.branches)
        groups = itertools.zip_longest(*by_branch, fillvalue=[])
        return [list(itertools.chain.from_iterable(group)) for group in groups][::-1]

    def extra_repr(self):
        """Return the settings that ``repr`` adds to the modules."""
        return f"normalization={self.normalization!r}"


def _largest_size(sizes):
    return tuple(max(sides) for sides in zip(*sizes, strict=True))


def _resize(maps, size):
    if tuple(maps.shape[2:]) == size:
        return maps
    return interpolate(maps, size, mode="bilinear")
