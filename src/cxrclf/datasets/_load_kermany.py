"""Load the radiographs of children by Kermany et al. (2018)."""

from collections import defaultdict
from pathlib import Path

import numpy as np

from cxrclf._utils.counts import format_count
from cxrclf.datasets._count_texts import describe_shared, format_counts
from cxrclf.datasets._find_images import find_images
from cxrclf.datasets._image_bunch import import_pandas, make_image_bunch
from cxrclf.datasets._kermany_names import NAME_FORMS, get_cause, get_patient
from cxrclf.datasets._layout import find_root, format_names
from cxrclf.datasets._left_out import format_path, merge_left_out
from cxrclf.datasets._part_folders import (
    check_part_images,
    has_part_folders,
    list_part_folders,
)

_PARTS = ("train", "val", "test")
_NEEDED = {"train", "test"}
_CLASSES = ("normal", "pneumonia")
_N_PUBLISHED = 5856


def load_kermany(folder, *, subtypes=False, as_frame=False):
    r"""List the radiographs of children by Kermany et al. (2018).

    The data set has 5,856 frontal radiographs of children of one to five years, 1,583
    normal and 4,273 with pneumonia, from one hospital [1]_. It is also known as
    "chest-xray-pneumonia". Files are listed but not opened. The layout is::

        chest_xray/train/NORMAL/IM-0115-0001.jpeg
        chest_xray/train/PNEUMONIA/person1_bacteria_1.jpeg
        chest_xray/test/NORMAL/IM-0001-0001.jpeg
        chest_xray/test/PNEUMONIA/person1_virus_6.jpeg

    The copy on Kaggle has a third part, ``val``, with 16 images of the training part.
    In the third version on Mendeley Data, the same images have other names, such as
    ``BACTERIA-1135262-0001.jpeg``. A folder with the two class folders but without
    parts is also read. Upper and lower case of the names of folders are the same.

    Parameters
    ----------
    folder : path-like
        Folder ``chest_xray``, or a folder up to two levels above it. To list one part,
        pass its folder, such as ``chest_xray/train``. The other part is then not
        needed, and the folder must have both classes.
    subtypes : bool, default=False
        Whether to divide the class "pneumonia" into "bacteria" and "virus", by the
        names of the files.
    as_frame : bool, default=False
        Whether to return pandas DataFrames and Series. Needs pandas.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of shape (n, 1) of object, or DataFrame
            Paths of the images as str, sorted by part, class and path. A DataFrame has
            the column `path`.
        target : ndarray of shape (n,) of str, or Series
            Class of each image: "normal" or "pneumonia". With `subtypes`: "bacteria",
            "normal" or "virus".
        target_names : list of str
            Classes in sorted order.
        split : ndarray of shape (n,) of str, or None
            Part of the published split of each image: "train", "val" or "test". None
            if the folder has no parts.
        groups : ndarray of shape (n,) of str
            Patient of each image: "person1_bacteria", "IM-0115", "NORMAL2-IM-0383", or
            "1135262" in the third version.
        frame : DataFrame or None
            DataFrame with the columns `path`, `target`, `split` (if there are parts)
            and `group`. None unless `as_frame` is true.
        DESCR : str
            Description of the data, with the number of files that are not listed.
        left_out : dict of str to list of str
            Paths of the files and folders that are not listed, by reason. See the
            notes of `load_image_folder`.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist, or if a link in it points to a missing image
        or folder.
    NotADirectoryError
        If `folder` is a file.
    PermissionError
        If a folder cannot be listed. The message names all such folders.
    ValueError
        If the folder is not the folder of the data set, if the training or the test
        part or a class is missing, if there are other classes, if a file name does not
        belong to its class, or if a name occurs twice. The message names all these
        folders or files.
    MissingDependencyError
        If `as_frame` is true and pandas is not installed.

    See Also
    --------
    load_image_folder : List any folder with one subfolder per class.

    Notes
    -----
    Problems of the data set:

    - All patients are children. If their images are the normal or pneumonia images of
      a data set with adults, such as many sets for COVID-19, a classifier learns the
      age.
    - The size of an image gives its class away. A normal image has 2.3 million pixels
      on average, an image with pneumonia 1.0 million.
    - The part ``val`` is too small to choose a model. Join it with the training part,
      and divide both by patient.
    - 38 % of the test part is normal (234 of 624), and 26 % of the training part (1,349
      of 5,232). So a model that fits the training part predicts pneumonia too often.
    - Some files are copies of each other. In the training part, all copies have the
      same patient. In the test part, ``NORMAL2-IM-0095-0001`` and
      ``NORMAL2-IM-0096-0001`` are one image with two patient ids.
      `cxrclf.audit.find_duplicates` finds copies.

    Patient ids come from the file names, which count patients with bacteria and
    patients with virus separately. The same number with the other cause is another
    child. Therefore the cause is part of the id. Each part has its own numbers:

    =========  =======================  ========================
    Part       Bacteria                 Virus
    =========  =======================  ========================
    ``train``  1 to 77 and 253 to 1945  80 to 1609
    ``val``    1946 to 1954             none
    ``test``   78 to 175                1 to 79 and 1610 to 1685
    =========  =======================  ========================

    So no patient is in two parts, although ``person1`` occurs in two. The pixels agree:
    in the training part, two images of one number and cause have a mean correlation of
    0.76 (at 24 × 24 pixels). Two images with different causes have 0.71, whether their
    numbers are equal or not. Normal images have no patient number. The number after
    "IM" is used instead, separately for "IM" and "NORMAL2-IM".

    License: CC BY 4.0. Cite the paper [1]_ and the data (Mendeley Data,
    https://doi.org/10.17632/rscbjbr9sj).

    References
    ----------
    .. [1] Kermany, D. S. et al. (2018). Identifying medical diagnoses and treatable
       diseases by image-based deep learning. Cell 172(5), 1122-1131.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from cxrclf.datasets import load_kermany
    >>> names = ["train/NORMAL/IM-0115-0001.jpeg",
    ...          "train/PNEUMONIA/person1_bacteria_1.jpeg",
    ...          "train/PNEUMONIA/person1_bacteria_2.jpeg",
    ...          "test/NORMAL/IM-0001-0001.jpeg",
    ...          "test/PNEUMONIA/person1_virus_6.jpeg"]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in names:
    ...         path = Path(folder, "chest_xray", name)
    ...         path.parent.mkdir(parents=True, exist_ok=True)
    ...         path.touch()
    ...     data = load_kermany(folder, subtypes=True)
    >>> train = data.split == "train"
    >>> data.target[train].tolist()
    ['normal', 'bacteria', 'bacteria']
    >>> data.groups[train].tolist()
    ['IM-0115', 'person1_bacteria', 'person1_bacteria']
    """
    pandas = import_pandas(as_frame, "load_kermany")
    root = find_root(
        folder,
        _is_root,
        "chest_xray, which holds train and test, each with NORMAL and PNEUMONIA",
    )
    folders, left_out = list_part_folders(root, _PARTS, _NEEDED, _CLASSES)
    found = find_images({str(path): path for path in folders.values()})
    files = {key: found.paths[str(path)] for key, path in folders.items()}
    check_part_images(root, folders, files)
    _check_files(root, files)
    rows = [(path, *key) for key, listed in files.items() for path in listed]
    target = [
        get_cause(path) if subtypes and name == "pneumonia" else name
        for path, _, name in rows
    ]
    parts = [part for _, part, _ in rows]
    fields = {
        "target": np.array(target),
        "split": None if parts[0] is None else np.array(parts),
        "groups": np.array([get_patient(path, name) for path, _, name in rows]),
    }
    return make_image_bunch(
        [path for path, _, _ in rows],
        fields,
        _describe(root, fields),
        merge_left_out(left_out, found.left_out),
        pandas,
    )


