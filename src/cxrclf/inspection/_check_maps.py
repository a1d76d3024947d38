"""Check saliency maps that a user passes to a measure."""

import numpy as np

from cxrclf._utils.missing import format_rows


def check_maps(maps, name="maps"):
    """Check maps, and return them as an array of floats.

    Parameters
    ----------
    maps : array-like of shape (n, H, W)
    name : str, default="maps"
        Name of the maps in error messages.

    Returns
    -------
    ndarray of shape (n, H, W) of float

    Raises
    ------
    ValueError
        If the shape is another one, if there are no maps, or if values are nan or
        infinite.
    """
    array = np.asarray(maps)
    if array.ndim != 3 or array.size == 0 or array.dtype.kind not in "biuf":
        cure = (
            f" Select the maps of one class: {name}[:, 0]." if array.ndim == 4 else ""
        )
        raise ValueError(
            f"{name} must be numbers of shape (n, H, W), one map per image; got an "
            f"array of {array.dtype} of shape {array.shape}.{cure}"
        )
    if array.dtype.kind != "f":
        array = array.astype(np.float32)
    bad = np.flatnonzero(~np.isfinite(array).all((1, 2)))
    if len(bad):
        raise ValueError(
            f"{name} has nan or infinite values in {format_rows(bad)}. Remove these "
            "maps and their images."
        )
    return array
