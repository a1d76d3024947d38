"""Read and join the fields of Bunches of image files."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from cxrclf._utils.groups import check_groups
from cxrclf._utils.labels import check_labels, mixes_str

_NO_FIELDS = {
    *("data", "target", "target_names", "frame", "DESCR", "left_out", "groups"),
    *("masks", "origin", "copies"),
}


class Part(NamedTuple):
    """Images of one data set.

    Attributes
    ----------
    paths : list of str
        Paths of the n images.
    target : ndarray of shape (n,)
        Class of each image.
    groups : ndarray of shape (n,) of str
        Patient of each image, after the name of the data set.
    has_patients : bool
        Whether patients are known. Otherwise each image has an id of its own.
    masks : ndarray of shape (n, k) of object, or None
        Paths of the masks of each image.
    fields : dict of str to ndarray of shape (n,)
        Other values of each image.
    """

    paths: list
    target: np.ndarray
    groups: np.ndarray
    has_patients: bool
    masks: np.ndarray | None
    fields: dict

    def take(self, rows, target):
        """Return some of the images, with new classes.

        Parameters
        ----------
        rows : list of int
            Rows of the images.
        target : ndarray of shape (len(rows),)
            Class of each of these images.
        """
        return Part(
            [self.paths[row] for row in rows],
            target,
            self.groups[rows],
            self.has_patients,
            None if self.masks is None else self.masks[rows],
            {name: values[rows] for name, values in self.fields.items()},
        )


def read_bunch(name, bunch):
    """Check a Bunch of a loader, and return its images with their fields.

    Parameters
    ----------
    name : str
        Name of the data set, for error messages.
    bunch : Bunch or other mapping
        Data set with `data` and `target`. Other values are fields if they are arrays of
        shape (n,), or lists of n arrays.

    Returns
    -------
    Part

    Raises
    ------
    TypeError
        If `bunch` is not a mapping.
    ValueError
        If it has no paths or no classes, or if their numbers differ.
    """
    if not isinstance(bunch, Mapping):
        raise TypeError(
            f"The data set {name!r} must be a Bunch from a loader; got "
            f"{type(bunch).__name__}."
        )
    lost = [key for key in ("data", "target") if bunch.get(key) is None]
    if lost:
        raise ValueError(
            f"The data set {name!r} has no {' and no '.join(lost)}. It needs paths in "
            "`data` and classes in `target`, as from load_image_folder. Save images in "
            "memory with save_image_folder first."
        )
    data = np.asarray(bunch["data"], dtype=object)
    if data.ndim != 2 or data.shape[1] != 1 or not len(data):
        raise ValueError(
            f"`data` of the data set {name!r} must be paths of shape (n, 1); got shape "
            f"{data.shape}."
        )
    paths = data[:, 0].tolist()
    strange = [path for path in paths if not isinstance(path, str)]
    if strange:
        raise ValueError(
            f"`data` of the data set {name!r} must be paths as str; got {strange[0]!r}."
        )
    n = len(paths)
    target = check_labels(bunch["target"], name=f"target of {name!r}", warn=False)
    if len(target) != n:
        raise ValueError(
            f"The data set {name!r} has {n} images, and {len(target)} classes in "
            "`target`. Each image needs one class."
        )
    groups, masks = check_groups(bunch.get("groups"), n), bunch.get("masks")
    ids = [f"image{row}" for row in range(n)] if groups is None else groups.tolist()
    return Part(
        paths,
        target,
        np.array([f"{name}/{group}" for group in ids]),
        groups is not None,
        None if masks is None else np.asarray(masks, dtype=object).reshape(n, -1),
        _find_fields(bunch, n),
    )


def _find_fields(bunch, n):
    """Return the fields with one value per image. Call the field `source` "origin"."""
    fields = {}
    for key, values in bunch.items():
        if key in _NO_FIELDS:
            continue
        if isinstance(values, list) and all(isinstance(v, np.ndarray) for v in values):
            column = np.empty(len(values), dtype=object)
            column[:] = values
        elif np.ndim(values) == 1 and hasattr(values, "dtype"):
            column = np.asarray(values)
        else:
            continue
        if len(column) == n:
            fields["origin" if key == "source" else key] = column
    return fields


def join_parts(parts):
    """Join the images of data sets.

    Parameters
    ----------
    parts : dict of str to Part
        Data sets by name.

    Returns
    -------
    paths : list of str
        Paths of the n images.
    fields : dict of str to (array of shape (n,) or (n, k), or None)
        Fields for `make_image_bunch`: "target", "source", "groups", "masks" and the
        fields of the data sets. If a data set lacks a field, a number is NaN, a date
        NaT, and any other value None.
    """
    sizes = [len(part.paths) for part in parts.values()]
    labels = [label for part in parts.values() for label in part.target.tolist()]
    if mixed := mixes_str(labels):
        raise ValueError(
            "The classes of the data sets must be all str or all numbers; got "
            f"{mixed[0]!r} and {mixed[1]!r}. Rename them with label_map."
        )
    known = any(part.has_patients for part in parts.values())
    groups = np.concatenate([part.groups for part in parts.values()])
    fields = {
        "target": np.array(labels),
        "source": np.repeat(list(parts), sizes),
        "groups": groups if known else None,
        "masks": _join_masks([part.masks for part in parts.values()]),
    }
    for name in dict.fromkeys(name for part in parts.values() for name in part.fields):
        columns = [part.fields.get(name) for part in parts.values()]
        fields[name] = _join_columns(columns, sizes)
    return [path for part in parts.values() for path in part.paths], fields


def _join_columns(columns, sizes):
    """Join the values of one field, with missing values for a data set without it."""
    kinds = "".join({column.dtype.kind for column in columns if column is not None})
    empty = None
    if set(kinds) <= set("fiu"):
        empty = np.nan
    elif kinds == "M":
        empty = np.datetime64("NaT", "D")
    elif len(kinds) > 1 or any(column is None for column in columns):
        columns = [None if c is None else c.astype(object) for c in columns]
    return np.concatenate(
        [
            np.full(n, empty) if column is None else column
            for column, n in zip(columns, sizes, strict=True)
        ]
    )


def _join_masks(masks):
    """Join the masks of data sets, or return None if one of them has no masks."""
    if any(columns is None for columns in masks):
        return None
    # Segmenters need a path in each column, and compute the union of the masks. So an
    # image with fewer masks repeats its last one.
    width = max(columns.shape[1] for columns in masks)
    return np.concatenate(
        [
            np.pad(columns, ((0, 0), (0, width - columns.shape[1])), mode="edge")
            for columns in masks
        ]
    )
