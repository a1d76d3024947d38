"""Load the lists and images of COVIDx."""

from collections import Counter
from pathlib import Path

import numpy as np

from cxrclf.datasets._count_texts import describe_shared
from cxrclf.datasets._covidx_lists import (
    choose_covidx_lists,
    find_covidx_lists,
    read_covidx_list,
)
from cxrclf.datasets._image_bunch import import_pandas, make_image_bunch
from cxrclf.datasets._layout import find_root, format_names
from cxrclf.datasets._left_out import format_path, merge_left_out
from cxrclf.datasets._listed_images import check_missing, list_images
from cxrclf.datasets._rsna_tables import read_rsna_patients


def load_covidx(folder, *, version=None, mapping=None, missing="raise", as_frame=False):
    r"""List the radiographs of COVIDx.

    COVIDx joins the collections of COVID-19 with the RSNA challenge and others [1]_.
    There are many versions. All of them have lists of images as text, and one folder of
    images per part::

        train.txt
        test.txt
        train/lancet-case2a.jpg
        test/MIDRC-RICORD-1C-419639-003251-46647-0.png

    A line has the patient, the file, the class and, since version 7, the source::

        2 lancet-case2a.jpg COVID-19 cohen

    The lists may have other names, such as ``train_COVIDx9A.txt`` or
    ``labels/train_COVIDx_CXR-3A.txt``. The newest versions also have ``val.txt`` and
    ``val``. The folders of images may also lie in a folder ``data``. Images are listed
    but not opened.

    Parameters
    ----------
    folder : path-like
        Folder with the lists and images, or a folder up to two levels above it.
    version : str, default=None
        Version in the names of the lists: "9A" selects ``train_COVIDx9A.txt``. By
        default ``train.txt`` or, if it is missing, the only version in the folder.
    mapping : path-like, default=None
        File ``pneumonia-challenge-dataset-mappings_2018.json`` of the RSNA, which has
        the patients of the images with the source "rsna". Without it, each of these
        images is a patient of its own.
    missing : {"raise", "drop"}, default="raise"
        What to do if images of the lists are not on disk: raise an error that names
        them, or leave them out.
    as_frame : bool, default=False
        Whether to return pandas DataFrames and Series. Needs pandas.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of shape (n, 1) of object, or DataFrame
            Paths of the images as str, in the order of the lists. A DataFrame has the
            column `path`.
        target : ndarray of shape (n,) of str, or Series
            Class of each image: "COVID-19", "normal" or "pneumonia" in the versions
            with A, "negative" or "positive" in the versions with B and the newest ones.
            The first list has "bacteria" and "viral" instead of "pneumonia".
        target_names : list of str
            Classes in sorted order.
        split : ndarray of shape (n,) of str
            Part of the published split of each image: "train", "val" or "test".
        groups : ndarray of shape (n,) of str
            Patient of each image, after its source: "cohen/2". Old lists have no
            sources.
        source : ndarray of shape (n,) of object
            Collection of each image: "cohen", "fig1", "actmed", "sirm", "rsna",
            "ricord", "bimcv", "stonybrook", ..., or None in old lists.
        frame : DataFrame or None
            DataFrame with the columns `path`, `target`, `split`, `group` and `source`.
            None unless `as_frame` is true.
        DESCR : str
            Description of the data, with the number of files that are not listed.
        left_out : dict of str to list of str
            Paths of the files that are not listed, by reason: "missing" (not on disk),
            "unlisted" (not in the lists), "conflict" (lines that disagree about one
            image), and the reasons in the notes of `load_image_folder`.

    Raises
    ------
    FileNotFoundError
        If the folder, the folder of a part or the mapping does not exist or, with
        `missing` "raise", if images are missing. The message names them.
    NotADirectoryError
        If `folder` is a file.
    PermissionError
        If a folder cannot be listed. The message names all such folders.
    ValueError
        If `missing` is not valid, if the folder has no lists, or lists of several
        versions and `version` is None, if a list has other lines, if `mapping` has
        another content, or if no image is left.
    MissingDependencyError
        If `as_frame` is true and pandas is not installed.

    See Also
    --------
    load_covid_chestxray, load_rsna_pneumonia : List collections that COVIDx contains.
    combine : Join data sets and leave out copies.

    Notes
    -----
    Problems of the data set:

    - The classes come from different sources. In version 9A, all normal images and all
      but 52 images with pneumonia come from the RSNA challenge, and no image with
      COVID-19 does. The source alone tells COVID-19 from the rest with an accuracy of
      99.8 %. A classifier may learn the source: the devices, or letters in the corners.
      Compare classes within one source, or pass `source` to `shortcut_report`.
    - The RSNA challenge has image ids instead of patient ids. COVIDx uses them as
      patients, so one person may be in the training part and in the test part, and the
      published numbers of patients are too high. Pass `mapping`.
    - The published script crops 8 % at the top of each image, because many images have
      text there.
    - The classes "negative" and "positive" refer to COVID-19. A negative image may show
      another pneumonia.
    - 199 lines of version 9A have the source "rnsa", which is read as "rsna".

    A published accuracy of 93.3 % belongs to the first versions [1]_. It is not
    comparable with scores on other versions.

    References
    ----------
    .. [1] Wang, L., Lin, Z. Q., & Wong, A. (2020). COVID-Net: a tailored deep
       convolutional neural network design for detection of COVID-19 cases from chest
       X-ray images. Scientific Reports 10, 19549.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from cxrclf.datasets import load_covidx
    >>> lists = {"train": "2 a.jpg COVID-19 cohen\n0a8d 0a8d.png normal rsna\n",
    ...          "test": "419639-003251 b.png COVID-19 ricord\n"}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for part, text in lists.items():
    ...         _ = Path(folder, f"{part}_COVIDx9A.txt").write_text(text)
    ...     for name in ("train/a.jpg", "train/0a8d.png", "test/b.png"):
    ...         Path(folder, name).parent.mkdir(exist_ok=True)
    ...         Path(folder, name).touch()
    ...     data = load_covidx(folder, version="9A")
    >>> data.target.tolist(), data.split.tolist()
    (['COVID-19', 'normal', 'COVID-19'], ['train', 'train', 'test'])
    >>> data.groups.tolist()
    ['cohen/2', 'rsna/0a8d', 'ricord/419639-003251']
    """
    pandas = import_pandas(as_frame, "load_covidx")
    check_missing(missing)
    root = find_root(
        folder,
        _is_root,
        "the folder that holds train.txt, test.txt, train, test",
    )
    lists = choose_covidx_lists(root, version)
    parts = {part: read_covidx_list(path) for part, path in lists.items()}
    n_known = _add_patients(parts, mapping)
    rows, paths, left_out = [], [], {}
    for part, listed_rows in parts.items():
        listed = list_images(_find_folder(root, part), listed_rows, missing)
        rows += [row | {"split": part} for row in listed.rows]
        paths += listed.paths
        left_out = merge_left_out(left_out, listed.left_out)
    if not rows:
        raise ValueError(
            f"No image of {format_names([str(path) for path in lists.values()])} is on "
            "disk. Unpack the images beside the lists."
        )
    fields = {
        "target": np.array([row["target"] for row in rows]),
        "split": np.array([row["split"] for row in rows]),
        "groups": np.array([row["patient"] for row in rows]),
        "source": np.array([row["source"] for row in rows], dtype=object),
    }
    return make_image_bunch(
        paths, fields, _describe(root, lists, fields, n_known), left_out, pandas
    )


