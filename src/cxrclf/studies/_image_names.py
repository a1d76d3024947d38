"""Names of images in tables."""

import os

from cxrclf.images import ImageInput


def name_images(X):
    """Return a short name for each image.

    Parameters
    ----------
    X : array-like of length n
        Images in any form that the estimators accept.

    Returns
    -------
    list of str
        Paths relative to the folder that contains all files, or "row 0", "row 1", ...
        for pixels.
    """
    images = ImageInput.from_X(X)
    if images.paths is None:
        return [f"row {row}" for row in range(len(images))]
    paths = [str(path) for path in images.paths]
    try:
        folder = os.path.commonpath([os.path.dirname(path) for path in paths])
    except ValueError:  # on several drives, or absolute and relative
        return paths
    return [os.path.relpath(path, folder) if folder else path for path in paths]
