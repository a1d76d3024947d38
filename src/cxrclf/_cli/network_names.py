"""Names of the networks of a study."""

import difflib
import re

_REPLACED = re.compile(r"\(for (.+)\)$")  # "efficientnet_lite0 (for VGG16)"


def find_networks(names, study, published):
    """Return the networks that the user named.

    Parameters
    ----------
    names : sequence of str
        Names of the publication, such as "VGG16", or of the study, such as
        "efficientnet_lite0 (for VGG16)". Upper and lower case are the same.
    study : Study
        Study that will run.
    published : Study
        Study before other backbones replaced its own.

    Returns
    -------
    list of str
        Names of the study, each once.

    Raises
    ------
    ValueError
        If the study has no such network.
    """
    known = {}
    for own in study.networks:
        known[own.casefold()] = known[_short(own).casefold()] = own
    found = []
    for name in names:
        if name.casefold() not in known:
            raise ValueError(_describe_error(name, study, published))
        found.append(known[name.casefold()])
    return list(dict.fromkeys(found))


def _describe_error(name, study, published):
    """Return which networks there are, and the nearest one."""
    left = [_short(own) for own in study.networks]
    everyone = {_short(own).casefold(): _short(own) for own in published.networks}
    if name.casefold() in everyone:
        return (
            f"--network {name} is left out: --scale and --backbone replace the "
            f"backbones of these networks only: {', '.join(left)}. Name one of them, "
            "or pass --backbone once per backbone of the study."
        )
    near = difflib.get_close_matches(name.casefold(), everyone, n=1)
    cure = f" Did you mean {everyone[near[0]]!r}?" if near else ""
    return (
        f"--network {name} is not in the study.{cure} Its networks are: "
        f"{', '.join(left)}."
    )


def _short(name):
    """Return the name of a network in the publication."""
    replaced = _REPLACED.search(name)
    return replaced[1] if replaced else name
