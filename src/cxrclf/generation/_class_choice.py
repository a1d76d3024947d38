"""Choose the source class and the generated classes."""

import numpy as np

from cxrclf._utils.labels import explain_unknown

_FEWEST = 2


def choose_classes(y, source, labels):
    """Return the source class and the generated classes.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Labels of all images.
    source : label or None
        Source class. None chooses the largest class, which is not in `labels`.
    labels : array-like of labels or None
        Generated classes. None chooses the smallest class.

    Returns
    -------
    source : label
    labels : list of labels

    Raises
    ------
    ValueError
        If a class is unknown, if a class is both source and generated, or if a class
        has fewer than two images.
    """
    classes, counts = np.unique(y, return_counts=True)
    names = classes.tolist()
    sizes = dict(zip(names, counts.tolist(), strict=True))
    if len(names) < 2:
        raise ValueError(
            f"y has only the class {names[0]!r}. A CycleGAN translates images of one "
            "class to another class: pass images of at least two classes."
        )
    wanted = None
    if labels is not None:
        wanted = list(dict.fromkeys(np.asarray(labels).ravel().tolist()))
        if not wanted:
            raise ValueError("labels is empty. Pass the classes to generate, or None.")
    for name in [*([] if source is None else [source]), *(wanted or [])]:
        if name not in sizes:
            raise ValueError(
                f"y has no class {name!r}, only {names}.{explain_unknown(classes)}"
            )
    if source is None:
        source = max(
            (name for name in names if name not in (wanted or [])),
            key=sizes.get,
            default=None,
        )
    if wanted is None:
        wanted = [min((name for name in names if name != source), key=sizes.get)]
    if source is None or source in wanted:
        raise ValueError(
            f"Images of {wanted} are generated, so that no other class is left as the "
            "source. Set the parameter source to a class that is not generated."
            if source is None
            else f"source={source!r} is also a class to generate. Set source to "
            "another class, or leave it out of the sampling_strategy."
        )
    for name in (source, *wanted):
        if sizes[name] < _FEWEST:
            raise ValueError(
                f"The class {name!r} has {sizes[name]} image, and a CycleGAN needs at "
                f"least {_FEWEST}. Use an AugmentedOverSampler for this class."
            )
    return source, wanted
