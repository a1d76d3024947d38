"""Reading a folder of images and folders of their masks."""

import os

from cxrclf.datasets._groups import check_groups, find_groups
from cxrclf.datasets._image_bunch import image_bunch, pandas_for
from cxrclf.datasets._layout import (
    EXTENSIONS,
    check_extensions,
    check_folder,
    images_below,
)
from cxrclf.datasets._pairing import check_apart, check_pairing, pair, relative_key


def load_image_masks(
    images,
    masks,
    *,
    suffix="",
    unpaired="raise",
    groups=None,
    as_frame=False,
    extensions=EXTENSIONS,
):
    r"""List the images of a folder with their masks, paired by name.

    An image and its mask have the same name and lie at the same place below their
    folders: ``images/a/1.jpg`` and ``masks/a/1.png``. Endings may differ, upper and
    lower case are the same. Files are listed, not opened. Hidden files and folders,
    ``__MACOSX`` and ``Thumbs.db`` are passed over.

    Parameters
    ----------
    images : path-like
        The folder of images.
    masks : path-like or list of path-like
        The folder of masks, or one for each part of a mask, such as the left and
        the right lung. The mask of an image is the union of its files.
    suffix : str, default=""
        What the names of masks have at their end that those of images have not,
        such as ``"_mask"`` for ``1.png`` and ``1_mask.png``. Masks without it pair
        by their whole name.
    unpaired : {"raise", "drop"}, default="raise"
        What to do about images without a mask and masks without an image: raise an
        error that names them, or leave them out; `DESCR` counts them.
    groups : str or callable, default=None
        Who is in an image, as in `load_image_folder`: a regular expression searched
        in the image's file name, or a function of its path.
    as_frame : bool, default=False
        Return pandas DataFrames. Needs pandas.
    extensions : sequence of str
        Endings of the files to list, images and masks, with the dot; upper and
        lower case are the same. By default those of BMP, DICOM, JPEG, PNG and TIFF
        files.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of shape (n, 1) of object, or DataFrame
            The paths of the images as str, sorted; as a frame, the column `path`.
        masks : ndarray of shape (n, k) of object, or DataFrame
            The paths of the masks as str, one column for each folder of masks: y of
            a segmenter. As a frame, the column `mask`, or `mask_0`, `mask_1`, ...
        groups : ndarray of shape (n,), or None
            The ids found by `groups`.
        frame : DataFrame or None
            The columns `path`, those of the masks, and `group` where groups are
            known; None unless `as_frame`.
        DESCR : str
            What was read, and how many files were left out.

    Raises
    ------
    FileNotFoundError
        If a folder does not exist.
    NotADirectoryError
        If a folder is a file.
    ValueError
        If a folder holds no images, is or lies in another one, if files do not pair
        (see `unpaired`) or share their name, such as ``1.png`` and ``1.jpg`` in one
        folder, or if `groups` finds no id for a file. All such files are named at
        once.
    MissingDependencyError
        If `as_frame` is set and pandas is not installed.

    See Also
    --------
    load_covid_radiography, load_montgomery, load_montgomery_shenzhen, load_shenzhen :
        Read the public data sets with lung masks.

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
    endings = check_extensions(extensions)
    if unpaired not in ("raise", "drop"):
        raise ValueError(f"unpaired must be 'raise' or 'drop'; got {unpaired!r}.")
    pandas = pandas_for(as_frame, "load_image_masks")
    mask_folders = [masks] if isinstance(masks, (str, os.PathLike)) else list(masks)
    if not mask_folders:
        raise ValueError("masks must name at least one folder of masks; got none.")
    image_folder = check_folder(images, "the folder of the images")
    mask_folders = [
        check_folder(folder, "the folder of the masks") for folder in mask_folders
    ]
    check_apart([image_folder, *mask_folders])
    pairing = pair(
        _listed(image_folder, endings),
        {str(folder): _listed(folder, endings) for folder in mask_folders},
        relative_key(image_folder),
        [relative_key(folder, suffix) for folder in mask_folders],
    )
    drop = unpaired == "drop"
    cure = "Names, and folders below both, must be the same but for ending and suffix."
    if not drop:
        cure += ' unpaired="drop" leaves out what has no partner.'
    check_pairing(pairing, cure, unmasked_fine=drop, orphans_fine=drop)
    ids = (
        None if find_group is None else find_groups(pairing.images, find_group, groups)
    )
    return image_bunch(
        pairing.images,
        {"masks": mask_columns(pairing.masks), "groups": ids},
        _describe(pairing, image_folder, mask_folders),
        pandas,
    )


def mask_columns(masks):
    """Name the columns of masks, given as one list for each column."""
    if len(masks) == 1:
        return {"mask": masks[0]}
    return {f"mask_{number}": column for number, column in enumerate(masks)}


def _listed(folder, endings):
    found = images_below(folder, endings)
    if not found:
        raise ValueError(
            f"No image ({', '.join(endings)}) in {str(folder)!r}. Give the folder that "
            "holds them, or name other `extensions`."
        )
    return found


def _describe(pairing, image_folder, mask_folders):
    where = ", ".join(str(folder) for folder in mask_folders)
    described = f"{len(pairing.images)} images of {image_folder} with masks of {where}."
    if pairing.unmasked or pairing.orphans:
        described += (
            f" Left out: images without a mask ({len(pairing.unmasked)}), masks "
            f"without an image ({len(pairing.orphans)})."
        )
    return described
