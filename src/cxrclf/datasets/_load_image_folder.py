"""Load folders of images with one subfolder per class."""

import numpy as np

from cxrclf.datasets._groups import check_groups, find_groups
from cxrclf.datasets._image_bunch import import_pandas, make_image_bunch
from cxrclf.datasets._layout import (
    EXTENSIONS,
    check_extensions,
    check_folder,
    find_images,
    format_names,
    is_data,
    subfolders,
)


def load_image_folder(folder, *, groups=None, as_frame=False, extensions=EXTENSIONS):
    r"""List the images of a folder with one subfolder per class.

    The layout is ``folder/<class>/<image>``. Images may also lie in subfolders of a
    class folder. Files are listed but not opened. Hidden files and folders,
    ``__MACOSX``, ``Thumbs.db`` and files beside the class folders are ignored.

    If a data set is already split, such as ``chest_xray/train/NORMAL``, load each part
    separately. Pass ``chest_xray/train`` and not ``chest_xray``, which would have the
    classes "train" and "test".

    Parameters
    ----------
    folder : path-like
        Folder with the class folders.
    groups : str or callable, default=None
        Rule to find the patient of an image, for splits by patient.

        - str: regular expression that is searched in the file name. The id is the text
          that its parentheses match (several are joined with "-"), or the whole match
          if it has no parentheses.
        - callable: function from a path (str) to an id (str or int).
        - None: patients are not known.
    as_frame : bool, default=False
        Whether to return a pandas DataFrame and Series. Needs pandas.
    extensions : sequence of str
        Extensions of the files to list, with the dot. Upper and lower case are the
        same. By default, the extensions of BMP, DICOM, JPEG, PNG and TIFF files.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of shape (n, 1) of object, or DataFrame
            Paths of the images as str, sorted by class and path, to be used as X of
            estimators and samplers. A DataFrame has the column `path`.
        target : ndarray of shape (n,) of str, or Series
            Class of each image: the name of its class folder.
        target_names : list of str
            Classes in sorted order.
        groups : ndarray of shape (n,), or None
            Patient id of each image. None if `groups` is None.
        frame : DataFrame or None
            DataFrame with the columns `path` and `target`, and `group` if groups are
            known. None unless `as_frame` is true.
        DESCR : str
            Description of the data.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    NotADirectoryError
        If `folder` is a file.
    ValueError
        If there is no class folder, if a class folder has no images, or if
        `groups` finds no id for a file.
    MissingDependencyError
        If `as_frame` is true and pandas is not installed.

    See Also
    --------
    load_image_masks : List a folder of images with a folder of masks.
    save_image_folder : Write a folder with this layout.

    Notes
    -----
    Scores are optimistic if images of one patient are in the training set and in
    the test set. Patterns for some public data sets are:

    - Kermany et al. (chest-xray-pneumonia):
      ``r"^(person\d+|(?:NORMAL2-)?IM-\d+)"``, and
      ``r"^(BACTERIA|VIRUS|NORMAL)-(\d+)-"`` for the third version;
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
    pandas = import_pandas(as_frame, "load_image_folder")
    folder = check_folder(folder, "the folder that holds one sub-folder for each class")
    class_folders = _class_folders(folder, endings)
    files = {
        path.name: [str(image) for image in find_images(path, endings)]
        for path in class_folders
    }
    empty = [name for name, found in files.items() if not found]
    if empty:
        raise ValueError(
            f"No image ({', '.join(endings)}) in the class {_noun(empty)} "
            f"{format_names(empty)} of {str(folder)!r}. Remove folders that are no "
            "classes, or pass other extensions."
        )
    paths = [path for found in files.values() for path in found]
    target = np.array([name for name, found in files.items() for _ in found])
    ids = None if find_group is None else find_groups(paths, find_group, groups)
    description = f"{len(paths)} image files of {len(files)} classes in {folder}"
    description += "." if ids is None else f", of {len(set(ids.tolist()))} groups."
    fields = {"target": target, "groups": ids}
    return make_image_bunch(paths, fields, description, pandas)


def _class_folders(folder, endings):
    class_folders = subfolders(folder)
    if not class_folders:
        names = sorted(path.name for path in folder.iterdir() if is_data(path.name))
        images = [name for name in names if name.lower().endswith(endings)]
        found = f"images such as {format_names(images)}, but " if images else ""
        raise ValueError(
            f"{str(folder)!r} holds {found}no class folders. The layout must be "
            "<folder>/<class>/<image>, with one sub-folder for each class."
        )
    return class_folders


def _noun(names):
    return "folder" if len(names) == 1 else "folders"
