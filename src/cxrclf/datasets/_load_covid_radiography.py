"""Reading the COVID-19 Radiography Database."""

import numpy as np

from cxrclf.datasets._image_bunch import image_bunch, pandas_for
from cxrclf.datasets._layout import find_root, images_below, some, subfolders
from cxrclf.datasets._pairing import Pairing, check_pairing, pair, relative_key

_CLASSES = {"covid", "covid-19", "lung_opacity", "normal", "viral pneumonia"}


def load_covid_radiography(folder, *, masks=True, as_frame=False):
    r"""List the images of the COVID-19 Radiography Database with their lung masks.

    The fifth version has 21,165 images in four classes, 299 × 299 pixels, and for
    each a lung mask of 256 × 256 pixels that a network has drawn [1]_ [2]_::

        COVID-19_Radiography_Dataset/COVID/images/COVID-1.png
        COVID-19_Radiography_Dataset/COVID/masks/COVID-1.png
        COVID-19_Radiography_Dataset/Viral Pneumonia/images/Viral Pneumonia-1.png

    Versions 1 to 3 have the images directly in the class folders, and no masks. Files
    are listed, not opened.

    Parameters
    ----------
    folder : path-like
        ``COVID-19_Radiography_Dataset``, or a folder up to two levels above it.
    masks : bool, default=True
        Return masks, too. False lists the images of any version without masks.
    as_frame : bool, default=False
        Return pandas DataFrames and Series. Needs pandas.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of shape (n, 1) of object, or DataFrame
            The paths of the images as str, sorted by class and path; as a frame, the
            column `path`.
        target : ndarray of shape (n,) of str, or Series
            The names of the class folders.
        target_names : list of str
            The classes in sorted order.
        masks : ndarray of shape (n, 1) of object, DataFrame or None
            The paths of the masks of both lungs in one: y of a segmenter. As a frame,
            the column `mask`.
        groups : None
            The patients are not known.
        frame : DataFrame or None
            The columns `path`, `target` and, with masks, `mask`; None unless
            `as_frame`.
        DESCR : str
            What was read.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    NotADirectoryError
        If `folder` is a file.
    ValueError
        If the folder is not that of the set, if a class folder holds no images, or
        with masks, if the version has none, or if images and masks do not pair. All
        such folders or files are named at once.
    MissingDependencyError
        If `as_frame` is set and pandas is not installed.

    See Also
    --------
    load_image_folder : Read class folders. It would take the masks for images.

    Notes
    -----
    The classes come from different places: "Normal" from the RSNA challenge (8,851
    adults) and from children of one to five years (1,341), "Viral Pneumonia" from
    these children alone, "Lung_Opacity" from the RSNA challenge, "COVID" from many
    collections. What tells the classes apart may tell the places apart. Several images
    are of one patient, and who that is is not recorded: a score of this set is
    optimistic by an unknown amount.

    The sheets ``*.metadata.xlsx`` with the origin of each image are not read. They
    spell names differently: "NORMAL-1" is ``Normal-1.png``.

    References
    ----------
    .. [1] Chowdhury, M. E. H. et al. (2020). Can AI help in screening viral and
       COVID-19 pneumonia? IEEE Access 8, 132665-132676.
    .. [2] Rahman, T. et al. (2021). Exploring the effect of image enhancement
       techniques on COVID-19 detection using chest X-ray images. Computers in Biology
       and Medicine 132, 104319.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from cxrclf.datasets import load_covid_radiography
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("COVID", "Normal"):
    ...         for part in ("images", "masks"):
    ...             path = Path(folder, name, part, f"{name}-1.png")
    ...             path.parent.mkdir(parents=True)
    ...             path.touch()
    ...     data = load_covid_radiography(folder)
    >>> data.data.shape, data.masks.shape, data.target.tolist()
    ((2, 1), (2, 1), ['COVID', 'Normal'])
    """
    pandas = pandas_for(as_frame, "load_covid_radiography")
    root = find_root(
        folder,
        _is_root,
        "COVID-19_Radiography_Dataset, which holds the classes COVID, Normal, ...",
    )
    class_folders = subfolders(root)
    files = {path.name: _images(path) for path in class_folders}
    empty = [name for name, found in files.items() if not found]
    if empty:
        raise ValueError(
            f"No image in {some(empty)} of {str(root)!r}. Images lie in "
            "<class>/images, in versions 1 to 3 in <class>; move away what is no class."
        )
    columns = None
    if masks:
        files, columns = _with_masks(class_folders, files)
    paths = [str(path) for found in files.values() for path in found]
    target = np.array([name for name, found in files.items() for _ in found])
    described = f"{len(paths)} image files of {len(files)} classes in {root}"
    described += ", each with a lung mask." if masks else "."
    fields = {"target": target, "masks": columns, "groups": None}
    return image_bunch(paths, fields, described, pandas)


def _is_root(folder):
    return any(path.name.casefold() in _CLASSES for path in subfolders(folder))


def _images(class_folder):
    inner = class_folder / "images"
    return images_below(inner if inner.is_dir() else class_folder)


def _with_masks(class_folders, files):
    """Return {class: images} and the column of their masks."""
    old = [
        path.name
        for path in class_folders
        if not ((path / "images").is_dir() and (path / "masks").is_dir())
    ]
    if old:
        raise ValueError(
            f"No folders 'images' and 'masks' in {some(old)} of "
            f"{str(class_folders[0].parent)!r}. Versions 1 to 3 of the set have no "
            "masks: pass masks=False, or get a later version."
        )
    found = {
        path.name: pair(
            files[path.name],
            {str(path / "masks"): images_below(path / "masks")},
            relative_key(path / "images"),
            [relative_key(path / "masks")],
        )
        for path in class_folders
    }
    parts = zip(*found.values(), strict=True)
    every = Pairing(*([name for names in part for name in names] for part in parts))
    check_pairing(
        every,
        "The set has a mask for each image: unpack it again, or list its images with "
        "masks=False.",
    )
    masks = [mask for pairing in found.values() for mask in pairing.masks[0]]
    return {name: pairing.images for name, pairing in found.items()}, {"mask": masks}
