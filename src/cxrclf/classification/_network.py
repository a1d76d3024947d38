"""Make the network of a classifier from one or several backbones."""

from pathlib import Path

from cxrclf.exceptions import WeightsError
from cxrclf.nets import (
    ClassificationNetwork,
    ConcatBackbone,
    Head,
    default_image_size,
    make_backbone,
)


def is_several(backbone):
    """Return whether `backbone` is a sequence of names, and not one name."""
    return isinstance(backbone, (tuple, list))


def check_backbones(backbone, weights):
    """Check backbones and weights before weights are downloaded.

    Parameters
    ----------
    backbone : str or sequence of str
    weights : None, str, path-like, mapping or sequence

    Raises
    ------
    ValueError
        If a sequence has fewer than two names, if a name is unknown, or if the number
        of weights differs from the number of names.
    WeightsError
        If a file of weights is missing.
    """
    if not is_several(backbone):
        if isinstance(weights, (tuple, list)):
            raise ValueError(
                f"There are {len(weights)} weights for the one backbone {backbone!r}. "
                "Pass the weights themselves, not a list."
            )
        return
    names = list(backbone)
    if len(names) < 2 or not all(isinstance(name, str) for name in names):
        raise ValueError(
            "A sequence of backbones must have the names of two networks or more, got "
            f"{names!r}. Pass a single one as a str."
        )
    for name in names:
        default_image_size(name)
    if not isinstance(weights, (tuple, list)):
        if weights not in (None, "imagenet"):
            raise ValueError(
                'weights must be None, "imagenet", or one entry for each of '
                f"{names}, got {weights!r}."
            )
    elif len(weights) != len(names):
        raise ValueError(
            f"There are {len(weights)} weights for the {len(names)} backbones {names}. "
            "Pass one entry for each; an entry may be None."
        )
    else:
        for file in weights:
            is_file = isinstance(file, (str, Path)) and file != "imagenet"
            if is_file and not Path(file).is_file():
                raise WeightsError(f"There is no file of weights at {file}.")


def largest_image_size(backbone):
    """Return the image size of a backbone, or the largest one of several."""
    names = backbone if is_several(backbone) else [backbone]
    return max(default_image_size(name) for name in names)


def make_network(
    backbone,
    weights,
    *,
    n_classes,
    hidden_units,
    dropout,
    pointwise_channels,
    pooling,
    normalization,
    in_channels,
    image_size,
):
    """Make the network of a classifier.

    Parameters
    ----------
    backbone, weights, hidden_units, dropout, pointwise_channels, pooling, normalization
        As in :class:`~cxrclf.CXRClassifier`.
    n_classes : int
        Number of outputs.
    in_channels : int
        Number of channels of the images.
    image_size : (int, int)
        Height and width in pixels.

    Returns
    -------
    ClassificationNetwork
    """
    several = is_several(backbone)
    options = {"in_channels": in_channels, "image_size": image_size}
    if several:
        if not isinstance(weights, (tuple, list)):
            weights = [weights] * len(backbone)
        branches = [
            make_backbone(name, weights=branch_weights, **options)
            for name, branch_weights in zip(backbone, weights, strict=True)
        ]
        body = ConcatBackbone(branches, normalization=normalization)
    else:
        body = make_backbone(backbone, weights=weights, **options)
    head = Head(
        body.num_features,
        n_classes,
        hidden_units=hidden_units,
        dropout=dropout,
        pointwise_channels=pointwise_channels,
        pointwise_relu=not several,
        flatten_size=body.map_size(image_size) if pooling == "flatten" else None,
    )
    # ConcatBackbone normalizes the pixels for each of several backbones.
    return ClassificationNetwork(
        body, head, normalization="unit" if several else normalization
    )
