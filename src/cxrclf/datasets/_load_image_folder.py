"""Reading folders with one sub-folder of images for each class."""

import os
import re
from numbers import Integral
from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

from cxrclf._utils._optional import import_optional
from cxrclf.datasets._layout import is_data, some

_EXTENSIONS = (".bmp", ".dcm", ".dicom", ".jpeg", ".jpg", ".png", ".tif", ".tiff")


def load_image_folder(folder, *, groups=None, as_frame=False, extensions=_EXTENSIONS):
    r"""List the images of a folder that has one sub-folder for each class.

    The layout is ``folder/<class>/<image>``, where images may also lie deeper
    below their class folder. A data set that comes split, such as
    ``chest_xray/train/NORMAL``, is read a part at a time: give
    ``chest_xray/train``, not ``chest_xray``, whose classes would be "train" and
    "test". Files are listed, not opened. Hidden files and folders, ``__MACOSX``,
    ``Thumbs.db`` and files beside the class folders are passed over.

    Parameters
    ----------
    folder : path-like
        The folder that holds the class folders.
    groups : str or callable, default=None
        Who is in an image, for splits that keep a patient together.

        - str: a regular expression searched in the file name. The group is what
          its parentheses match (several are joined with "-"), or the whole match
          when it has none.
        - callable: called with each path (str), returns an id (str or int).
        - None: not known.
    as_frame : bool, default=False
        Return a pandas DataFrame and Series. Needs pandas.
    extensions : sequence of str
        Endings of the files to list, with the dot; upper and lower case are the
        same. By default those of BMP, DICOM, JPEG, PNG and TIFF files.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of shape (n, 1) of object, or DataFrame
            The paths as str, sorted by class and path; as a frame, the column
            `path`. Estimators and samplers of cxrclf take it as X.
        target : ndarray of shape (n,) of str, or Series
            The names of the class folders.
        target_names : list of str
            The classes in sorted order.
        groups : ndarray of shape (n,), or None
            The ids found by `groups`.
        frame : DataFrame or None
            The columns `path` and `target`, and `group` where groups are known;
            None unless `as_frame`.
        DESCR : str
            What was read.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    NotADirectoryError
        If `folder` is a file.
    ValueError
        If there is no class folder, if a class folder holds no image, or if
        `groups` finds no id for a file.
    MissingDependencyError
        If `as_frame` is set and pandas is not installed.

    See Also
    --------
    save_image_folder : Write such a folder.

    Notes
    -----
    A patient whose images fall on both sides of a split makes a score
    optimistic. Some patterns for public data sets:

    - Kermany et al. (chest-xray-pneumonia):
      ``r"^(person\d+|(?:NORMAL2-)?IM-\d+)"``, and
      ``r"^(BACTERIA|VIRUS|NORMAL)-(\d+)-"`` for its third version;
    - Montgomery and Shenzhen: ``r"^((?:MCU|CHN)CXR_\d+)_"``;
    - files written by `save_image_folder`: ``r"^(patient\d+)"``.

    Examples
    --------
    >>> import tempfile
    >>> from cxrclf.datasets import load_image_folder, make_chest_radiographs
    >>> from cxrclf.datasets import save_image_folder
    >>> drawn = make_chest_radiographs(6, image_size=32, random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = save_image_folder(
    ...         drawn.images, drawn.target, folder, groups=drawn.groups
    ...     )
    ...     data = load_image_folder(folder, groups=r"^(patient\d+)")
    >>> data.data.shape, data.target_names
    ((6, 1), ['covid', 'normal', 'pneumonia'])
    >>> len(set(data.groups))
    4
    """
    find_group = _check_groups(groups)
    endings = _check_extensions(extensions)
    pandas = None
    if as_frame:
        pandas = import_optional(
            "pandas", extra="pandas", purpose="load_image_folder(as_frame=True)"
        )
    folder = Path(folder)
    class_folders = _class_folders(folder, endings)
    files = {name: _images_below(path, endings) for name, path in class_folders.items()}
    empty = [name for name, found in files.items() if not found]
    if empty:
        raise ValueError(
            f"No image ({', '.join(endings)}) in the class {_noun(empty)} "
            f"{some(empty)} of {str(folder)!r}. Remove what is no class, or name "
            "other `extensions`."
        )
    paths = [path for found in files.values() for path in found]
    target = np.array([name for name, found in files.items() for _ in found])
    ids = None if find_group is None else _find_groups(paths, find_group, groups)
    described = f"{len(paths)} image files of {len(files)} classes in {folder}"
    data = np.array(paths, dtype=object)[:, None]
    frame = None
    if pandas is not None:
        columns = {"path": paths, "target": target}
        frame = pandas.DataFrame(columns | ({} if ids is None else {"group": ids}))
        data, target = frame[["path"]], frame["target"]
    return Bunch(
        data=data,
        target=target,
        target_names=list(files),
        groups=ids,
        frame=frame,
        DESCR=described
        + ("." if ids is None else f", of {len(set(ids.tolist()))} groups."),
    )


