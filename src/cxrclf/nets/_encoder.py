"""What gives a decoder maps of several sizes: a plain encoder, or a network of timm."""

from torch import nn
from torch.nn import functional

from cxrclf._utils.image_size import check_image_size
from cxrclf.nets._backbone import in_pixels


class PlainEncoder(nn.Module):
    """The contracting path of the classic U-Net.

    Levels of two 3 × 3 convolutions with ReLU, with max pooling by two between them;
    each level has twice the channels of the one before.

    Parameters
    ----------
    depth : int, default=4
        How often the image is halved.
    width : int, default=64
        Channels of the first level; 64 in [1]_.
    batch_norm : bool, default=True
        Whether batch normalisation stands between convolution and ReLU. The paper has
        none.
    in_channels : int, default=1
        Channels of the images.
    image_size : (int, int), default=(256, 256)
        Height and width of the images, in pixels, which are to be halved `depth` times.

    Attributes
    ----------
    name : str
        ``"plain"``.
    channels, reductions : tuple of int
        Channels of each map, and by what the image is larger than it: from fine to
        coarse, beginning with 1.
    in_channels, image_size : int, (int, int)
        As given.
    mean, std : tuple of float
        0 and 1: pixels are taken as they are.

    Raises
    ------
    ValueError
        If the images are too small to be halved so often.

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
                f"Images of {in_pixels(size)} cannot be halved {depth} times. Take a "
                "smaller depth, or larger images."
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
        """Compute the maps, from fine to coarse.

        Parameters
        ----------
        images : Tensor of shape (b, in_channels, H, W)

        Returns
        -------
        list of Tensor of shape (b, channels[i], H / reductions[i], W / reductions[i])
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
    """The maps that a network of timm has on its way to the last one.

    Parameters
    ----------
    backbone : Backbone
        Of any network for which timm knows the intermediate maps. What only the last
        map depends on is removed from it.

    Attributes
    ----------
    name, in_channels, image_size, mean, std
        Those of the backbone.
    channels, reductions : tuple of int
        Channels of each map, and by what the image is larger than it: from fine to
        coarse.

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
        # Of several maps of one size the last one, which knows most.
        last = {stage["reduction"]: k for k, stage in enumerate(info)}
        if len(last) < 2 or not hasattr(backbone.model, "forward_intermediates"):
            raise ValueError(
                f"{backbone.name} has no maps of several sizes that a decoder could "
                "take. Choose a convolutional network, such as "
                '"tf_efficientnet_lite0" or "resnet50".'
            )
        self.reductions = tuple(last)
        self._taken = list(last.values())
        self.channels = tuple(info[k]["num_chs"] for k in self._taken)
        self.backbone = backbone
        backbone.model.prune_intermediate_layers(
            self._taken, prune_norm=True, prune_head=False
        )

    def forward(self, images):
        """Compute the maps, from fine to coarse.

        Parameters
        ----------
        images : Tensor of shape (b, in_channels, H, W)
            Normalised with `mean` and `std`.

        Returns
        -------
        list of Tensor of shape (b, channels[i], about H / reductions[i], ...)
        """
        return self.backbone.model.forward_intermediates(
            images, indices=self._taken, intermediates_only=True, stop_early=True
        )

    def stages(self):
        """Group the modules from input to output, see :meth:`Backbone.stages`."""
        return self.backbone.stages()


def double_convolution(c_in, c_out, *, batch_norm):
    """Return two 3 × 3 convolutions with ReLU, which keep the size."""
    layers = []
    for channels in (c_in, c_out):
        # Batch normalisation has a bias of its own.
        layers.append(nn.Conv2d(channels, c_out, 3, padding=1, bias=not batch_norm))
        if batch_norm:
            layers.append(nn.BatchNorm2d(c_out))
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)
