"""Reading folders with one sub-folder of images for each class."""

import numpy as np

from cxrclf.datasets._groups import check_groups, find_groups
from cxrclf.datasets._image_bunch import image_bunch, pandas_for
from cxrclf.datasets._layout import (
    EXTENSIONS,
    check_extensions,
    check_folder,
    images_below,
    is_data,
    some,
    subfolders,
)


def load_image_folder(folder, *, groups=None, as_frame=False, extensions=EXTENSIONS):
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
    load_image_masks : Read a folder of images and one of their masks.
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
    find_group = check_groups(groups)
    endings = check_extensions(extensions)
    pandas = pandas_for(as_frame, "load_image_folder")
    folder = check_folder(folder, "the folder that holds one sub-folder for each class")
    class_folders = _class_folders(folder, endings)
    files = {
        path.name: [str(image) for image in images_below(path, endings)]
        for path in class_folders
    }
    empty = [name for name, found in files.items() if not found]
    if empty:
        raise ValueError(
            f"No image ({', '.join(endings)}) in the class {_noun(empty)} "
            f"{some(empty)} of {str(folder)!r}. Remove what is no class, or name "
            "other `extensions`."
        )
    paths = [path for found in files.values() for path in found]
    target = np.array([name for name, found in files.items() for _ in found])
    ids = None if find_group is None else find_groups(paths, find_group, groups)
    described = f"{len(paths)} image files of {len(files)} classes in {folder}"
    described += "." if ids is None else f", of {len(set(ids.tolist()))} groups."
    return image_bunch(paths, {"target": target, "groups": ids}, described, pandas)


def _class_folders(folder, endings):
    found = subfolders(folder)
    if not found:
        names = sorted(path.name for path in folder.iterdir() if is_data(path.name))
        images = [name for name in names if name.lower().endswith(endings)]
        lies = f"holds images such as {some(images)}, but " if images else "holds "
        raise ValueError(
            f"{str(folder)!r} {lies}no class folders. The layout must be "
            "<folder>/<class>/<image>: one sub-folder for each class, named like it."
        )
    return found


def _noun(names):
    return "folder" if len(names) == 1 else "folders"
