"""Join data sets of image files."""

from collections import Counter, defaultdict
from collections.abc import Mapping

import numpy as np

from cxrclf._utils.counts import format_count
from cxrclf._utils.keyed_random import draw_seed
from cxrclf._utils.splitting import join_groups
from cxrclf._utils.user_warnings import warn_user
from cxrclf.datasets._bunch_fields import join_parts, read_bunch
from cxrclf.datasets._class_choices import (
    check_n_images,
    drop_not_drawn,
    select_classes,
)
from cxrclf.datasets._file_copies import find_file_copies
from cxrclf.datasets._image_bunch import import_pandas, make_image_bunch
from cxrclf.datasets._layout import format_names
from cxrclf.datasets._left_out import merge_left_out
from cxrclf.exceptions import LabelWarning

_SHOWN = 10


def combine(
    datasets,
    *,
    label_map=None,
    n_images=None,
    compare="bytes",
    random_state=None,
    as_frame=False,
    verbose=0,
):
    r"""Join data sets of image files, and leave out copies.

    The classes can be renamed and selected, and a number of images can be drawn per
    class. The steps are: select and rename classes, find copies, draw. So a copy is
    never drawn, and the numbers of `n_images` are exact.

    Parameters
    ----------
    datasets : dict of str to Bunch
        Data sets from loaders, by name. A name becomes the `source` of its images, and
        the beginning of its patient ids. It must not contain "/".
    label_map : dict of str to dict, default=None
        New classes: ``{name: {class: new class}}``. A class that is not listed is left
        out. A data set that is not listed keeps all its classes.
    n_images : dict of str to dict, default=None
        Numbers of images to draw at random: ``{name: {new class: number}}``. A class or
        data set that is not listed is used completely.
    compare : {"bytes", "pixels"} or None, default="bytes"
        What copies have in common. Of several copies, only the first is listed.

        - "bytes": the content of the file. Only files of the same length are read.
        - "pixels": the gray values, also in different formats. Images of the same
          height and width are decoded, which takes much longer.
        - None: copies are not searched.
    random_state : int, RandomState instance or None, default=None
        Seed of the draw of `n_images`. The draw of one class does not depend on the
        other numbers, and a larger number adds images to the same draw.
    as_frame : bool, default=False
        Whether to return pandas DataFrames and Series. Needs pandas.
    verbose : int, default=0
        Whether to show a progress bar of the search for copies.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of shape (n, 1) of object, or DataFrame
            Paths of the images as str, in the order of the data sets. A DataFrame has
            the column `path`.
        target : ndarray of shape (n,), or Series
            Class of each image.
        target_names : list
            Classes in sorted order.
        source : ndarray of shape (n,) of str
            Name of the data set of each image.
        groups : ndarray of shape (n,) of str, or None
            Patient of each image, such as "kermany/person1_bacteria". Patients who
            share an image have one id. An image of a data set without patients has an
            id of its own, such as "radiography/image17", by its row there. None if no
            data set has patients.
        masks : ndarray of shape (n, k) of object, or DataFrame
            Paths of the masks. Only if all data sets have masks.
        origin : ndarray of shape (n,) of object
            Attribute `source` of the data sets, such as the web site of an image. Only
            if a data set has it.
        copies : list of list of str
            Paths of each image that occurs several times.
        frame : DataFrame or None
            DataFrame with the columns `path`, `target`, `source`, `group` and the other
            attributes. None unless `as_frame` is true.
        DESCR : str
            Numbers of images per class and data set, with warnings.
        left_out : dict of str to list of str
            Paths that are not listed, by reason: "class" (not in `label_map`), "copy",
            "contradiction" (copies with different classes, all of which are left out),
            "draw" (not drawn), and the reasons of the data sets.

        Other attributes with one number or text per image are joined, such as `view`,
        `split`, `age` and `offset`. Arrays such as `findings` and `boxes` are not. If a
        data set lacks an attribute, its values are NaN for numbers, NaT for dates, and
        otherwise None.

    Raises
    ------
    FileNotFoundError
        If files do not exist. The message names them.
    ImageReadError
        If pixels are compared and files cannot be read. The message names all of them.
    TypeError
        If `datasets`, a data set or a label map is not a dict.
    ValueError
        If a parameter is not valid, if a data set has no paths or no classes, if
        `label_map` or `n_images` has a name or a class that does not occur, if there
        are fewer images than `n_images`, or if no image is left.
    MissingDependencyError
        If `as_frame` is true and pandas is not installed.

    Warns
    -----
    LabelWarning
        If copies have different classes.

    See Also
    --------
    cxrclf.audit.find_duplicates : Find changed copies: resized, cropped, re-encoded.
    cxrclf.audit.shortcut_report : Score classifiers that cannot see a disease.

    Notes
    -----
    Many public sets contain images of other public sets. Their copies were often
    resized or saved again. They have other bytes and other pixels, and this function
    does not find them. Use :func:`cxrclf.audit.find_duplicates` before you split.

    A patient who is in two data sets has two ids, unless the sets share a file of this
    patient. For instance, the images of the RSNA challenge, of DarkCovidNet and of
    ChestX-ray14 are of the same patients. Do not combine such sets.

    If a class comes from one data set only, a classifier can learn the data set instead
    of the class: the device, the age of the patients, the format of the files. `DESCR`
    names such classes. No score on the combined set can exclude this. Test with images
    of another source: :func:`cxrclf.audit.external_validation`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from cxrclf.datasets import combine, load_image_folder
    >>> files = {"a/healthy/p1.png": b"1", "a/ill/p2.png": b"2",
    ...          "b/covid/p1.png": b"3", "b/normal/p7.png": b"1"}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, content in files.items():
    ...         Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
    ...         _ = Path(folder, name).write_bytes(content)
    ...     a = load_image_folder(Path(folder, "a"), groups=r"p\d+")
    ...     b = load_image_folder(Path(folder, "b"), groups=r"p\d+")
    ...     data = combine({"a": a, "b": b},
    ...                    label_map={"a": {"healthy": "normal", "ill": "pneumonia"}})
    >>> data.target.tolist(), data.groups.tolist()
    (['normal', 'pneumonia', 'covid'], ['a/p1', 'a/p2', 'b/p1'])
    >>> {why: len(paths) for why, paths in data.left_out.items()}
    {'copy': 1}
    """
    pandas = import_pandas(as_frame, "combine")
    if compare not in ("bytes", "pixels", None):
        raise ValueError(f"compare must be 'bytes', 'pixels' or None; got {compare!r}.")
    parts, unlisted = select_classes(_read_parts(datasets), label_map)
    n_images = check_n_images(n_images, parts)
    paths, fields = join_parts(parts)
    first = find_file_copies(paths, compare, verbose=verbose)
    copies = _list_copies(first)
    reasons = np.full(len(paths), "", dtype=object)
    reasons[first != np.arange(len(paths))] = "copy"
    reasons[_find_contradictory(copies, paths, fields)] = "contradiction"
    if fields["groups"] is not None:
        fields["groups"] = _join_patients(fields["groups"], first)
    drop_not_drawn(n_images, fields, reasons, draw_seed(random_state))
    if not (reasons == "").any():
        raise ValueError(
            f"No image is left: all {len(paths)} images have copies with other classes."
        )
    left_out = {"class": unlisted}
    for reason in ("copy", "contradiction", "draw"):
        left_out[reason] = [paths[row] for row in np.flatnonzero(reasons == reason)]
    known = [bunch.get("left_out") or {} for bunch in datasets.values()]
    rows = np.flatnonzero(reasons == "")
    bunch = _make_bunch(
        parts, paths, fields, rows, merge_left_out(*known, left_out), pandas
    )
    bunch.copies = [[paths[row] for row in found] for found in copies]
    return bunch


