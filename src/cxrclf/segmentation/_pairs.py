"""Images and masks that belong together, checked before any training."""

import warnings

import numpy as np

from cxrclf.exceptions import ImageReadError
from cxrclf.imaging import mask_paths, read_image_sizes


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
        If there are more or fewer masks than images, or masks are neither files nor
        an array, or an array of them has another size than the images.
    """
    columns = mask_paths(masks)
    n, n_masks = len(checked), len(masks if columns is None else columns[0])
    if n != n_masks:
        raise ValueError(
            f"There are {n} images and {n_masks} masks. Give a mask for each image, in "
            "the same order."
        )
    of_files = isinstance(checked, np.ndarray)
    # All in one go, so that all that are missing are named at once.
    files = [checked] * of_files + (columns or [])
    if files:
        sizes = read_image_sizes(np.concatenate(files)).reshape(len(files), n, 2)
    image_sizes = sizes[0] if of_files else _repeated(checked.shape, n)
    if columns is None:
        mask_sizes = _repeated(np.shape(masks), n)[None]
        if not of_files and (image_sizes != mask_sizes[0]).any():
            raise ValueError(
                f"The images are of {_spelled(image_sizes[0])} pixels and their masks "
                f"of {_spelled(mask_sizes[0, 0])}. Give each image the mask of its "
                "size."
            )
    else:
        mask_sizes = sizes[-len(columns) :]
    failures = {}
    for names, shapes in zip(columns or [checked], mask_sizes, strict=True):
        stretch = np.log(image_sizes / shapes)
        # Of the smaller one, each side may be a pixel off if it is the other, resized.
        rounding = (1 / np.minimum(image_sizes, shapes)).sum(1)
        for row in np.flatnonzero(np.abs(stretch[:, 0] - stretch[:, 1]) > rounding):
            failures[str(names[row])] = (
                f"the mask is of {_spelled(shapes[row])} pixels and the image of "
                f"{_spelled(image_sizes[row])}, another shape; pair each image with "
                "its mask"
            )
    if failures:
        raise ImageReadError(failures)


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


def _repeated(shape, n):
    return np.tile(shape[1:3], (n, 1))


def _spelled(size):
    return f"{size[0]}×{size[1]}"
