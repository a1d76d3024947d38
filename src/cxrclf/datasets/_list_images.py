"""List the images of a folder without classes."""

import numpy as np

from cxrclf._utils.user_warnings import warn_user
from cxrclf.datasets._find_images import find_images
from cxrclf.datasets._layout import (
    check_extensions,
    check_folder,
    format_extensions,
    format_names,
)


def list_images(folder, *, extensions=None):
    """List the images of a folder and of its subfolders.

    Use this function for images without labels, for example to predict them. Images are
    listed but not read. Links to files and folders are followed, and hidden files are
    left out, as in `load_image_folder`.

    Parameters
    ----------
    folder : path-like
        Folder with the images.
    extensions : sequence of str, default=None
        Extensions of the files to list, with the dot. Upper and lower case are the
        same. By default, the extensions of BMP, DICOM, GIF, JPEG, JPEG 2000, PCX, PNG,
        PNM, TIFF and WebP files, and DICOM files without an extension.

    Returns
    -------
    ndarray of shape (n, 1) of object
        Paths of the images as str, sorted, to be used as X of estimators.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist, or if a link in it points to nothing.
    NotADirectoryError
        If `folder` is a file.
    PermissionError
        If a folder cannot be listed. The message names all such folders.
    ValueError
        If the folder has no images.

    Warns
    -----
    UserWarning
        If folders of masks are left out, or files of other types, which may be images.

    See Also
    --------
    load_image_folder : List images with one subfolder per class.

    Examples
    --------
    >>> import tempfile
    >>> from cxrclf.datasets import list_images, make_chest_radiographs
    >>> from cxrclf.datasets import save_image_folder
    >>> drawn = make_chest_radiographs(6, image_size=32, random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = save_image_folder(drawn.images, drawn.target, folder)
    ...     paths = list_images(folder)
    >>> paths.shape
    (6, 1)
    """
    if extensions is not None:
        check_extensions(extensions)
    folder = check_folder(folder, "the folder that holds the images")
    found = find_images({str(folder): folder}, extensions, skip_masks=True)
    paths = found.paths[str(folder)]
    masks = found.left_out.get("masks", [])
    if not paths:
        raise ValueError(
            f"{str(folder)!r} has no images{format_extensions(extensions)}. Check the "
            "path, or pass the extensions of the images."
        )
    if masks:
        warn_user(
            f"Folders of masks are left out: {format_names(masks)}. If they hold "
            "radiographs, rename them."
        )
    return np.array(paths, dtype=object)[:, None]
