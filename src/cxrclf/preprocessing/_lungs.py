"""The lungs of images, from any segmenter."""

import numpy as np


def predicted_lungs(segmenter, images):
    """Return the lung masks of a segmenter at the images' size.

    Parameters
    ----------
    segmenter : object
        Its ``predict`` gives masks of any size. What is not the first of its
        ``classes_``, or not 0 where it has none, is lung.
    images : ndarray of shape (n, H, W)

    Returns
    -------
    ndarray of shape (n, H, W) of bool
        Taken by nearest neighbour.

    Raises
    ------
    ValueError
        If it predicts anything but a mask an image.
    """
    masks = np.asarray(segmenter.predict(images))
    if masks.ndim != 3 or len(masks) != len(images):
        raise ValueError(
            "The segmenter must predict masks as an (n, height, width) array, and for "
            f"{len(images)} images gave an array of shape {masks.shape}."
        )
    background = getattr(segmenter, "classes_", [0])[0]
    rows, columns = (
        (2 * np.arange(side) + 1) * of_mask // (2 * side)
        for side, of_mask in zip(images.shape[1:], masks.shape[1:], strict=True)
    )
    return masks[:, rows[:, None], columns] != background


def refuse_padding(segmenter, checked, name):
    """Refuse to show stretched files to a segmenter that learnt from padded ones.

    Parameters
    ----------
    segmenter : object
    checked : ndarray
        Paths, of shape (n,), or images.
    name : str
        Who asks, for the error message.

    Raises
    ------
    ValueError
    """
    if checked.ndim == 1 and getattr(segmenter, "keep_aspect_ratio", False):
        raise ValueError(
            f"The segmenter has keep_aspect_ratio=True, and {name} stretches files to "
            "image_size. Put ImageReader(keep_aspect_ratio=True) before it, or use a "
            "segmenter with keep_aspect_ratio=False."
        )
