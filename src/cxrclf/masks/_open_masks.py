"""Open masks from files and arrays at one size."""

import os
from collections.abc import Sequence
from typing import Any

from cxrclf._utils.image_size import check_image_size
from cxrclf.masks._mask_input import MaskInput
from cxrclf.masks._masks import Masks


def open_masks(
    masks: Any,
    image_size: int | tuple[int, int] | None = None,
    *,
    labels: Sequence[int] | None = None,
    keep_aspect_ratio: bool = False,
    cache_dir: str | os.PathLike[str] | None = None,
    verbose: int = 0,
) -> Masks:
    """Open masks at one size, in any form that a segmenter accepts.

    Parameters
    ----------
    masks : array-like
        Mask files as an (n,), (n, 1) or (n, k) array, a list, or a data frame; or masks
        as an array of shape (n, H, W). A data frame has the files in its column
        ``path``, or else in all columns. The mask of a row is the union of its k files.
        An array holds bool, `labels`, or 0 and one other value.
    image_size : int or (int, int), optional
        Side of a square, or height and width, in pixels. By default arrays are not
        resized. Files need this parameter. Masks are resized by nearest neighbor.
    labels : sequence of int, optional
        Pixel value of each class, with the background first. By default there are two
        classes, see :func:`read_mask`.
    keep_aspect_ratio : bool, default=False
        Whether masks keep their aspect ratio. If True, masks are fitted into
        `image_size` and centered on background. If False, masks are stretched.
    cache_dir : path-like, optional
        Folder of decoded files for later runs. By default decoded files are deleted
        when the process ends.
    verbose : int, default=0
        Whether to show a progress bar.

    Returns
    -------
    Masks
        The n masks in the order of `masks`.

    Raises
    ------
    ImageReadError
        If files cannot be read or are not masks. The message names all of them.
    ValueError
        If an array has another shape or has values that are not among the labels, or a
        parameter is invalid.

    Examples
    --------
    >>> import numpy as np
    >>> from cxrclf.masks import open_masks
    >>> masks = np.array([[[0, 255], [255, 255]]], dtype=np.uint8)
    >>> open_masks(masks, 4).gather([0])[0]
    array([[0, 0, 1, 1],
           [0, 0, 1, 1],
           [1, 1, 1, 1],
           [1, 1, 1, 1]], dtype=uint8)
    """
    size = None if image_size is None else check_image_size(image_size)
    return MaskInput.from_y(masks, labels=labels).open(
        size,
        keep_aspect_ratio=keep_aspect_ratio,
        cache_dir=cache_dir,
        verbose=verbose,
    )
