"""Load a folder of images with folders of masks."""

import os
from pathlib import Path

from cxrclf.datasets._find_images import find_images
from cxrclf.datasets._groups import check_groups, find_groups
from cxrclf.datasets._image_bunch import import_pandas, make_image_bunch
from cxrclf.datasets._layout import (
    check_extensions,
    check_folder,
    format_extensions,
)
from cxrclf.datasets._left_out import format_path, merge_left_out
from cxrclf.datasets._pairing import (
    check_disjoint,
    check_pairing,
    find_unpaired,
    pair,
    relative_key,
)


def load_image_masks(
    images,
    masks,
    *,
    suffix="",
    unpaired="raise",
    groups=None,
    as_frame=False,
    extensions=None,
):
    r"""List the images of a folder with their masks, paired by name.

    An image and its mask must have the same name and lie in the same subfolder of their
    folders, such as ``images/a/1.jpg`` and ``masks/a/1.png``. Extensions may differ.
    Upper and lower case are the same. Links to files and folders are followed. Files
    are listed but not read. `DESCR` and `left_out` report the files that are not
    listed.

    Parameters
    ----------
    images : path-like
        Folder of images.
    masks : path-like or list of path-like
        Folder of masks, or one folder for each part of a mask, such as the left and
        the right lung. The mask of an image is then the union of its parts.
    suffix : str, default=""
        Suffix of the names of masks, such as ``"_mask"`` for ``1.png`` and
        ``1_mask.png``. Masks without the suffix pair by their whole name.
    unpaired : {"raise", "drop"}, default="raise"
        Action on images without a mask and masks without an image. ``"raise"`` raises
        an error that names them. ``"drop"`` omits them and counts them in `DESCR`.
    groups : str or callable, default=None
        Rule to find the patient of an image: a regular expression that is searched in
        the file name of the image, or a function of its path. See `load_image_folder`.
    as_frame : bool, default=False
        Whether to return pandas DataFrames. Needs pandas.
    extensions : sequence of str, default=None
        Extensions of the images and masks to list, with the dot. Upper and lower case
        are the same. By default, the extensions of BMP, DICOM, GIF, JPEG, JPEG 2000,
        PCX, PNG, PNM, TIFF and WebP files, and DICOM files without an extension.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of shape (n, 1) of object, or DataFrame
            Sorted paths of the images as str. A DataFrame has the column `path`.
        masks : ndarray of shape (n, k) of object, or DataFrame
            Paths of the masks as str, with one column per folder of masks, to be used
            as y of a segmenter. A DataFrame has the column `mask`, or the columns
            `mask_0`, `mask_1`, ...
        groups : ndarray of shape (n,), or None
            Patient id of each image. None if `groups` is None.
        frame : DataFrame or None
            DataFrame with the column `path`, the columns of the masks, and `group` if
            groups are known. None unless `as_frame` is true.
        DESCR : str
            Description of the data, with the number of files that are not listed.
        left_out : dict of str to list of str
            Paths of the files and folders that are not listed, by reason. See the
            notes of `load_image_folder`.

    Raises
    ------
    FileNotFoundError
        If a folder does not exist, or if a link in it points to a missing image
        or folder.
    NotADirectoryError
        If a folder is a file.
    PermissionError
        If a folder cannot be listed. The message names all such folders.
    ValueError
        If a folder has no images, if two folders are the same or one lies in the other,
        if files do not pair (see `unpaired`), if two files of a folder share their name
        (such as ``1.png`` and ``1.jpg``), or if `groups` finds no id for a file. The
        message names all these files.
    MissingDependencyError
        If `as_frame` is true and pandas is not installed.

    See Also
    --------
    load_covid_radiography, load_montgomery, load_montgomery_shenzhen, load_shenzhen :
        List public data sets with lung masks.

    Examples
    --------
    >>> import tempfile
    >>> from cxrclf.datasets import load_image_masks, make_chest_radiographs
    >>> from cxrclf.datasets import save_image_folder
    >>> drawn = make_chest_radiographs(6, image_size=32, random_state=0)
    >>> lungs = drawn.masks.astype("uint8") * 255
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     images = save_image_folder(drawn.images, drawn.target, f"{folder}/images")
    ...     masks = save_image_folder(lungs, drawn.target, f"{folder}/masks")
    ...     data = load_image_masks(images, masks)
    >>> data.data.shape, data.masks.shape
    ((6, 1), (6, 1))
    """
    find_group = check_groups(groups)
    if extensions is not None:
        check_extensions(extensions)
    if unpaired not in ("raise", "drop"):
        raise ValueError(f"unpaired must be 'raise' or 'drop'; got {unpaired!r}.")
    pandas = import_pandas(as_frame, "load_image_masks")
    mask_folders = [masks] if isinstance(masks, (str, os.PathLike)) else list(masks)
    if not mask_folders:
        raise ValueError(
            "masks must name at least one folder of masks; got an empty list."
        )
    image_folder = check_folder(images, "the folder of the images")
    mask_folders = [
        check_folder(folder, "the folder of the masks") for folder in mask_folders
    ]
    check_disjoint([image_folder, *mask_folders])
    names = [str(folder) for folder in mask_folders]
    found = find_images(
        {str(folder): folder for folder in [image_folder, *mask_folders]},
        extensions,
        mask_folders=names,
    )
    _check_empty(found.paths, extensions)
    files = {name: list(map(Path, paths)) for name, paths in found.paths.items()}
    pairing = pair(
        files[str(image_folder)],
        {name: files[name] for name in names},
        relative_key(image_folder),
        [relative_key(folder, suffix) for folder in mask_folders],
    )
    drop = unpaired == "drop"
    cure = (
        "An image and its mask must have the same name, except for extension and "
        "suffix, in the same subfolder."
    )
    if not drop:
        cure += ' Use unpaired="drop" to omit files without a partner.'
    check_pairing(pairing, cure, allow_unmasked=drop, allow_orphans=drop)
    ids = (
        None if find_group is None else find_groups(pairing.images, find_group, groups)
    )
    return make_image_bunch(
        pairing.images,
        {"masks": name_mask_columns(pairing.masks), "groups": ids},
        f"{len(pairing.images)} images of {format_path(image_folder)} with masks of "
        f"{', '.join(map(format_path, mask_folders))}.",
        merge_left_out(
            found.left_out, find_unpaired(found.paths[str(image_folder)], pairing)
        ),
        pandas,
    )


def name_mask_columns(masks):
    """Return a dict with a name for each column of masks."""
    if len(masks) == 1:
        return {"mask": masks[0]}
    return {f"mask_{number}": column for number, column in enumerate(masks)}


def _check_empty(paths, extensions):
    for folder, files in paths.items():
        if not files:
            raise ValueError(
                f"No image{format_extensions(extensions)} in {folder!r}. Pass the "
                "folder of the files, or pass other extensions."
            )
