"""The lungs in the images of a display."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from cxrclf.masks import MaskInput, resize_masks


class LungInput:
    """Lung masks of images, or a segmenter that predicts them.

    Parameters
    ----------
    lungs : array-like or segmenter
        Masks in any form of the library, or a fitted segmenter with ``predict``.
    n : int
        Number of images.

    Raises
    ------
    ValueError
        If there is not one mask per image.
    NotFittedError
        If the segmenter is not fitted.
    """

    def __init__(self, lungs, n):
        self.segmenter = self.masks = None
        if hasattr(lungs, "predict"):
            if hasattr(lungs, "fit"):
                check_is_fitted(lungs)
            self.segmenter = lungs
            return
        self.masks = MaskInput.from_y(lungs)
        if len(self.masks) != n:
            raise ValueError(
                f"lungs has {len(self.masks)} masks for {n} images. Pass one per image."
            )

    def open(self, shown, images, size):
        """Return the lungs at the size of the maps.

        Parameters
        ----------
        shown : GrayImages
            The images of the display.
        images : ndarray of shape (n, H, W)
            Its pixels. Masks of the files are padded as the files are.
        size : (int, int)
            Height and width of the maps.

        Returns
        -------
        ndarray of shape (n, h, w) of bool
        """
        if self.masks is not None:
            masks = self.masks.open(
                images.shape[1:], keep_aspect_ratio=shown.pads_files
            )
            return resize_masks(masks.gather(np.arange(len(masks))), size) != 0
        pads = shown.pads_files or getattr(self.segmenter, "keep_aspect_ratio", False)
        # The segmenter reads files at its own size. If one of the two pads them, only
        # the pixels of the display have the geometry of the maps.
        reads_files = shown.input.paths is not None and not pads
        masks = np.asarray(
            self.segmenter.predict(shown.input.X if reads_files else images)
        )
        if masks.ndim != 3 or len(masks) != len(images):
            raise ValueError(
                "The segmenter must predict masks as an (n, height, width) array, and "
                f"for {len(images)} images returned an array of shape {masks.shape}."
            )
        background = getattr(self.segmenter, "classes_", [0])[0]
        return resize_masks(masks, size) != background
