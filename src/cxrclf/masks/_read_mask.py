"""Read a mask file as the class number of each pixel."""

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

# A mask of two classes is bright and dark. JPEG compression or antialiasing may leave
# gray edges. A larger gray area means that the file is a radiograph.
_LARGEST_GRAY_FRACTION = 0.1
_SMALLEST_WHITE = 16  # a file with a smaller maximum holds class numbers


def read_mask(
    path: str | os.PathLike[str],
    image_size: int | tuple[int, int] | None = None,
    *,
    labels: Sequence[int] | None = None,
    keep_aspect_ratio: bool = False,
) -> np.ndarray:
    """Read a mask file as the class number of each pixel.

    Parameters
    ----------
    path : path-like
        Path of a file in any format of :func:`read_image`.
    image_size : int or (int, int), optional
        Side of a square, or height and width, in pixels. By default the mask is not
        resized. Masks are resized by nearest neighbor, without blending.
    labels : sequence of int, optional
        Pixel value of each class in the file, with the background first. A file with
        other values is refused. By default there are two classes: a pixel belongs to
        the object if it is brighter than half of the maximum. This rule fits masks of 0
        and 1, of 0 and 255, of one color on black, and with gray edges from JPEG
        compression.
    keep_aspect_ratio : bool, default=False
        Whether the mask keeps its aspect ratio. If True, it is fitted into `image_size`
        and centered on background. If False, it is stretched.

    Returns
    -------
    ndarray of shape (H, W), uint8
        Class number of each pixel, which is the position of its label. Without labels,
        0 for the background and 1 for the object.

    Raises
    ------
    ImageReadError
        If the file cannot be read, or has values that are not among `labels`. Without
        `labels`, also if the file has large gray areas, as a radiograph has, or holds
        more than two class numbers.
    ValueError
        If `image_size` or `labels` are invalid.

    See Also
    --------
    open_masks : Function for many masks, from files or arrays.

    Notes
    -----
    Some data sets mark pixels to be ignored with a third gray level. Without `labels`,
    such a level counts as dark or bright, whichever is closer, if it covers less than a
    tenth of the image.

    With `labels`, the values of an image with a palette are its indices, and the
    channels of a color image must be equal. DICOM masks always have two classes.

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
        codes = _threshold(read_image(path), path)
    else:
        codes = _read_codes(path, values)
    return codes if size is None else fit_mask(codes, size, keep_aspect_ratio)


def _threshold(pixels: np.ndarray, path: str) -> np.ndarray:
    """Return 1 for pixels brighter than half of the maximum, and 0 for others."""
    top = int(pixels.max())
    # Compare in quarters of the maximum, to stay in exact integers.
    quarters = 4 * pixels.astype(np.int32)
    if top < _SMALLEST_WHITE and ((pixels > 0) & (pixels < top)).any():
        raise ImageReadError(
            {
                path: f"has the values {describe_values(pixels)}, more than two; "
                "give the labels of its classes, the background first"
            }
        )
    gray = (quarters > top) & (quarters < 3 * top)
    if gray.mean() > _LARGEST_GRAY_FRACTION:
        raise ImageReadError(
            {
                path: f"is no mask: {gray.mean():.0%} of its pixels are neither "
                "dark nor bright; pass the mask instead of the image, or the labels of "
                "its classes"
            }
        )
    return (quarters > 2 * top).view(np.uint8)


def _read_codes(path: str, labels: np.ndarray) -> np.ndarray:
    """Read a file with the given labels as class numbers."""
    values = read_values(path)
    if values.ndim == 3:
        # Without the alpha channel, which is the second of two or the fourth of four.
        colors = values[..., : 1 if values.shape[2] == 2 else 3]
        if (colors != colors[..., :1]).any():
            raise ImageReadError(
                {path: "is a mask in colors; save its class numbers as a gray image"}
            )
        values = colors[..., 0]
    try:
        return mask_codes(values, labels, name="it")
    except ValueError as error:
        raise ImageReadError({path: str(error)}) from error
