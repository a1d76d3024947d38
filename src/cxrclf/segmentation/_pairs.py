"""Images and masks that belong together, checked before any training."""

import warnings

import numpy as np

from cxrclf.exceptions import ImageReadError
from cxrclf.imaging import mask_paths, read_image_sizes

# Sides are rounded when files are resized: by half a percent at 100 pixels.
_SAME_SHAPE = 0.02


def check_pairs(checked, masks):
    """Check that there is a mask of the same shape for each image.

    Parameters
    ----------
    checked : ndarray of shape (n,) of paths, or images with a ``shape``
    masks : array-like
        Mask files, or an array.

    Raises
    ------
    ImageReadError
        Naming all files that cannot be read, or whose masks have another shape.
    ValueError
        If an array of masks has another size than the images.
    """
    columns = mask_paths(masks)
    mask_sizes = (
        [np.array(np.shape(masks)[1:3])[None]]
        if columns is None
        else [read_image_sizes(column) for column in columns]
    )
    if isinstance(checked, np.ndarray):
        sizes = read_image_sizes(checked)
    else:
        sizes = np.array(checked.shape[1:3])[None]
        if columns is None and (sizes != mask_sizes[0]).any():
            raise ValueError(
                f"The images are of {_spelled(sizes[0])} pixels and their masks of "
                f"{_spelled(mask_sizes[0][0])}. Give each image the mask of its size."
            )
    failures = {}
    for column, of_masks in enumerate(mask_sizes):
        both, shapes = np.broadcast_arrays(sizes, of_masks)
        stretch = np.log(both / shapes)
        for row in np.flatnonzero(np.abs(stretch[:, 0] - stretch[:, 1]) > _SAME_SHAPE):
            named = checked[row] if columns is None else columns[column][row]
            failures[str(named)] = (
                f"the mask is of {_spelled(shapes[row])} pixels and the image of "
                f"{_spelled(both[row])}, another shape; pair each image with its mask"
            )
    if failures:
        raise ImageReadError(failures)


def warn_of_empty(masks, names):
    """Warn of masks without an object; refuse to train where all are empty.

    Parameters
    ----------
    masks : Masks
    names : sequence or None
        What to call them; None for their numbers.
    """
    empty = [
        row
        for start in range(0, len(masks), 64)
        for row in start
        + np.flatnonzero(
            ~masks.gather(np.arange(start, min(start + 64, len(masks)))).any((1, 2))
        )
    ]
    if not empty:
        return
    shown = [str(row if names is None else names[row]) for row in empty[:5]]
    if len(empty) == len(masks):
        raise ValueError(
            f"All {len(masks)} masks are empty: {', '.join(shown)}... Give masks in "
            "which the object is brighter than the background, or the labels of its "
            "classes."
        )
    more = f" and {len(empty) - 5} more" if len(empty) > 5 else ""
    warnings.warn(
        f"{len(empty)} of {len(masks)} masks are empty: {', '.join(shown)}{more}. They "
        "are trained on as images without the object. Leave them out if it is there.",
        stacklevel=2,
    )


def _spelled(size):
    return f"{size[0]}×{size[1]}"
