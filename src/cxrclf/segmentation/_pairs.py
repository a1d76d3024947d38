"""Images and masks that belong together, checked before any training."""

import os
import warnings

import numpy as np

from cxrclf.exceptions import ImageReadError
from cxrclf.images import read_image_sizes
from cxrclf.masks._open_masks import mask_paths

_SHOWN = 20  # of masks that do not fit


def check_pairs(checked, masks, image_size):
    """Check that there is a mask of the same shape for each image.

    Where one of the two is an array and the other are files, the array may have been
    stretched: one of the working size is, and one of images may be.

    Parameters
    ----------
    checked : ndarray of shape (n,) of paths, or images with a ``shape``
    masks : array-like
        Mask files, or an array.
    image_size : (int, int)
        The working size.

    Raises
    ------
    ImageReadError
        Naming all files that cannot be read.
    ValueError
        If there are more or fewer masks than images, or masks are neither files nor
        an array, or are of another shape than their images.
    """
    columns = mask_paths(masks)
    n, n_masks = len(checked), len(masks if columns is None else columns[0])
    if n != n_masks:
        raise ValueError(
            f"There are {n} images and {n_masks} masks. Give a mask for each image, in "
            "the same order."
        )
    if columns is not None:
        _refuse_class_labels(columns[0])
    if not isinstance(checked, np.ndarray):
        if columns is None and checked.shape[1:3] != np.shape(masks)[1:3]:
            raise ValueError(
                f"The images are of {_spelled(checked.shape[1:3])} pixels and their "
                f"masks of {_spelled(np.shape(masks)[1:3])}. Give each image the mask "
                "of its size."
            )
        return
    files = [checked, *(columns or [])]
    # All in one go, so that all that are missing are named at once.
    image_sizes, *mask_sizes = read_image_sizes(np.concatenate(files)).reshape(
        len(files), n, 2
    )
    if columns is None:
        if np.shape(masks)[1:3] == image_size:
            return
        mask_sizes = [np.tile(np.shape(masks)[1:3], (n, 1))]
    other = [
        f"  {checked[row]} of {_spelled(image_sizes[row])} pixels, mask "
        f"{names[row]} of {_spelled(sizes[row])}"
        for names, sizes in zip(columns or [np.arange(n)], mask_sizes, strict=True)
        for row in np.flatnonzero(_of_other_shape(image_sizes, sizes))
    ]
    if other:
        more = [f"  ... and {len(other) - _SHOWN} more"] * (len(other) > _SHOWN)
        raise ValueError(
            f"{len(other)} masks are of another shape than their images. Give each "
            "image its own mask, in the same order:\n"
            + "\n".join([*other[:_SHOWN], *more])
        )


def _of_other_shape(image_sizes, mask_sizes):
    """Return which sizes are not those of one another, resized."""
    stretch = np.log(image_sizes / mask_sizes)
    # Each side of the smaller one may have been rounded by a pixel.
    rounding = (1 / np.minimum(image_sizes, mask_sizes)).sum(1)
    return np.abs(stretch[:, 0] - stretch[:, 1]) > rounding


def _refuse_class_labels(names):
    """Tell labels from paths: several rows have the same one, and none is a file."""
    if len(set(names)) < len(names) and not any(map(os.path.exists, set(names))):
        raise ValueError(
            f"y must hold masks, and no file has a name such as {names[0]!r}. If these "
            "are classes, a CXRClassifier learns them."
        )


def opened_together(*openings):
    """Call functions that read files, and name what any of them cannot read at once.

    Parameters
    ----------
    *openings : callable
        Without arguments.

    Returns
    -------
    list
        What they return.

    Raises
    ------
    ImageReadError
    """
    opened, failures = [], {}
    for opening in openings:
        try:
            opened.append(opening())
        except ImageReadError as error:
            failures |= error.failures
    if failures:
        raise ImageReadError(failures)
    return opened


def warn_of_empty(masks, y):
    """Warn of masks without an object; refuse to train where all are empty.

    Parameters
    ----------
    masks : Masks
    y : array-like
        What they were opened from. Files are named, the masks of an array numbered.
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
    columns = mask_paths(y) or [np.arange(len(masks))]
    shown = ", ".join(
        " + ".join(str(column[row]) for column in columns) for row in empty[:5]
    )
    shown += f" and {len(empty) - 5} more" if len(empty) > 5 else ""
    if len(empty) == len(masks):
        raise ValueError(
            f"All {len(masks)} masks are empty: {shown}. Give masks in which the "
            "object is brighter than the background, or the labels of its classes."
        )
    warnings.warn(
        f"{len(empty)} of {len(masks)} masks are empty: {shown}. They are trained on "
        "as images without the object. Leave them out if it is there.",
        stacklevel=2,
    )


def _spelled(size):
    return f"{size[0]}×{size[1]}"
