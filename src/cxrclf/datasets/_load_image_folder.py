"""Load folders of images with one subfolder per class."""

import numpy as np

from cxrclf._utils.counts import format_count
from cxrclf._utils.user_warnings import warn_user
from cxrclf.datasets._class_checks import check_class_folders, warn_twins
from cxrclf.datasets._class_folders import list_class_folders
from cxrclf.datasets._find_images import find_images
from cxrclf.datasets._groups import check_groups, find_groups
from cxrclf.datasets._image_bunch import import_pandas, make_image_bunch
from cxrclf.datasets._layout import (
    EXTENSIONS,
    check_extensions,
    check_folder,
    format_names,
)
from cxrclf.datasets._left_out import format_path, merge_left_out

_SHOWN = 20


def load_image_folder(folder, *, groups=None, as_frame=False, extensions=None):
    r"""List the images of a folder with one subfolder per class.

    The layout is ``folder/<class>/<image>``. Images may also lie in subfolders of a
    class folder. Links to files and folders are followed. Images are listed but not
    read. `DESCR` and `left_out` report the files that are not listed.

    If a data set is already split, such as ``chest_xray/train/NORMAL``, load each part
    separately: pass ``chest_xray/train`` and not ``chest_xray``.

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
    extensions : sequence of str, default=None
        Extensions of the files to list, with the dot. Upper and lower case are the
        same. By default, the extensions of BMP, DICOM, GIF, JPEG, JPEG 2000, PCX, PNG,
        PNM, TIFF and WebP files, and DICOM files without an extension.

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
            Description of the data, with the number of files that are not listed.
        left_out : dict of str to list of str
            Paths of the files and folders that are not listed, by reason. The notes
            explain the reasons.

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
        If there is no class folder, if a class folder has no images, if the class
        folders are the parts of a split or a folder of images and a folder of masks, if
        a file is in two classes through a link, or if `groups` finds no id for a file.
    MissingDependencyError
        If `as_frame` is true and pandas is not installed.

    Warns
    -----
    UserWarning
        If the class folders may be parts of a split, masks, data sets or patients, if
        their names differ only in case or blanks, if images of a folder have the same
        name, or if files of other types, which may be images, or folders of masks are
        left out.

    See Also
    --------
    load_image_masks : List a folder of images with a folder of masks.
    save_image_folder : Write a folder with this layout.

    Notes
    -----
    The keys of `left_out` are the reasons why files and folders are not listed:

    - "type": files of a class with other extensions. A warning names them if they are
      images of a type that is not read, such as HEIC, or more than 5 % of the files of
      a class and not documents, such as text or tables;
    - "hidden": hidden files and folders, ``__MACOSX`` and ``Thumbs.db``;
    - "beside": files beside the class folders;
    - "masks": subfolders of a class folder with the name of a folder of masks, such as
      ``masks``;
    - "repeated": files and folders that are listed already, because several links point
      to them, and links to a folder that contains them;
    - "without_mask" and "without_image": images and masks without a partner, in the
      loaders of images with masks.

    A file without an extension, or with a UID as its name, is listed if it begins like
    a DICOM file. Only these files are opened.

    Scores are optimistic if images of one patient are in the training set and in
    the test set. Patterns for some public data sets are:

    - Kermany et al. (chest-xray-pneumonia):
      ``r"^(person\d+_[a-z]+|(?:NORMAL2-)?IM-\d+)"``, and
      ``r"^(?:BACTERIA|VIRUS|NORMAL)-(\d+)-"`` for the third version
      (`load_kermany` loads all parts of this data set);
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
    endings = EXTENSIONS if extensions is None else check_extensions(extensions)
    pandas = import_pandas(as_frame, "load_image_folder")
    folder = check_folder(folder, "the folder that holds one subfolder for each class")
    class_folders, left_out = list_class_folders(folder, endings)
    found = find_images(class_folders, extensions, skip_masks=True)
    _warn_masks(found.left_out.get("masks", []))
    check_class_folders(folder, found.paths, extensions)
    warn_twins(found.twins)
    paths = [path for files in found.paths.values() for path in files]
    target = np.array([name for name, files in found.paths.items() for _ in files])
    ids = None if find_group is None else find_groups(paths, find_group, groups)
    return make_image_bunch(
        paths,
        {"target": target, "groups": ids},
        _describe(folder, found.paths, ids),
        merge_left_out(left_out, found.left_out),
        pandas,
    )


def _warn_masks(folders):
    if folders:
        warn_user(
            f"Folders of masks are left out: {format_names(folders)}. "
            "If they hold radiographs, rename them. In Python, load_covid_radiography "
            "lists images with masks in this layout."
        )


def _describe(folder, paths, ids):
    n_images = sum(len(files) for files in paths.values())
    counts = [f"{name!r} {len(files)}" for name, files in paths.items()]
    more = f", and {len(counts) - _SHOWN} more" if len(counts) > _SHOWN else ""
    groups = (
        "" if ids is None else f", of {format_count(len(set(ids.tolist())), 'patient')}"
    )
    return (
        f"{format_count(n_images, 'image file')} of "
        f"{format_count(len(paths), 'class', 'classes')} in {format_path(folder)}"
        f"{groups}. Images per class: {', '.join(counts[:_SHOWN])}{more}."
    )
