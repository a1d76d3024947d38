"""Maps without a classifier, which saliency maps have to beat."""

import numpy as np
from scipy import ndimage

_CENTER = 0.25  # standard deviation of the bump, as a fraction of each side
_SMOOTHING = 0.01  # standard deviation before edges, as a fraction of the shorter side


def baseline_maps(images, kind):
    """Make maps that do not depend on any classifier.

    A saliency map that explains a classifier has to score better than these maps.

    Read more in the :ref:`User Guide <inspection>`.

    Parameters
    ----------
    images : array-like of shape (n, H, W) or (n, H, W, C)
        Pixels of the images.
    kind : {"uniform", "center", "edges"}
        Kind of the maps:

        - ``"uniform"``: 1 everywhere;
        - ``"center"``: a Gaussian function around the center of the image. Its standard
          deviation is a quarter of the height and of the width;
        - ``"edges"``: size of the gradient of the gray image after a Gaussian filter,
          as an edge detector computes [1]_. The standard deviation of the filter is 1 %
          of the shorter side, and at least one pixel.

    Returns
    -------
    ndarray of shape (n, H, W) of float32
        Maps with values of 0 or more.

    Raises
    ------
    ValueError
        If the images are no array of this shape, or if `kind` is unknown.

    References
    ----------
    .. [1] J. Adebayo et al., "Sanity checks for saliency maps", NeurIPS 2018.

    Examples
    --------
    >>> from cxrclf.datasets import make_chest_radiographs
    >>> from cxrclf.inspection import baseline_maps
    >>> data = make_chest_radiographs(6, image_size=64, random_state=0)
    >>> baseline_maps(data.images, "edges").shape
    (6, 64, 64)
    """
    if kind not in ("uniform", "center", "edges"):
        raise ValueError(f'kind must be "uniform", "center" or "edges", got {kind!r}.')
    images = _check_images(images)
    n, height, width = images.shape[:3]
    if kind == "uniform":
        return np.ones((n, height, width), np.float32)
    if kind == "center":
        rows, columns = (
            np.exp(-(((np.arange(side) + 0.5) / side - 0.5) ** 2) / (2 * _CENTER**2))
            for side in (height, width)
        )
        bump = np.outer(rows, columns).astype(np.float32)
        return np.repeat(bump[None], n, axis=0)
    sigma = max(1, _SMOOTHING * min(height, width))
    maps = np.empty((n, height, width), np.float32)
    for row, image in enumerate(images):
        gray = image.astype(np.float64)
        gray = gray if gray.ndim == 2 else gray.mean(-1)
        maps[row] = ndimage.gaussian_gradient_magnitude(gray, sigma, mode="nearest")
    return maps


def _check_images(images):
    array = np.asarray(images)
    numbers = array.dtype.kind in "biuf" and array.size > 0
    if (
        not numbers
        or array.ndim not in (3, 4)
        or array.shape[3:] not in ((), (1,), (3,))
    ):
        raise ValueError(
            "images must be pixels of shape (n, H, W), (n, H, W, 1) or (n, H, W, 3); "
            f"got an array of {array.dtype} of shape {array.shape}. Read files with "
            "cxrclf.images.ImageReader first."
        )
    return array
