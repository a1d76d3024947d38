"""Networks of timm without their classifiers."""

import math

import torch
from torch import nn

from cxrclf._utils.image_size import check_image_size
from cxrclf.nets._depthwise import ease_depthwise
from cxrclf.nets._dropout import seed_dropout
from cxrclf.nets._grey_conv import take_grey
from cxrclf.nets._stages import stages_of

# The children that a network's feature map does not depend on, by name, channels and
# size: finding them takes longer than making a small network.
_UNUSED = {}


class Backbone(nn.Module):
    """A network of timm that turns images into a feature map.

    What timm's network has behind its feature map is dropped: the classifier, and
    layers that only the classifier uses, such as the fully connected ones of VGG.
    Made by :func:`make_backbone`.

    Parameters
    ----------
    model : torch.nn.Module
        A network of timm, or one like it: with ``forward_features``, ``num_features``
        and ``pretrained_cfg``. It is changed in place.
    in_channels : int, default=3
        Number of channels that `model` takes.
    image_size : (int, int), default=None
        Height and width of the images in pixels; those of ``pretrained_cfg`` by
        default.

    Attributes
    ----------
    model : torch.nn.Module
        The network of timm.
    name : str
        timm's name, with the tag of the weights: ``"vgg16.tv_in1k"``.
    num_features : int
        Number of channels of the feature map.
    in_channels : int
        Number of channels of the images.
    image_size : (int, int)
        Height and width, in pixels, that the backbone was made for. Convolutional
        networks take others too, see `map_size`.
    mean, std : tuple of float, of length in_channels
        What the network expects pixels in [0, 1] to be normalised with. For other
        than three channels, the average of the three, repeated.
    dropped : tuple of str
        Names of the modules of timm's network that were dropped.

    Raises
    ------
    ValueError
        If the network has no feature map, or none for images of this size.
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
        ease_depthwise(model)
        seed_dropout(model)
        self.dropped = self._drop_unused()
        take_grey(model)

    def forward(self, images):
        """Compute the feature map.

        Parameters
        ----------
        images : Tensor of shape (b, in_channels, H, W)
            Normalised with `mean` and `std`. A channel that was expanded
            (``torch.Tensor.expand``) is convolved once, where the network allows.

        Returns
        -------
        Tensor of shape (b, num_features, h, w)
            Networks of tokens give them on their grid, without class tokens.

        Raises
        ------
        ValueError
            If the network is made for one size of images and these have another.
        """
        size = tuple(images.shape[-2:])
        if self._fixed and size != self.image_size:
            raise ValueError(
                f"{self.name} was made for images of {in_pixels(self.image_size)}, got "
                f"{in_pixels(size)}. Make it for them: "
                f"make_backbone({self.name!r}, image_size={size})."
            )
        return self._as_map(self.model.forward_features(images), size)

    def map_size(self, image_size):
        """Return the size of the feature map of images of a size.

        Nothing is computed, so that it costs milliseconds for any size.

        Parameters
        ----------
        image_size : int or (int, int)
            Side of a square, or height and width, in pixels.

        Returns
        -------
        (int, int)
            Height and width.

        Raises
        ------
        ValueError
            If the network cannot take such images; the message names the smallest
            square that it can take.
        """
        size = check_image_size(image_size)
        try:
            return tuple(self._meta_map(size)[0].shape[-2:])
        except (RuntimeError, AssertionError) as error:
            smallest = self._smallest_side()
            if smallest is None:
                raise ValueError(
                    f"{self.name} cannot take images of {in_pixels(size)}: {error}"
                ) from error
            raise ValueError(
                f"Images of {in_pixels(size)} are too small for {self.name}: it takes "
                f"{in_pixels((smallest, smallest))} and larger. Set image_size to that "
                "or more."
            ) from error

    def stages(self):
        """Group the modules of the network in order from input to output.

        The groups are timm's (``group_matcher(coarse=True)``): most often the stem and
        one group a stage or block. Modules that timm leaves without a group, such as
        the last normalisation, are in the last stage.

        Returns
        -------
        list of list of torch.nn.Module
            Every module of `model` once, containers included. A module stands for
            its own parameters and buffers (``parameters(recurse=False)``), not for
            those of the modules in it.
        """
        return stages_of(self.model)

    def extra_repr(self):
        """Return what the modules do not say, for ``repr``."""
        names = "name", "in_channels", "image_size", "mean", "std"
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in names)

    def _drop_unused(self):
        """Replace the children that the feature map does not depend on."""
        made_for = (self.name, self.in_channels, self.image_size)
        if made_for not in _UNUSED:
            _UNUSED[made_for] = tuple(self._unused())
        for name in _UNUSED[made_for]:
            setattr(self.model, name, nn.Identity())
        return _UNUSED[made_for]

    def _unused(self):
        size = self.image_size
        try:
            features, parameters = self._meta_map(size)
        except (RuntimeError, AssertionError):
            self.map_size(size)  # says which sizes can be had
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

    def _meta_map(self, size):
        """Return a feature map without values, and the parameters it comes from."""
        parameters = {
            name: torch.empty_like(value, device="meta").requires_grad_()
            for name, value in self.named_parameters()
        }
        buffers = {
            n: torch.empty_like(b, device="meta") for n, b in self.named_buffers()
        }
        # Two images: BatchNorm in training mode refuses a single value a channel.
        dtype = next(self.parameters()).dtype
        images = torch.empty(2, self.in_channels, *size, device="meta", dtype=dtype)
        with torch.enable_grad():
            features = torch.func.functional_call(
                self, {**parameters, **buffers}, (images,)
            )
        return features, parameters

    def _smallest_side(self):
        """Return the smallest square that works, or None where the default fails."""
        default = self.model.pretrained_cfg["input_size"][1:]
        too_small, enough = 0, max(default)
        if self._fixed or not self._takes(enough):
            return None
        while enough - too_small > 1:
            middle = (too_small + enough) // 2
            if self._takes(middle):
                enough = middle
            else:
                too_small = middle
        return enough

    def _takes(self, side):
        try:
            self._meta_map((side, side))
        except (RuntimeError, AssertionError):
            return False
        return True

    def _as_map(self, features, size):
        """Bring what timm gives into the form (b, num_features, h, w)."""
        channels = self.num_features
        if isinstance(features, torch.Tensor):
            if features.ndim == 4 and features.shape[1] == channels:
                return features
            if features.ndim == 4 and features.shape[3] == channels:
                return features.permute(0, 3, 1, 2)
            if features.ndim == 3 and features.shape[2] == channels:
                grid = self._grid(features.shape[1], size)
                if grid is not None:
                    tokens = features[:, -math.prod(grid) :]
                    return tokens.transpose(1, 2).unflatten(2, grid)
        raise ValueError(
            f"{self.name} has no feature map that a head can take. Choose another "
            "network: those of timm with convolutions, ViT and Swin have one."
        )

    def _grid(self, n_tokens, size):
        """Return rows and columns of the tokens, or None if they are no grid."""
        n_prefix = getattr(self.model, "num_prefix_tokens", None)
        for extra in (0, 1) if n_prefix is None else (n_prefix,):
            n = n_tokens - extra
            rows = max(1, round(math.sqrt(n * size[0] / size[1])))
            if n > 1 and n % rows == 0:
                return rows, n // rows
        return None


def _per_channel(values, in_channels):
    values = tuple(float(value) for value in values)
    if len(values) == in_channels:
        return values
    return (math.fsum(values) / len(values),) * in_channels


def in_pixels(size):
    """Return a size as text."""
    return "×".join(map(str, size)) + " px"