def _is_root(folder):
    return has_part_folders(folder, _PARTS, _CLASSES)


def _check_files(root, files):
    """Check that the names of all images fit their classes and occur once."""
    for name in _CLASSES:
        strange = [
            str(Path(path).relative_to(root))
            for (_, other), found in files.items()
            for path in found
            if other == name and get_patient(path, name) is None
        ]
        if strange:
            raise ValueError(
                f"The images of the class {name!r} in {str(root)!r} must be named like "
                f"{NAME_FORMS[name]}; other names ({len(strange)}): "
                f"{format_names(strange)}. Restore the published names, because they "
                "contain the patients, and delete files that are not in the data set."
            )
    places = defaultdict(list)
    for path in (path for found in files.values() for path in found):
        places[Path(path).stem.casefold()].append(str(Path(path).relative_to(root)))
    copies = [" = ".join(found) for found in places.values() if len(found) > 1]
    if copies:
        raise ValueError(
            f"File names that occur more than once in {str(root)!r} ({len(copies)}): "
            f"{format_names(copies)}. A name belongs to one image. Delete the copies, "
            "because they can be on both sides of a split."
        )


def _describe(root, fields):
    """Return the first sentences of `DESCR`."""
    target, split, groups = (fields[name] for name in ("target", "split", "groups"))
    text = (
        f"{format_count(len(target), 'radiograph')} of "
        f"{format_count(len(set(groups.tolist())), 'patient')} in "
        f"{format_path(root)}. Images per class: {format_counts(target)}."
    )
    if split is None:
        return text
    text += f" Images per part: {format_counts(split)}."
    if len(target) != _N_PUBLISHED:
        text += f" The published data set has {_N_PUBLISHED} images."
    return text + describe_shared(split, groups)
