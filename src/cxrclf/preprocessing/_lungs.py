"""The lungs of images, from any segmenter."""

import numpy as np

from cxrclf.masks import resize_masks


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
    return resize_masks(masks, images.shape[1:]) != background


def refuse_padding(segmenter, images, name):
    """Refuse to show stretched files to a segmenter that learnt from padded ones.

    Parameters
    ----------
    segmenter : object
    images : ImageInput
    name : str
        Who asks, for the error message.

    Raises
    ------
    ValueError
    """
    if images.paths is not None and getattr(segmenter, "keep_aspect_ratio", False):
        raise ValueError(
            f"The segmenter has keep_aspect_ratio=True, and {name} stretches files to "
            "image_size. Put ImageReader(keep_aspect_ratio=True) before it, or use a "
            "segmenter with keep_aspect_ratio=False."
        )
