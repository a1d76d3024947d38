"""Select, rename and draw classes of data sets."""

import zlib
from collections.abc import Mapping

import numpy as np

from cxrclf._utils.checks import check_int
from cxrclf._utils.label_maps import check_label_map
from cxrclf.datasets._layout import format_names

_SHOWN = 20


def select_classes(parts, label_map):
    """Select and rename the classes of data sets.

    Parameters
    ----------
    parts : dict of str to Part
        Data sets by name.
    label_map : dict of str to dict, or None
        New classes of the data sets: ``{name: {class: new class}}``. A data set that is
        not listed stays unchanged.

    Returns
    -------
    parts : dict of str to Part
        Images of the listed classes.
    unlisted : list of str
        Paths of the images of other classes.

    Raises
    ------
    TypeError
        If `label_map` is not a dict of dicts.
    ValueError
        If a data set or a class does not exist.
    """
    unlisted, selected = [], dict(parts)
    for name, choice in _check_choices("label_map", label_map, parts).items():
        part, classes = parts[name], check_label_map(choice)
        labels = part.target.tolist()
        _check_classes("label_map", name, classes, labels)
        rows = [row for row, label in enumerate(labels) if label in classes]
        target = np.array([classes[labels[row]] for row in rows])
        selected[name] = part.take(rows, target)
        kept = set(rows)
        unlisted += [path for row, path in enumerate(part.paths) if row not in kept]
    return selected, unlisted


def check_n_images(n_images, parts):
    """Return the numbers of images to draw, after their checks.

    Parameters
    ----------
    n_images : dict of str to dict, or None
        Numbers of images: ``{name: {class: number}}``.
    parts : dict of str to Part
        Data sets by name.

    Returns
    -------
    dict of str to dict

    Raises
    ------
    TypeError
        If `n_images` is not a dict of dicts.
    ValueError
        If a data set or a class does not exist, or if a number is no positive integer.
    """
    n_images = _check_choices("n_images", n_images, parts)
    for name, numbers in n_images.items():
        _check_classes("n_images", name, numbers, parts[name].target.tolist())
        for label, number in numbers.items():
            check_int(number, f"n_images[{name!r}][{label!r}]", 1)
    return n_images


def _check_choices(parameter, choices, parts):
    """Return a parameter with one dict per data set, or an empty dict for None."""
    if choices is None:
        return {}
    if not isinstance(choices, Mapping) or not all(
        isinstance(value, Mapping) and value for value in choices.values()
    ):
        raise TypeError(
            f"{parameter} must be a dict with a dict of classes per data set, such as "
            f"{{'kermany': {{'normal': ...}}}}; got {choices!r}."
        )
    unknown = [name for name in choices if name not in parts]
    if unknown:
        raise ValueError(
            f"{parameter}: there is no data set {format_names(unknown)}. The data sets "
            f"are {format_names(list(parts), _SHOWN)}."
        )
    return choices


def _check_classes(parameter, name, classes, labels):
    found = set(labels)
    lost = [label for label in classes if label not in found]
    if lost:
        raise ValueError(
            f"{parameter}: the data set {name!r} has no class {format_names(lost)}. "
            f"Its classes are {format_names(sorted(found), _SHOWN)}."
        )


def drop_not_drawn(n_images, fields, reasons, seed):
    """Set the reason "draw" for images that are not drawn.

    Parameters
    ----------
    n_images : dict of str to dict
        Numbers of images: ``{name: {class: number}}``.
    fields : dict of str to array of shape (n,)
        Fields "source" and "target" of n images.
    reasons : ndarray of shape (n,) of object
        Reason to leave an image out, or "". It is changed in place.
    seed : int
        Seed of the draw in [0, 2**32).

    Raises
    ------
    ValueError
        If there are fewer images without a reason than wanted.
    """
    for name, numbers in n_images.items():
        for label, number in numbers.items():
            chosen = (fields["source"] == name) & (fields["target"] == label)
            rows = np.flatnonzero(chosen & (reasons == ""))
            if len(rows) < number:
                raise ValueError(
                    f"n_images: {number} images of the class {label!r} in {name!r} are "
                    f"more than the {len(rows)} images without copies. Pass a lower "
                    "number."
                )
            # Each class has its own generator, so that draws do not depend on others.
            key = zlib.crc32(f"{name}/{label}".encode())
            order = np.random.RandomState([seed, key]).permutation(len(rows))
            reasons[rows[order[number:]]] = "draw"
