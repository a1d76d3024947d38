"""Backbones: networks of timm without their classifiers."""

import math

import torch
from torch import nn

from cxrclf._utils.image_size import check_image_size
from cxrclf.nets._depthwise import replace_depthwise
from cxrclf.nets._dropout import seed_dropout
from cxrclf.nets._gray_conv import replace_first_convolution
from cxrclf.nets._meta import copy_to_meta
from cxrclf.nets._stages import group_stages

# Names of the children that the feature map does not depend on. The key holds the name
# of the network, the channels and the image size. The names are cached because finding
# them takes longer than making a small network.
_UNUSED_CHILDREN = {}


class Backbone(nn.Module):
    """A network of timm that computes a feature map from images.

    The layers of the network that follow the feature map are dropped. These are the
    classifier and the layers that only the classifier uses, such as the fully
    connected layers of VGG. :func:`make_backbone` makes a backbone.

    Parameters
    ----------
    model : torch.nn.Module
        Network of timm, or a module with ``forward_features``, ``num_features`` and
        ``pretrained_cfg``. It is changed in place.
    in_channels : int, default=3
        Number of channels of the images.
    image_size : (int, int), default=None
        Height and width of the images in pixels. If None, the size in
        ``pretrained_cfg``.

    Attributes
    ----------
    model : torch.nn.Module
        The network of timm.
    name : str
        Name of the network in timm, with the tag of the weights:
        ``"vgg16.tv_in1k"``.
    num_features : int
        Number of channels of the feature map.
    in_channels : int
        Number of channels of the images.
    image_size : (int, int)
        Height and width, in pixels, that the backbone was made for. Convolutional
        networks also accept other sizes, see `map_size`.
    mean, std : tuple of float, of length in_channels
        Mean and standard deviation per channel, which normalize pixels in [0, 1] for
        the network. If the images do not have three channels, each value is the
        average over the three channels.
    dropped : tuple of str
        Names of the dropped modules.

    Raises
    ------
    ValueError
        If the network has no feature map for images of this size.
    """

    def __init__(self, model, *, in_channels=3, image_size=None):
        super().__init__()
        config = model.pretrained_cfg
        architecture, tag = config["architecture"], config.get("tag")
        trained = tag and tag != "untrained"
        self.model = model
        self.name = f"{architecture}.{tag}" if trained else architecture
        self.num_features = model.num_features
        self.in_channels = in_channels
        self.image_size = image_size or tuple(config["input_size"][1:])
        self.mean = _per_channel(config["mean"], in_channels)
        self.std = _per_channel(config["std"], in_channels)
        self._fixed = bool(config.get("fixed_input_size"))
        replace_depthwise(model)
        seed_dropout(model)
        self.dropped = self._drop_unused()
        replace_first_convolution(model)

    def forward(self, images):
        """Compute the feature map.

        Parameters
        ----------
        images : Tensor of shape (b, in_channels, H, W)
            Images normalized with `mean` and `std`. If their channels are one channel
            repeated by ``torch.Tensor.expand``, the first convolution is computed
            once, where the network allows it.

        Returns
        -------
        Tensor of shape (b, num_features, h, w)
            Feature map. The tokens of a transformer are arranged on their grid,
            without class tokens.

        Raises
        ------
        ValueError
            If the network accepts only one image size and the images have another.
        """
        size = tuple(images.shape[-2:])
        if self._fixed and size != self.image_size:
            raise ValueError(
                f"{self.name} was made for images of {format_size(self.image_size)}, "
                f"got {format_size(size)}. Make a backbone for this size: "
                f"make_backbone({self.name!r}, image_size={size})."
            )
        return self._as_map(self.model.forward_features(images), size)

    def map_size(self, image_size):
        """Return the size of the feature map for an image size.

        No feature map is computed, so it takes milliseconds for any size.

        Parameters
        ----------
        image_size : int or (int, int)
            Height and width of the images in pixels, or one int for square images.

        Returns
        -------
        (int, int)
            Height and width of the feature map.

        Raises
        ------
        ValueError
            If the network does not accept this size. The message names the smallest
            square that it accepts.
        """
        size = check_image_size(image_size)
        # A copy, because another thread may compute with this backbone.
        probe = copy_to_meta(self)
        try:
            return tuple(probe._compute_on_meta(size)[0].shape[-2:])
        except (RuntimeError, AssertionError) as error:
            smallest = probe._smallest_side()
            if smallest is None:
                raise ValueError(
                    f"{self.name} cannot take images of {format_size(size)}: {error}"
                ) from error
            raise ValueError(
                f"Images of {format_size(size)} are too small for {self.name}: it "
                f"takes {format_size((smallest, smallest))} and larger. Increase "
                "image_size."
            ) from error

    def stages(self):
        """Group the modules of the network into stages, from input to output.

        timm defines the stages (``group_matcher(coarse=True)``). Most networks have
        the stem and then one stage per block. Modules without a group in timm, such as
        the last normalization, belong to the last stage.

        Returns
        -------
        list of list of torch.nn.Module
            Modules of each stage. Every module of `model` occurs once, containers
            included. A module represents only its own parameters and buffers
            (``parameters(recurse=False)``), without the modules inside it.
        """
        return group_stages(self.model)

    def extra_repr(self):
        """Return the settings that ``repr`` adds to the modules."""
        names = "name", "in_channels", "image_size", "mean", "std"
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in names)

    def _drop_unused(self):
        """Replace the children that the feature map does not depend on."""
        made_for = (self.name, self.in_channels, self.image_size)
        if made_for not in _UNUSED_CHILDREN:
            _UNUSED_CHILDREN[made_for] = tuple(self._find_unused())
        for name in _UNUSED_CHILDREN[made_for]:
            setattr(self.model, name, nn.Identity())
        return _UNUSED_CHILDREN[made_for]

    def _find_unused(self):
        """Iterate over the names of the children without gradients of the map."""
        size = self.image_size
        try:
            features, parameters = self._compute_on_meta(size)
        except (RuntimeError, AssertionError):
            self.map_size(size)  # raises an error that names the accepted sizes
            raise
        features.sum().backward()
        used = {
            parameter
            for name, parameter in self.named_parameters()
            if parameters[name].grad is not None
        }
        for name, child in self.model.named_children():
            own = set(child.parameters())
            if own and own.isdisjoint(used):
                yield name

    def _compute_on_meta(self, size):
        """Return a feature map on the meta device, and the parameters used for it.

        Tensors on the meta device have shapes and gradients but no values, so no
        convolution is computed. Meanwhile no other thread may use the backbone.
        """
        parameters = {
            name: torch.empty_like(value, device="meta").requires_grad_()
            for name, value in self.named_parameters()
        }
        buffers = {
            n: torch.empty_like(b, device="meta") for n, b in self.named_buffers()
        }
        # Two images: BatchNorm in training mode rejects a single value per channel.
        dtype = next(self.parameters()).dtype
        images = torch.empty(2, self.in_channels, *size, device="meta", dtype=dtype)
        with torch.enable_grad():
            features = torch.func.functional_call(
                self, {**parameters, **buffers}, (images,)
            )
        return features, parameters

    def _smallest_side(self):
        """Return the smallest accepted side, or None if the default size fails."""
        default = self.model.pretrained_cfg["input_size"][1:]
        # Bisection: `too_small` is always rejected and `enough` always accepted.
        too_small, enough = 0, max(default)
        if self._fixed or not self._accepts(enough):
            return None
        while enough - too_small > 1:
            middle = (too_small + enough) // 2
            if self._accepts(middle):
                enough = middle
            else:
                too_small = middle
        return enough

    def _accepts(self, side):
        try:
            self._compute_on_meta((side, side))
        except (RuntimeError, AssertionError):
            return False
        return True

    def _as_map(self, features, size):
        """Convert the output of timm to the shape (b, num_features, h, w)."""
        channels = self.num_features
        if isinstance(features, torch.Tensor):
            if features.ndim == 4 and features.shape[1] == channels:
                return features
            if features.ndim == 4 and features.shape[3] == channels:
                return features.permute(0, 3, 1, 2)
            if features.ndim == 3 and features.shape[2] == channels:
                grid = self._grid(features.shape[1], size)
                if grid is not None:
                    # Class tokens come before the tokens of the grid.
                    tokens = features[:, -math.prod(grid) :]
                    return tokens.transpose(1, 2).unflatten(2, grid)
        raise ValueError(
            f"{self.name} has no feature map that a head can take. Choose another "
            "network of timm: convolutional networks, ViT and Swin have one."
        )

    def _grid(self, n_tokens, size):
        """Return the rows and columns of tokens, or None if they form no grid."""
        n_prefix = getattr(self.model, "num_prefix_tokens", None)
        for extra in (0, 1) if n_prefix is None else (n_prefix,):
            n = n_tokens - extra
            # The grid of tokens has about the aspect ratio of the image.
            rows = max(1, round(math.sqrt(n * size[0] / size[1])))
            if n > 1 and n % rows == 0:
                return rows, n // rows
        return None


def _per_channel(values, in_channels):
    """Return one value per channel: the given values, or their mean repeated."""
    values = tuple(float(value) for value in values)
    if len(values) == in_channels:
        return values
    return (math.fsum(values) / len(values),) * in_channels


def format_size(size):
    """Format a size in pixels for a message, such as "224×224 px"."""
    return "×".join(map(str, size)) + " px"
