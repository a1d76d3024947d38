"""The residual baseline of Punn and Agarwal, registered in timm."""

import warnings

import torch
from timm.models import build_model_with_cfg, generate_default_cfgs, register_model
from timm.models._features import feature_take_indices
from torch import nn
from torch.nn import functional

from cxrclf.nets._switchable_norm import SwitchableNorm2d

NAME = "residual_baseline"


class ResidualBaseline(nn.Module):
    """The baseline network of [1]_: five residual blocks with concatenation.

    Each block has two 3 × 3 convolutions with ReLU. Their output is concatenated with
    the input of the block along the channels. Max pooling then halves height and width,
    and switchable normalization follows. The network is registered in timm, so its name
    can be used like any name in timm: ``CXRClassifier("residual_baseline",
    weights=None, trainable="all")``.

    Parameters
    ----------
    num_classes : int, default=1000
        Number of outputs of the linear layer on the averaged map. 0 omits this layer;
        :func:`make_backbone` uses 0.
    in_chans : int, default=3
        Number of channels of the images.
    widths : sequence of int, default=(16, 32, 64, 128, 256)
        Number of channels of the convolutions of each block.

    Attributes
    ----------
    num_features : int
        Number of channels of the feature map. It is the sum of `in_chans` and `widths`,
        499 by default.
    feature_info : list of dict
        ``module``, number of channels (``num_chs``) and ``reduction`` of the output of
        each block.

    See Also
    --------
    SwitchableNorm2d : Normalization of the blocks.

    Notes
    -----
    The paper describes the network only as above, and no weights are published. This
    implementation makes the following choices:

    - The widths give each block about the same computing time. The network has 1.5
      million parameters and 2.2 billion multiplications per image of 331 px.
    - A ReLU follows the first convolution of a block.
    - The weights are initialized by the method of He.
    - Pixels are scaled to [-1, 1].
    - The last map is averaged before the output, so no weight depends on the size of
      the images.
    - Pooling rounds sizes up. No border is lost, and images may be as small as a pixel.
    - The paper names instance normalization in the description of the blocks, and
      switchable normalization in the description of the training. Switchable
      normalization is used here. It includes instance normalization and learns its
      weight.

    References
    ----------
    .. [1] N. S. Punn, S. Agarwal, "Automated diagnosis of COVID-19 with limited
       posteroanterior chest X-ray images using fine-tuned deep neural networks",
       Applied Intelligence 51, 2021.

    Examples
    --------
    >>> import torch
    >>> from cxrclf.nets import make_backbone
    >>> backbone = make_backbone("residual_baseline", image_size=64)
    >>> backbone(torch.zeros(2, 3, 64, 64)).shape
    torch.Size([2, 499, 2, 2])
    """

    def __init__(self, num_classes=1000, in_chans=3, widths=(16, 32, 64, 128, 256)):
        super().__init__()
        blocks, self.feature_info, n = [], [], in_chans
        for i, width in enumerate(widths):
            blocks.append(_Block(n, width))
            n += width
            info = {"num_chs": n, "reduction": 2 ** (i + 1), "module": f"blocks.{i}"}
            self.feature_info.append(info)
        self.in_chans = in_chans
        self.num_features = n
        self.blocks = nn.Sequential(*blocks)
        self.reset_classifier(num_classes)

    def forward(self, images):
        """Compute logits, or averages of the feature map if there are no classes.

        Parameters
        ----------
        images : Tensor of shape (b, in_chans, H, W)
            Normalized images.

        Returns
        -------
        Tensor of shape (b, num_classes) or (b, num_features)
            Logits, or averages if ``num_classes=0``.
        """
        return self.forward_head(self.forward_features(images))

    def forward_features(self, images):
        """Compute the feature map.

        Parameters
        ----------
        images : Tensor of shape (b, in_chans, H, W)
            Normalized images.

        Returns
        -------
        Tensor of shape (b, num_features, h, w)
            Feature map with h = H / 32 and w = W / 32, rounded up.
        """
        return self.blocks(images)

    def forward_intermediates(
        self,
        images,
        indices=None,
        norm=False,
        stop_early=False,
        output_fmt="NCHW",
        intermediates_only=False,
    ):
        """Compute the outputs of several blocks, for a decoder.

        Parameters
        ----------
        images : Tensor of shape (b, in_chans, H, W)
            Normalized images.
        indices : int or sequence of int, default=None
            A sequence has the numbers of the requested blocks, from 0. An int requests
            this number of blocks at the end. None requests all blocks.
        norm : bool, default=False
            Ignored. Each block ends with normalization.
        stop_early : bool, default=False
            Whether to skip the blocks after the last requested block.
        output_fmt : {"NCHW"}, default="NCHW"
            Order of the axes.
        intermediates_only : bool, default=False
            Whether to return only the list.

        Returns
        -------
        Tensor of shape (b, c, h, w)
            Output of the last computed block.
        list of Tensor
            Outputs of the requested blocks, in order.

        Raises
        ------
        ValueError
            If another order of the axes is requested.
        """
        if output_fmt != "NCHW":
            raise ValueError(f'output_fmt must be "NCHW", got {output_fmt!r}.')
        requested, last = feature_take_indices(len(self.feature_info), indices)
        maps = []
        for i, block in enumerate(
            self.blocks[: last + 1] if stop_early else self.blocks
        ):
            images = block(images)
            if i in requested:
                maps.append(images)
        return maps if intermediates_only else (images, maps)

    def prune_intermediate_layers(self, indices=1, prune_norm=False, prune_head=True):
        """Remove the blocks after the last requested block.

        Parameters
        ----------
        indices : int or sequence of int, default=1
            Requested blocks, as for `forward_intermediates`.
        prune_norm : bool, default=False
            Ignored. Each block ends with normalization.
        prune_head : bool, default=True
            Whether to also remove the linear layer.

        Returns
        -------
        list of int
            Numbers of the requested blocks.
        """
        requested, last = feature_take_indices(len(self.feature_info), indices)
        self.blocks = self.blocks[: last + 1]
        if prune_head:
            self.reset_classifier(0)
        return requested

    def forward_head(self, features, pre_logits=False):
        """Average a feature map and apply the linear layer.

        Parameters
        ----------
        features : Tensor of shape (b, num_features, h, w)
            Feature map.
        pre_logits : bool, default=False
            Whether to skip the linear layer.

        Returns
        -------
        Tensor of shape (b, num_classes) or (b, num_features)
            Logits, or averages if the linear layer is skipped.
        """
        pooled = features.mean((2, 3))
        return pooled if pre_logits else self.fc(pooled)

    def get_classifier(self):
        """Return the linear layer."""
        return self.fc

    def reset_classifier(self, num_classes):
        """Replace the linear layer by a new one.

        Parameters
        ----------
        num_classes : int
            Number of outputs. 0 removes the layer.
        """
        self.num_classes = num_classes
        if num_classes > 0:
            self.fc = nn.Linear(self.num_features, num_classes)
        else:
            self.fc = nn.Identity()

    def group_matcher(self, coarse=False):
        """Return patterns of parameter names for timm, with one group per block."""
        return {"blocks": r"^blocks\.(\d+)"}


