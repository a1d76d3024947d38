"""Networks of a study with other parameters and backbones."""

import difflib
from collections.abc import Sequence

from sklearn.base import clone

_LENGTHS = {"max_epochs", "max_iter"}


def scale_networks(networks, preprocessing, backbones, params):
    """Set parameters in all steps of all networks.

    Parameters
    ----------
    networks : Networks
        Networks by name.
    preprocessing : transformer or None
        Step before the networks.
    backbones : sequence of str or None
        Backbones that replace the distinct backbones of the networks, in the order in
        which they appear.
    params : dict
        Values of parameters by their names without the names of steps.

    Returns
    -------
    networks : dict of str to classifier
        Changed networks by their new names.
    preprocessing : transformer or None
        Changed step.
    names : dict of str to str
        New name of each old name.

    Raises
    ------
    ValueError
        If no step has a parameter, or if no network remains.
    """
    found = {name: networks[name] for name in networks}
    new_names = {name: name for name in found}
    if backbones is not None:
        found, new_names = _replace_backbones(found, backbones)
    steps = list(found.values())
    if preprocessing is not None:
        preprocessing = clone(preprocessing)
        steps.append(preprocessing)
    known = {path.rsplit("__", 1)[-1] for step in steps for path in _paths(step)}
    unknown = sorted(set(params) - known)
    if unknown:
        raise ValueError(
            f"No step of the study has the parameters {unknown}."
            f"{_suggest(unknown, known)} Options of a run, such as scheme, belong to "
            "Study.run."
        )
    for step in steps:
        step.set_params(**_choose_values(step, params))
    scaled = {new_names[name]: estimator for name, estimator in found.items()}
    return scaled, preprocessing, new_names


def find_backbones(estimator):
    """Return the backbones of a classifier, by the paths of their parameters."""
    return {
        path: value
        for path, value in estimator.get_params().items()
        if path.rsplit("__", 1)[-1] == "backbone"
    }


def _replace_backbones(networks, backbones):
    if isinstance(backbones, str) or not isinstance(backbones, Sequence):
        raise ValueError(f"backbones must be a list of names, got {backbones!r}.")
    stand_ins, given = {}, iter(backbones)
    for estimator in networks.values():
        for value in find_backbones(estimator).values():
            for name in [value] if isinstance(value, str) else value:
                if name not in stand_ins:
                    stand_ins[name] = next(given, None)
    found, names = {}, {}
    for name, estimator in networks.items():
        changes = {}
        for path, value in find_backbones(estimator).items():
            if isinstance(value, str):
                changes[path] = stand_ins[value]
            else:
                changes[path] = tuple(stand_ins[one] for one in value)
        used = [
            one
            for value in changes.values()
            for one in ([value] if not isinstance(value, tuple) else value)
        ]
        if None in used:
            continue
        found[name] = estimator.set_params(**changes)
        short = " + ".join(one.removeprefix("tf_").split(".")[0] for one in used)
        names[name] = f"{short} (for {name})" if used else name
    if not found:
        raise ValueError("No network remains. Pass as many backbones as a network has.")
    return found, names


def _choose_values(step, params):
    """Return the values of the parameters of a step, by their paths."""
    chosen = {}
    for path, old in _paths(step).items():
        name = path.rsplit("__", 1)[-1]
        # A CycleGAN counts its training in iterations or in epochs. The other is None.
        if name in params and not (name in _LENGTHS and old is None):
            chosen[path] = params[name]
    return chosen


def _suggest(unknown, known):
    """Return known names that contain an unknown name, or look like it."""
    found = []
    for name in unknown:
        inside = sorted(one for one in known if name in one)
        found += inside or difflib.get_close_matches(name, known)
    return f" Did you mean {' or '.join(map(repr, found))}?" if found else ""


def _paths(step):
    return step.get_params()
