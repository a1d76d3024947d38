"""Load the COVID-19 Radiography Database."""

from pathlib import Path

import numpy as np

from cxrclf.datasets._class_folders import list_class_folders
from cxrclf.datasets._find_images import find_images
from cxrclf.datasets._image_bunch import import_pandas, make_image_bunch
from cxrclf.datasets._layout import EXTENSIONS, find_root, format_names, subfolders
from cxrclf.datasets._left_out import format_path, merge_left_out
from cxrclf.datasets._pairing import Pairing, check_pairing, pair, relative_key

_CLASSES = {"covid", "covid-19", "lung_opacity", "normal", "viral pneumonia"}


def load_covid_radiography(folder, *, masks=True, as_frame=False):
    r"""List the images of the COVID-19 Radiography Database with their lung masks.

    The fifth version has 21,165 images of 299 × 299 pixels in four classes. Each image
    has a lung mask of 256 × 256 pixels, which a network predicted [1]_ [2]_::

        COVID-19_Radiography_Dataset/COVID/images/COVID-1.png
        COVID-19_Radiography_Dataset/COVID/masks/COVID-1.png
        COVID-19_Radiography_Dataset/Viral Pneumonia/images/Viral Pneumonia-1.png

    Versions 1 to 3 have the images directly in the class folders, and have no masks.
    Files are listed but not opened.

    Parameters
    ----------
    folder : path-like
        Folder ``COVID-19_Radiography_Dataset``, or a folder up to two levels above it.
    masks : bool, default=True
        Whether to return masks. Use False for versions 1 to 3.
    as_frame : bool, default=False
        Whether to return pandas DataFrames and Series. Needs pandas.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of shape (n, 1) of object, or DataFrame
            Paths of the images as str, sorted by class and path. A DataFrame has the
            column `path`.
        target : ndarray of shape (n,) of str, or Series
            Class of each image: the name of its class folder.
        target_names : list of str
            Classes in sorted order.
        masks : ndarray of shape (n, 1) of object, DataFrame or None
            Paths of the masks as str, to be used as y of a segmenter. Each mask has
            both lungs. A DataFrame has the column `mask`.
        groups : None
            The patients are not known.
        frame : DataFrame or None
            DataFrame with the columns `path`, `target` and, with masks, `mask`. None
            unless `as_frame` is true.
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
        If the folder is not the folder of the data set, or if a class folder has no
        images. With masks, also if this version has no masks, or if images and masks do
        not pair. The message names all these folders or files.
    MissingDependencyError
        If `as_frame` is true and pandas is not installed.

    See Also
    --------
    load_image_folder : List class folders. It would list the masks as images.

    Notes
    -----
    The classes come from different sources. "Normal" comes from the RSNA challenge
    (8,851 adults) and from children of one to five years (1,341). "Viral Pneumonia"
    comes only from these children, "Lung_Opacity" from the RSNA challenge, and "COVID"
    from many collections. A classifier may therefore learn the sources instead of the
    classes. Some patients have several images, but the patients are not recorded.
    Scores on this data set are optimistic by an unknown amount.

    The sheets ``*.metadata.xlsx`` with the origin of each image are not read. Their
    names differ from the file names: "NORMAL-1" is ``Normal-1.png``.

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
    pandas = import_pandas(as_frame, "load_covid_radiography")
    root = find_root(
        folder,
        _is_root,
        "COVID-19_Radiography_Dataset, which holds the classes COVID, Normal, ...",
    )
    classes, left_out = list_class_folders(root, EXTENSIONS)
    found = _find_files(classes, masks)
    files = {name: list(map(Path, found.paths[name])) for name in classes}
    empty = [name for name, images in files.items() if not images]
    if empty:
        raise ValueError(
            f"No image in {format_names(empty)} of {str(root)!r}. Images must lie in "
            "<class>/images, or in <class> for versions 1 to 3. Move folders that are "
            "no classes to another place."
        )
    columns = None
    if masks:
        files, columns = _pair_masks(classes, files, found.paths)
    paths = [str(path) for images in files.values() for path in images]
    target = np.array([name for name, images in files.items() for _ in images])
    description = f"{len(paths)} image files of {len(files)} classes in "
    description += format_path(root) + (", each with a lung mask." if masks else ".")
    return make_image_bunch(
        paths,
        {"target": target, "masks": columns, "groups": None},
        description,
        merge_left_out(left_out, found.left_out),
        pandas,
    )


def _is_root(folder):
    return any(path.name.casefold() in _CLASSES for path in subfolders(folder))


def _find_files(classes, masks):
    """Find the images of each class, and its masks under the name of their folder."""
    images = {
        name: path / "images" if (path / "images").is_dir() else path
        for name, path in classes.items()
    }
    mask_folders = {}
    if masks:
        mask_folders = {
            str(path / "masks"): path / "masks"
            for path in classes.values()
            if (path / "masks").is_dir()
        }
    return find_images(images | mask_folders, mask_folders=mask_folders)


def _pair_masks(classes, files, found):
    """Return the images of each class that have a mask, and the column of masks."""
    old = [
        name
        for name, path in classes.items()
        if not ((path / "images").is_dir() and (path / "masks").is_dir())
    ]
    if old:
        root = classes[old[0]].parent
        raise ValueError(
            f"No folders 'images' and 'masks' in {format_names(old)} of "
            f"{str(root)!r}. Versions 1 to 3 of the set have no "
            "masks: pass masks=False, or use a later version."
        )
    pairings = {
        name: pair(
            files[name],
            {str(path / "masks"): list(map(Path, found[str(path / "masks")]))},
            relative_key(path / "images"),
            [relative_key(path / "masks")],
        )
        for name, path in classes.items()
    }
    parts = zip(*pairings.values(), strict=True)
    every = Pairing(*([name for names in part for name in names] for part in parts))
    check_pairing(
        every,
        "The data set has a mask for each image. Unpack it again, or list its images "
        "with masks=False.",
    )
    masks = [mask for pairing in pairings.values() for mask in pairing.masks[0]]
    return {name: pairing.images for name, pairing in pairings.items()}, {"mask": masks}
