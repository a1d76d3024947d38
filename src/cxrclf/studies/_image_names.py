"""Names of images in tables."""

from cxrclf._utils.paths import shorten_paths
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
    return shorten_paths(images.paths)
