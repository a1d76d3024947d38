"""Classes of the images of a study, in one of its class schemes."""

import numpy as np

from cxrclf._utils.label_maps import check_label_map


def choose_classes(study, y, label_map, scheme):
    """Return the class of each image in the study, and which images it uses.

    Parameters
    ----------
    study : Study
        Description with the attributes `classes` and `schemes`.
    y : ndarray of shape (n,)
        Class of each image, as the user names it.
    label_map : mapping or None
        Class of the data of the study for each class in `y`.
    scheme : str or None
        Name of the class scheme.

    Returns
    -------
    labels : ndarray of shape (m,) of str
        Class of each used image.
    kept : ndarray of shape (m,) of int
        Rows of the used images.
    scheme : str or None
        Name of the class scheme.

    Raises
    ------
    TypeError
        If `label_map` is not a mapping.
    ValueError
        If classes are unknown or missing, or if the scheme does not exist.
    """
    found = np.unique(y).tolist()
    if label_map is not None:
        label_map = check_label_map(label_map)
        unknown = [label for label in label_map if label not in found]
        if unknown:
            raise ValueError(f"label_map names {unknown}, and y has {found} only.")
        steps = {old: str(new) for old, new in label_map.items()}
    else:
        steps = {label: str(label) for label in found}
    present = sorted(set(steps.values()))
    if scheme is None and study.schemes:
        scheme = _choose_scheme(study.schemes, present)
    if scheme is not None:
        if scheme not in study.schemes:
            raise ValueError(
                f"No class scheme {scheme!r}. The schemes are {list(study.schemes)}."
            )
        mapping = study.schemes[scheme]
        # A class of the scheme may lack some of the classes that it joins.
        reached = {mapping[name] for name in present if name in mapping}
        missing = {name for name, new in mapping.items() if new not in reached}
        what = f"scheme {scheme!r} of {study.name!r}"
        _refuse_missing(present, set(mapping), missing, label_map, what)
        steps = {old: mapping[new] for old, new in steps.items() if new in mapping}
        steps = {old: str(new) for old, new in steps.items()}
    elif study.classes:
        needed = set(study.classes)
        missing = needed - set(present)
        _refuse_missing(present, needed, missing, label_map, f"study {study.name!r}")
        steps = {old: new for old, new in steps.items() if new in study.classes}
    kept = np.flatnonzero([label in steps for label in y.tolist()])
    labels = np.array([steps[label] for label in y[kept].tolist()])
    if len(np.unique(labels)) < 2:
        raise ValueError(
            f"The study has images of {np.unique(labels).tolist()} only. It needs two "
            "classes or more."
        )
    return labels, kept, scheme


def _choose_scheme(schemes, present):
    """Return the scheme with the most classes among those that y has images for.

    Among several of them, the one that uses exactly the classes of y is chosen.
    """
    possible = [
        name
        for name, mapping in schemes.items()
        if {mapping[label] for label in present if label in mapping}
        == set(mapping.values())
    ]

    def rank(name):
        mapping = schemes[name]
        return len(set(mapping.values())), set(mapping) == set(present)

    return max(possible, key=rank) if possible else next(iter(schemes))


def _refuse_missing(present, needed, missing, label_map, what):
    if not missing:
        return
    hint = "Pass label_map={class in y: class of the study} to rename classes."
    if label_map is not None:
        hint = "Name a class for each of them in label_map."
    raise ValueError(
        f"y has the classes {present}, and {what} needs "
        f"{sorted(needed)}: {sorted(missing)} missing. {hint}"
    )
