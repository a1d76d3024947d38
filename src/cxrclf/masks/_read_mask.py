"""Masks, from files and arrays, as the numbers of the classes of their pixels."""

import os
from collections.abc import Sequence

import numpy as np

from cxrclf._utils.image_size import check_image_size
from cxrclf.exceptions import ImageReadError
from cxrclf.images import read_image, read_values
from cxrclf.masks._mask_codes import (
    check_mask_labels,
    describe_values,
    mask_codes,
)
from cxrclf.masks._resize_masks import fit_mask

# A mask of two classes is bright or dark. Its edges may be grey, where a JPEG or an
# antialiased resize has blurred them, but a photograph is grey all over.
_MOST_GREY = 0.1
_LEAST_WHITE = 16  # what is darker than this at its brightest holds numbers, not greys


def read_mask(
    path: str | os.PathLike[str],
    image_size: int | tuple[int, int] | None = None,
    *,
    labels: Sequence[int] | None = None,
    keep_aspect_ratio: bool = False,
) -> np.ndarray:
    """Read a mask file as the class numbers of its pixels.

    Parameters
    ----------
    path : path-like
        The file, of any kind that :func:`read_image` reads.
    image_size : int or (int, int), optional
        Side of a square, or height and width, in pixels. None keeps the file's size.
        Pixels are taken by nearest neighbour and never blended.
    labels : sequence of int, optional
        The value in the file of each class, the background first. A file with
        another value is refused. None stands for two classes: a pixel belongs to the
        object where it is brighter than half of the brightest one, so that masks of
        0 and 1, of 0 and 255, of one colour on black, and with grey edges after a
        JPEG compression are all read right.
    keep_aspect_ratio : bool, default=False
        Whether to fit the mask into `image_size` and to centre it on background.

    Returns
    -------
    ndarray of shape (H, W), uint8
        Numbers of the classes: 0 and 1, or positions in `labels`.

    Raises
    ------
    ImageReadError
        If the file cannot be read, has values that are not in `labels`, or, without
        them, is grey all over as a radiograph is, or holds numbers as 0, 1 and 2.
    ValueError
        If `image_size` or `labels` are invalid.

    See Also
    --------
    open_masks : Many masks, from files or arrays.

    Notes
    -----
    Without `labels`, a third tone that covers less than a tenth of the image counts as
    dark or bright, whichever it is nearer to: some sets mark pixels to be ignored so.

    With `labels`, the values of an image with a palette are its indices, and of a
    colour image its channels must be equal. DICOM masks are of two classes.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from PIL import Image
    >>> from cxrclf.masks import read_mask
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "mask.png"
    ...     mask = np.array([[0, 255, 255], [0, 3, 255]], dtype=np.uint8)
    ...     Image.fromarray(mask).save(path)
    ...     read_mask(path)
    array([[0, 1, 1],
           [0, 0, 1]], dtype=uint8)
    """
    path = os.fspath(path)
    size = None if image_size is None else check_image_size(image_size)
    values = None if labels is None else check_mask_labels(labels, in_files=True)
    if values is None:
        codes = _bright(read_image(path), path)
    else:
        codes = _numbered(path, values)
    return codes if size is None else fit_mask(codes, size, keep_aspect_ratio)


def _bright(pixels: np.ndarray, path: str) -> np.ndarray:
    """Return which pixels are brighter than half of the brightest one."""
    top = int(pixels.max())
    quarters = 4 * pixels.astype(np.int32)
    if top < _LEAST_WHITE and ((pixels > 0) & (pixels < top)).any():
        raise ImageReadError(
            {
                path: f"has the values {describe_values(pixels)}, more than two; "
                "give the labels of its classes, the background first"
            }
        )
    between = (quarters > top) & (quarters < 3 * top)
    if between.mean() > _MOST_GREY:
        raise ImageReadError(
            {
                path: f"is no mask: {between.mean():.0%} of its pixels are neither "
                "dark nor bright; give the mask and not the image, or the labels of "
                "its classes"
            }
        )
    return (quarters > 2 * top).view(np.uint8)


def _numbered(path: str, labels: np.ndarray) -> np.ndarray:
    values = read_values(path)
    if values.ndim == 3:
        colors = values[..., : 1 if values.shape[2] == 2 else 3]
        if (colors != colors[..., :1]).any():
            raise ImageReadError(
                {path: "is a mask in colors; save the numbers of its classes in gray"}
            )
        values = colors[..., 0]
    try:
        return mask_codes(values, labels, name="it")
    except ValueError as error:
        raise ImageReadError({path: str(error)}) from error