def _read_parts(datasets):
    """Check the data sets and return a Part for each name."""
    if not isinstance(datasets, Mapping):
        raise TypeError(
            "datasets must be a dict such as {'kermany': load_kermany(...)}; got "
            f"{type(datasets).__name__}."
        )
    names = list(datasets)
    if not names or not all(
        isinstance(name, str) and name.strip() and "/" not in name for name in names
    ):
        raise ValueError(
            "datasets must have one or more data sets, with names of type str without "
            f"'/'; got the names {names!r}."
        )
    return {name: read_bunch(name, bunch) for name, bunch in datasets.items()}


def _list_copies(first):
    """Return the rows of each image that occurs several times."""
    rows = defaultdict(list)
    for row, other in enumerate(first.tolist()):
        rows[other].append(row)
    return [found for found in rows.values() if len(found) > 1]


def _find_contradictory(copies, paths, fields):
    """Return the rows of copies with different classes, and warn of them."""
    target, source = fields["target"].tolist(), fields["source"].tolist()
    found = [rows for rows in copies if len({target[row] for row in rows}) > 1]
    if found:
        texts = [
            " = ".join(f"{paths[r]} ({target[r]!r} in {source[r]!r})" for r in rows)
            for rows in found
        ]
        more = len(texts) - _SHOWN
        warn_user(
            f"{format_count(len(texts), 'image has', 'images have')} copies with "
            "different classes, and all these copies are left out: "
            f"{'; '.join(texts[:_SHOWN])}"
            f"{f'; ... and {more} more' if more > 0 else ''}. Check these classes, or "
            "rename them with label_map.",
            LabelWarning,
        )
    return [row for rows in found for row in rows]


def _join_patients(groups, first):
    """Return one id for all patients who share an image: the id of the first image."""
    joined = join_groups(groups, first)
    _, start, inverse = np.unique(joined, return_index=True, return_inverse=True)
    return groups[start][inverse]


def _make_bunch(parts, paths, fields, rows, left_out, pandas):
    """Return the Bunch of some of the rows."""
    fields = {
        name: None if values is None else values[rows]
        for name, values in fields.items()
    }
    masks = fields.pop("masks")
    description = _describe(parts, fields)
    if masks is not None:
        names = [f"mask_{number}" for number in range(1, masks.shape[1] + 1)]
        fields["masks"] = dict(zip(names, masks.T.tolist(), strict=True))
    return make_image_bunch(
        [paths[row] for row in rows], fields, description, left_out, pandas
    )


def _describe(parts, fields):
    """Return the first sentences of `DESCR`."""
    counts = defaultdict(Counter)
    for label, name in zip(
        fields["target"].tolist(), fields["source"].tolist(), strict=True
    ):
        counts[label][name] += 1
    lines = [
        f"{label!r} {found.total()} ("
        + ", ".join(f"{number} of {name!r}" for name, number in found.items())
        + ")"
        for label, found in sorted(counts.items())
    ]
    text = (
        f"{format_count(len(fields['target']), 'image file')} of "
        f"{format_count(len(parts), 'data set')}. Images per class: "
        f"{', '.join(lines)}."
    )
    single = [label for label in sorted(counts) if len(counts[label]) == 1]
    if len(parts) > 1 and single:
        text += (
            f" Warning: one data set has all images of {format_names(single, _SHOWN)}. "
            "A classifier can learn the data set instead of the class."
        )
    unknown = [name for name, part in parts.items() if not part.has_patients]
    if unknown:
        text += (
            f" Warning: the patients of {format_names(unknown, _SHOWN)} are not known, "
            "so a patient can be on both sides of a split."
        )
    return text
