"""Lung masks from any segmenter."""

import numpy as np

from cxrclf.masks import resize_masks


def predict_lungs(segmenter, images):
    """Predict lung masks at the size of the images.

    Parameters
    ----------
    segmenter : object
        Fitted segmenter. Its ``predict`` returns masks of any size. The background is
        the first of its ``classes_``, or 0 if it has no ``classes_``. All other labels
        are lungs.
    images : ndarray of shape (n, H, W)
        Gray images.

    Returns
    -------
    ndarray of shape (n, H, W) of bool
        Lung masks, resized by nearest neighbor.

    Raises
    ------
    ValueError
        If the segmenter does not return one mask per image.
    """
    masks = np.asarray(segmenter.predict(images))
    if masks.ndim != 3 or len(masks) != len(images):
        raise ValueError(
            "The segmenter must predict masks as an (n, height, width) array, and for "
            f"{len(images)} images gave an array of shape {masks.shape}. Return one "
            "mask per image from its predict."
        )
    background = getattr(segmenter, "classes_", [0])[0]
    return resize_masks(masks, images.shape[1:]) != background


def refuse_padding(segmenter, images, name):
    """Raise an error if a segmenter that pads files would get stretched files.

    Parameters
    ----------
    segmenter : object
        Segmenter, with or without a parameter ``keep_aspect_ratio``.
    images : ImageInput
        Checked X.
    name : str
        Name of the transformer, for the error message.

    Raises
    ------
    ValueError
        If X holds files and ``keep_aspect_ratio`` of the segmenter is true.
    """
    if images.paths is not None and getattr(segmenter, "keep_aspect_ratio", False):
        raise ValueError(
            f"The segmenter has keep_aspect_ratio=True, and {name} stretches files to "
            "image_size. Put ImageReader(keep_aspect_ratio=True) before it, or use a "
            "segmenter with keep_aspect_ratio=False."
        )
