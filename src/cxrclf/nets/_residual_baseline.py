"""The residual baseline of Punn and Agarwal, in timm's registry."""

import warnings

import torch
from timm.models import build_model_with_cfg, generate_default_cfgs, register_model
from timm.models._features import feature_take_indices
from torch import nn
from torch.nn import functional

from cxrclf.nets._switchable_norm import SwitchableNorm2d

NAME = "residual_baseline"


class ResidualBaseline(nn.Module):
    """The baseline of [1]_: five residual blocks that concatenate.

    A block has two 3 × 3 convolutions, each with ReLU. What they give is concatenated
    with the block's input on channels, followed by max pooling that halves height and
    width, and by switchable normalisation. It is in timm's registry, so that its name
    goes wherever one of timm does: ``CXRClassifier("residual_baseline",
    weights=None, trainable="all")``.

    Parameters
    ----------
    num_classes : int, default=1000
        Outputs of the linear layer on the averaged map; 0 for none, as
        :func:`make_backbone` makes it.
    in_chans : int, default=3
        Channels of the images.
    widths : sequence of int, default=(16, 32, 64, 128, 256)
        Channels of the convolutions of each block.

    Attributes
    ----------
    num_features : int
        Channels of the feature map: those of the images and of all blocks, 499 by
        default.
    feature_info : list of dict
        Module, channels (``num_chs``) and ``reduction`` of what each block gives.

    See Also
    --------
    SwitchableNorm2d : The normalisation.

    Notes
    -----
    The paper says no more than the above, and no weights of the network are published.
    Chosen here are the widths, with which each block takes about the same time (2.2
    billion multiplications an image of 331 px in all, with 1.5 million parameters); the
    ReLU after the first convolution of a block; He's initialisation; pixels scaled to
    [-1, 1]; and the average of the last map before the output, so that no weight
    depends on the size of the images. Pooling rounds sizes up: nothing is lost at the
    border, and images may be as small as a pixel. The paper names instance
    normalisation where it describes the blocks, and switchable normalisation where it
    describes the training; the latter includes the former, and learns how much of it
    to take.

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
        """Compute logits, or averages of the feature map where there are no classes.

        Parameters
        ----------
        images : Tensor of shape (b, in_chans, H, W)

        Returns
        -------
        Tensor of shape (b, num_classes) or (b, num_features)
        """
        return self.forward_head(self.forward_features(images))

    def forward_features(self, images):
        """Compute the feature map.

        Parameters
        ----------
        images : Tensor of shape (b, in_chans, H, W)

        Returns
        -------
        Tensor of shape (b, num_features, h, w)
            h is H / 32, rounded up.
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
        """Compute what the blocks give, as a decoder takes it.

        Parameters
        ----------
        images : Tensor of shape (b, in_chans, H, W)
        indices : int or sequence of int, default=None
            Blocks, from 0; the last so many; or all.
        norm : bool, default=False
            Without effect: each block ends with its normalisation.
        stop_early : bool, default=False
            Whether to leave out the blocks behind the last one asked for.
        output_fmt : {"NCHW"}, default="NCHW"
            Order of the axes.
        intermediates_only : bool, default=False
            Whether to return the list alone.

        Returns
        -------
        Tensor of shape (b, c, h, w)
            Of the last block that was computed.
        list of Tensor
            Of each block asked for, in order.

        Raises
        ------
        ValueError
            If another order of the axes is asked for.
        """
        if output_fmt != "NCHW":
            raise ValueError(f'output_fmt must be "NCHW", got {output_fmt!r}.')
        taken, last = feature_take_indices(len(self.feature_info), indices)
        maps = []
        for i, block in enumerate(
            self.blocks[: last + 1] if stop_early else self.blocks
        ):
            images = block(images)
            if i in taken:
                maps.append(images)
        return maps if intermediates_only else (images, maps)

    def prune_intermediate_layers(self, indices=1, prune_norm=False, prune_head=True):
        """Remove the blocks behind the last one of those asked for.

        Parameters
        ----------
        indices : int or sequence of int, default=1
            As in `forward_intermediates`.
        prune_norm : bool, default=False
            Without effect: normalisation is a part of the blocks.
        prune_head : bool, default=True
            Whether to remove the linear layer too.

        Returns
        -------
        list of int
            The blocks asked for.
        """
        taken, last = feature_take_indices(len(self.feature_info), indices)
        self.blocks = self.blocks[: last + 1]
        if prune_head:
            self.reset_classifier(0)
        return taken

    def forward_head(self, features, pre_logits=False):
        """Compute what follows the feature map.

        Parameters
        ----------
        features : Tensor of shape (b, num_features, h, w)
        pre_logits : bool, default=False
            Whether to leave the linear layer out.

        Returns
        -------
        Tensor of shape (b, num_classes) or (b, num_features)
        """
        pooled = features.mean((2, 3))
        return pooled if pre_logits else self.fc(pooled)

    def get_classifier(self):
        """Return the linear layer."""
        return self.fc

    def reset_classifier(self, num_classes):
        """Make a new linear layer.

        Parameters
        ----------
        num_classes : int
            Its outputs; 0 for none.
        """
        self.num_classes = num_classes
        if num_classes > 0:
            self.fc = nn.Linear(self.num_features, num_classes)
        else:
            self.fc = nn.Identity()

    def group_matcher(self, coarse=False):
        """Return timm's patterns for the names of parameters, a group a block."""
        return {"blocks": r"^blocks\.(\d+)"}


class _Block(nn.Module):
    """Two convolutions, concatenated with their input, pooled and normalised."""

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
        # Pooling is by channel: the same before the concatenation, on fewer values.
        new, old = self.pool(new), self.pool(maps)
        # Images may have another precision and memory format than the convolutions.
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
    """Make the network, for timm's registry."""
    return build_model_with_cfg(
        ResidualBaseline,
        NAME,
        pretrained,
        feature_cfg={"flatten_sequential": True},
        **kwargs,
    )


with warnings.catch_warnings():
    # A module that is imported anew, as by importlib.reload, registers anew.
    warnings.filterwarnings("ignore", f"Overwriting {NAME}", UserWarning)
    register_model(residual_baseline)
