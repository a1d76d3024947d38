"""Masks, from files and arrays, at one size."""

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
    """Open masks, in any form that a segmenter takes, at one size.

    Parameters
    ----------
    masks : array-like
        Mask files as an (n,), (n, 1) or (n, k) array, a list, or a data frame: of
        its column ``path``, or where it has none, of all its columns. The k files of a
        row are one mask, the union of them. Or an array of (n, H, W): of bool, of
        `labels`, or of 0 and one other value.
    image_size : int or (int, int), optional
        Side of a square, or height and width, in pixels. None keeps the size of an
        array; files need it. Pixels are taken by nearest neighbour.
    labels : sequence of int, optional
        The value of each class, the background first. None stands for two classes,
        see :func:`read_mask`.
    keep_aspect_ratio : bool, default=False
        Whether to fit masks into `image_size` and to centre them on background.
    cache_dir : path-like, optional
        Where decoded files are kept for later runs; by default until the process
        ends.
    verbose : int, default=0
        Whether to show a progress bar.

    Returns
    -------
    Masks

    Raises
    ------
    ImageReadError
        Naming all files that cannot be read or are no masks.
    ValueError
        If an array has another shape or values that are not among the labels, or a
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