def _is_root(folder):
    parts = {part for lists in find_covidx_lists(folder).values() for part in lists}
    return any(_find_folder(folder, part).is_dir() for part in parts)


def _add_patients(parts, mapping):
    """Write the patients of RSNA images into the rows, and return their number."""
    if mapping is None:
        return 0
    patients = read_rsna_patients(Path(mapping))
    n_known = 0
    for row in (row for rows in parts.values() for row in rows):
        patient = patients.get(Path(row["filename"]).stem)
        if patient is not None and row["source"] in ("rsna", None):
            row["patient"] = f"rsna/{patient}"
            n_known += 1
    if not n_known:
        raise ValueError(
            f"mapping={str(mapping)!r} has no image of the lists. Pass the file of the "
            "stage 2 of the RSNA challenge."
        )
    return n_known


def _find_folder(root, part):
    """Return the folder of the images of a part."""
    found = root / "data" / part
    return found if found.is_dir() and not (root / part).is_dir() else root / part


def _describe(root, lists, fields, n_known):
    """Return the first sentences of `DESCR`."""
    target, split = fields["target"].tolist(), fields["split"].tolist()
    counts = Counter(zip(split, target, strict=True))
    parts = [
        f"{part}: "
        + ", ".join(f"{y!r} {n}" for (p, y), n in sorted(counts.items()) if p == part)
        for part in lists
    ]
    text = (
        f"{len(target)} radiographs of COVIDx in {format_path(root)}, by the lists "
        f"{format_names([path.name for path in lists.values()])}. Images per class: "
        f"{'; '.join(parts)}."
    )
    text += describe_shared(fields["split"], fields["groups"])
    if not n_known and {"rsna", None} & set(fields["source"].tolist()):
        text += (
            " Warning: images of the RSNA challenge have one id per image in groups, "
            "because its patients are in a file of their own. Pass it as mapping."
        )
    return text
