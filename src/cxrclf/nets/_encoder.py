"""Encoders of a U-Net: networks with feature maps of several sizes."""

from torch import nn
from torch.nn import functional

from cxrclf._utils.image_size import check_image_size
from cxrclf.nets._backbone import format_size


class PlainEncoder(nn.Module):
    """The contracting path of the classic U-Net [1]_.

    Each level has two 3 × 3 convolutions with ReLU. Max pooling halves the map between
    two levels. Each level has twice as many channels as the level before it.

    Parameters
    ----------
    depth : int, default=4
        Number of times that the image is halved.
    width : int, default=64
        Number of channels of the first level. The paper has 64.
    batch_norm : bool, default=True
        Whether to use batch normalization between convolution and ReLU. The paper does
        not use it.
    in_channels : int, default=1
        Number of channels of the images.
    image_size : (int, int), default=(256, 256)
        Height and width of the images in pixels.

    Attributes
    ----------
    name : str
        ``"plain"``.
    channels : tuple of int
        Number of channels of each map, from fine to coarse.
    reductions : tuple of int
        Size of the image divided by the size of each map, from fine to coarse. The
        first is 1.
    in_channels : int
        Number of channels of the images.
    image_size : (int, int)
        Height and width of the images in pixels.
    mean, std : tuple of float
        Zeros and ones: the encoder takes pixels in [0, 1].

    Raises
    ------
    ValueError
        If the images are too small to be halved `depth` times.

    References
    ----------
    .. [1] O. Ronneberger, P. Fischer, T. Brox, "U-Net: convolutional networks for
       biomedical image segmentation", MICCAI 2015, arXiv:1505.04597.
    """

    name = "plain"

    def __init__(
        self,
        depth=4,
        width=64,
        *,
        batch_norm=True,
        in_channels=1,
        image_size=(256,) * 2,
    ):
        super().__init__()
        size = check_image_size(image_size)
        if min(size) < 2**depth:
            raise ValueError(
                f"Images of {format_size(size)} cannot be halved {depth} times. "
                "Decrease depth or increase image_size."
            )
        self.in_channels, self.image_size = in_channels, size
        self.mean, self.std = (0.0,) * in_channels, (1.0,) * in_channels
        self.channels = tuple(width * 2**level for level in range(depth + 1))
        self.reductions = tuple(2**level for level in range(depth + 1))
        before = (in_channels, *self.channels[:-1])
        self.levels = nn.ModuleList(
            double_convolution(c_in, c_out, batch_norm=batch_norm)
            for c_in, c_out in zip(before, self.channels, strict=True)
        )

    def forward(self, images):
        """Compute the map of each level, from fine to coarse.

        Parameters
        ----------
        images : Tensor of shape (b, in_channels, H, W)
            Pixels in [0, 1].

        Returns
        -------
        list of Tensor of shape (b, channels[i], H / reductions[i], W / reductions[i])
            One map per level.
        """
        maps = []
        for level in self.levels:
            images = functional.max_pool2d(images, 2) if maps else images
            images = level(images)
            maps.append(images)
        return maps

    def stages(self):
        """Return the modules of each level, from input to output."""
        return [list(level.modules()) for level in self.levels]


class FeatureEncoder(nn.Module):
    """The intermediate feature maps of a network of timm.

    Parameters
    ----------
    backbone : Backbone
        Network with intermediate maps in timm. Layers behind the last of these maps
        are removed from it.

    Attributes
    ----------
    name, in_channels, image_size, mean, std
        Attributes of the same names of the backbone.
    channels : tuple of int
        Number of channels of each map, from fine to coarse.
    reductions : tuple of int
        Size of the image divided by the size of each map, from fine to coarse.

    Raises
    ------
    ValueError
        If the network has no maps of several sizes.
    """

    def __init__(self, backbone):
        super().__init__()
        self.name, self.in_channels = backbone.name, backbone.in_channels
        self.image_size = backbone.image_size
        self.mean, self.std = backbone.mean, backbone.std
        info = list(getattr(backbone.model, "feature_info", ()))
        # If several maps have the same size, the last one is used: it is the deepest.
        last = {stage["reduction"]: k for k, stage in enumerate(info)}
        if len(last) < 2 or not hasattr(backbone.model, "forward_intermediates"):
            raise ValueError(
                f"{backbone.name} has no maps of several sizes, which a decoder needs. "
                "Choose a convolutional network, such as "
                '"tf_efficientnet_lite0" or "resnet50".'
            )
        self.reductions = tuple(last)
        self._indices = list(last.values())
        self.channels = tuple(info[k]["num_chs"] for k in self._indices)
        self.backbone = backbone
        backbone.model.prune_intermediate_layers(
            self._indices, prune_norm=True, prune_head=False
        )

    def forward(self, images):
        """Compute the intermediate maps, from fine to coarse.

        Parameters
        ----------
        images : Tensor of shape (b, in_channels, H, W)
            Images normalized with `mean` and `std`.

        Returns
        -------
        list of Tensor of shape (b, channels[i], about H / reductions[i], ...)
            One map per size.
        """
        return self.backbone.model.forward_intermediates(
            images, indices=self._indices, intermediates_only=True, stop_early=True
        )

    def stages(self):
        """Group the modules into stages, see :meth:`Backbone.stages`."""
        return self.backbone.stages()


def double_convolution(c_in, c_out, *, batch_norm):
    """Return two 3 × 3 convolutions with ReLU that do not change the size."""
    layers = []
    for channels in (c_in, c_out):
        # A bias before batch normalization has no effect.
        layers.append(nn.Conv2d(channels, c_out, 3, padding=1, bias=not batch_norm))
        if batch_norm:
            layers.append(nn.BatchNorm2d(c_out))
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)
