"""One backbone by its name, or several side by side."""

from pathlib import Path

from cxrclf.exceptions import WeightsError
from cxrclf.nets import ConcatBackbone, default_image_size, make_backbone


def is_several(backbone):
    """Return whether this is a sequence of names, and not one name."""
    return isinstance(backbone, (tuple, list))


def check_backbones(backbone, weights):
    """Check names and weights before any weights are downloaded.

    Parameters
    ----------
    backbone : str or sequence of str
    weights : None, str, path-like, mapping or sequence

    Raises
    ------
    ValueError
        If there are not two names or more, or not as many weights.
    WeightsError
        If a name is unknown, or a file is missing.
    """
    if not is_several(backbone):
        if isinstance(weights, (tuple, list)):
            raise ValueError(
                f"There are {len(weights)} weights for the one backbone {backbone!r}. "
                "Give the weights alone, not in a list."
            )
        return
    names = list(backbone)
    if len(names) < 2 or not all(isinstance(name, str) for name in names):
        raise ValueError(
            "A sequence of backbones must have the names of two networks or more, got "
            f"{names!r}. Give a single one as a str."
        )
    for name in names:
        default_image_size(name)
    if not isinstance(weights, (tuple, list)):
        if weights not in (None, "imagenet"):
            raise ValueError(
                'weights must be None, "imagenet", or one entry for each of '
                f"{names}; got {weights!r}."
            )
    elif len(weights) != len(names):
        raise ValueError(
            f"There are {len(weights)} weights for the {len(names)} backbones {names}. "
            "Give one entry for each, None among them."
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


def make_backbones(backbone, weights, *, normalization, in_channels, image_size):
    """Make a backbone, or several side by side.

    Parameters
    ----------
    backbone : str or sequence of str
    weights : None, "imagenet", path-like, mapping or sequence
        Initial weights, of each backbone where it is a sequence.
    normalization : {"backbone", "unit"}
        How each of several backbones normalizes pixels.
    in_channels : int
    image_size : (int, int)
        Height and width in pixels.

    Returns
    -------
    Backbone or ConcatBackbone
    """
    options = {"in_channels": in_channels, "image_size": image_size}
    if not is_several(backbone):
        return make_backbone(backbone, weights=weights, **options)
    if not isinstance(weights, (tuple, list)):
        weights = [weights] * len(backbone)
    branches = [
        make_backbone(name, weights=of_branch, **options)
        for name, of_branch in zip(backbone, weights, strict=True)
    ]
    return ConcatBackbone(branches, normalization=normalization)
