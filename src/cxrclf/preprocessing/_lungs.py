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
