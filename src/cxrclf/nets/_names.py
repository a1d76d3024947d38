"""Names of networks: those of the papers and of Keras, and timm's own."""

import difflib

import timm
from timm.models import get_deprecated_models

# Spelled without case, "_" and "-". The tag pins the weights: timm's choice of a
# default changes between releases.
_ALIASES = {
    "baselineresnet": "residual_baseline",
    "densenet121": "densenet121.tv_in1k",
    "densenet169": "densenet169.tv_in1k",
    "densenet201": "densenet201.tv_in1k",
    "efficientnetb0": "efficientnet_b0.ra_in1k",
    "inceptionresnetv2": "inception_resnet_v2.tf_in1k",
    "inceptionv3": "inception_v3.tf_in1k",
    "mobilenetv2": "mobilenetv2_100.ra_in1k",
    "nasnetlarge": "nasnetalarge.tf_in1k",
    "resnet50": "resnet50.a1_in1k",
    "resnet50v2": "resnetv2_50.a1h_in1k",
    "resnet101": "resnet101.a1h_in1k",
    "resnet101v2": "resnetv2_101.a1h_in1k",
    "resnet152v2": "resnetv2_152",
    "vgg16": "vgg16.tv_in1k",
    "vgg19": "vgg19.tv_in1k",
    "xception": "legacy_xception.tf_in1k",
}


def resolve_name(name):
    """Return timm's name, with the tag of its weights, for a network.

    Parameters
    ----------
    name : str
        A name of timm, with or without a tag, or one used in the papers and in
        Keras. Case, and for the latter "_" and "-", do not matter.

    Returns
    -------
    str
        Such as ``"resnetv2_50.a1h_in1k"``; without a tag where no weights are
        published.

    Raises
    ------
    ValueError
        If there is no such network or tag; the message names similar ones.
    """
    if not isinstance(name, str):
        raise ValueError(f"The name of a network must be a str, got {name!r}.")
    spelled = name.strip().lower()
    known = _ALIASES.get(spelled.replace("_", "").replace("-", ""), spelled)
    known = get_deprecated_models().get(known) or known
    if not timm.is_model(known):
        raise ValueError(
            f"There is no network named {name!r}."
            f"{_similar(spelled, [*_ALIASES, *timm.list_models()])} "
            'timm.list_models("*resnet*") lists those that match a pattern.'
        )
    try:
        config = timm.get_pretrained_cfg(known)
    except RuntimeError as error:
        tagged = timm.list_pretrained(f"{known.partition('.')[0]}.*")
        raise ValueError(
            f"{name!r} names a network and weights that it does not have."
            f"{_similar(spelled, tagged, cutoff=0)}"
        ) from error
    if "." in known or config.tag in (None, "", "untrained"):
        return known
    return f"{known}.{config.tag}"


def _similar(name, names, cutoff=0.6):
    matches = difflib.get_close_matches(name, sorted(set(names)), n=4, cutoff=cutoff)
    return f" Did you mean {' or '.join(map(repr, matches))}?" if matches else ""