def _check_groups(groups):
    """Return a function path -> id or None, or None when there are no groups."""
    if groups is None or callable(groups):
        return groups
    if not isinstance(groups, (str, re.Pattern)):
        raise ValueError(
            "groups must be a regular expression, a callable or None; got "
            f"{groups!r}. Ids that are known already need no groups here: pass "
            "them to the splitter."
        )
    try:
        pattern = re.compile(groups)
    except re.error as error:
        raise ValueError(
            f"groups={groups!r} is no regular expression: {error}."
        ) from error

    def find(path):
        match = pattern.search(Path(path).name)
        if match is None or not match.group():
            return None
        # A part that took no part counts as empty: so "(a\d+)|(b\d+)" cannot
        # give two patients one id.
        return "-".join(part or "" for part in match.groups()) or match.group()

    return find


def _check_extensions(extensions):
    if isinstance(extensions, str):
        extensions = [extensions]
    endings = tuple(sorted({str(ending).lower() for ending in extensions}))
    if not endings or not all(len(e) > 1 and e.startswith(".") for e in endings):
        raise ValueError(
            "extensions must be endings with their dot, such as ('.png', '.dcm'); "
            f"got {extensions!r}."
        )
    return endings


def _class_folders(folder, endings):
    if not folder.exists():
        raise FileNotFoundError(
            f"The folder {str(folder)!r} does not exist (working folder: "
            f"{str(Path.cwd())!r}). Check the path."
        )
    if not folder.is_dir():
        raise NotADirectoryError(
            f"{str(folder)!r} is a file. Give the folder that holds one sub-folder "
            "for each class."
        )
    entries = sorted(path for path in folder.iterdir() if is_data(path.name))
    found = {path.name: path for path in entries if path.is_dir()}
    if not found:
        images = [path.name for path in entries if path.suffix.lower() in endings]
        lies = f"holds images such as {some(images)}, but " if images else "holds "
        raise ValueError(
            f"{str(folder)!r} {lies}no class folders. The layout must be "
            "<folder>/<class>/<image>: one sub-folder for each class, named like it."
        )
    return found


def _images_below(folder, endings):
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if is_data(name)]
        found += [
            Path(parent, name)
            for name in names
            if is_data(name) and Path(name).suffix.lower() in endings
        ]
    return [str(path) for path in sorted(found, key=lambda path: path.parts)]


def _find_groups(paths, find_group, groups):
    ids = [find_group(path) for path in paths]
    # x != x: a NaN, what a look-up in a table gives for a file it lacks.
    missing = [
        Path(path).name
        for path, found in zip(paths, ids, strict=True)
        if found is None or found != found or found == ""
    ]
    if missing:
        raise ValueError(
            f"groups={groups!r} finds no id for {len(missing)} of {len(paths)} files: "
            f"{some(missing)}. Widen the pattern to match them, or pass a callable "
            "that returns an id for each path; a file without a patient cannot be "
            "kept with the patient's other files."
        )
    # Mixed, they would all become str, and patients 1 and "1" the same.
    if not any(
        all(isinstance(found, kind) for found in ids) for kind in (str, Integral)
    ):
        raise ValueError(
            f"The groups callable must return ids all str or all int; got {some(ids)}."
        )
    return np.array(ids)


def _noun(names):
    return "folder" if len(names) == 1 else "folders"