class _Block(nn.Module):
    """Two convolutions, concatenated with their input, pooled and normalized."""

    def __init__(self, in_channels, width):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.pool = nn.MaxPool2d(2, ceil_mode=True)
        self.norm = SwitchableNorm2d(in_channels + width)
        for conv in (self.conv1, self.conv2):
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            nn.init.zeros_(conv.bias)

    def forward(self, maps):
        """Compute maps of half the size."""
        new = functional.relu(self.conv1(maps), inplace=True)
        new = functional.relu(self.conv2(new), inplace=True)
        # Pooling works per channel. Before the concatenation it gives the same result,
        # and only the new maps need the precision of the convolutions.
        new, old = self.pool(new), self.pool(maps)
        # Under autocast, the input may have another precision and memory format.
        if new.is_contiguous(memory_format=torch.channels_last):
            old = old.contiguous(memory_format=torch.channels_last)
        return self.norm(torch.cat([new, old.to(new.dtype)], 1))


default_cfgs = generate_default_cfgs(
    {
        NAME: {
            "num_classes": 1000,
            "input_size": (3, 331, 331),
            "pool_size": (11, 11),
            "mean": (0.5, 0.5, 0.5),
            "std": (0.5, 0.5, 0.5),
            "first_conv": "blocks.0.conv1",
            "classifier": "fc",
        }
    }
)


def residual_baseline(pretrained=False, **kwargs):
    """Make the network. timm calls this function through its registry."""
    return build_model_with_cfg(
        ResidualBaseline,
        NAME,
        pretrained,
        feature_cfg={"flatten_sequential": True},
        **kwargs,
    )


with warnings.catch_warnings():
    # A second import, as by importlib.reload, registers the network again.
    warnings.filterwarnings("ignore", f"Overwriting {NAME}", UserWarning)
    register_model(residual_baseline)
