"""Names of networks in papers, in Keras and in timm."""

import difflib

import timm
from timm.models import get_deprecated_models

# Keys are in lower case, without "_" and "-". The tag fixes the weights, because timm
# changes its default weights between releases.
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
    """Return the name of a network in timm, with the tag of its weights.

    Parameters
    ----------
    name : str
        Name in timm, with or without a tag, or name in papers and Keras. Upper and
        lower case are the same. In names of papers and Keras, "_" and "-" are ignored.

    Returns
    -------
    str
        Name in timm, such as ``"resnetv2_50.a1h_in1k"``. It has no tag if no weights
        are published.

    Raises
    ------
    ValueError
        If there is no such network or tag. The message names similar ones.
    """
    if not isinstance(name, str):
        raise ValueError(f"The name of a network must be a str, got {name!r}.")
    lowered = name.strip().lower()
    known = _ALIASES.get(lowered.replace("_", "").replace("-", ""), lowered)
    known = get_deprecated_models().get(known) or known
    if not timm.is_model(known):
        raise ValueError(
            f"There is no network named {name!r}."
            f"{_suggest_names(lowered, [*_ALIASES, *timm.list_models()])} "
            'timm.list_models("*resnet*") lists the names that match a pattern.'
        )
    try:
        config = timm.get_pretrained_cfg(known)
    except RuntimeError as error:
        tagged = timm.list_pretrained(f"{known.partition('.')[0]}.*")
        raise ValueError(
            f"{name!r} names weights that this network does not have."
            f"{_suggest_names(lowered, tagged, cutoff=0)}"
        ) from error
    if "." in known or config.tag in (None, "", "untrained"):
        return known
    return f"{known}.{config.tag}"


def _suggest_names(name, names, cutoff=0.6):
    """Format a question with the names most similar to a name, or return ""."""
    matches = difflib.get_close_matches(name, sorted(set(names)), n=4, cutoff=cutoff)
    return f" Did you mean {' or '.join(map(repr, matches))}?" if matches else ""
