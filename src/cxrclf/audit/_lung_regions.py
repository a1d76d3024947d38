"""Lungs and the boxes around them in all images."""

import numpy as np
from scipy.ndimage import find_objects

from cxrclf.audit._pixel_features import find_border
from cxrclf.images import ImageInput
from cxrclf.masks import MaskInput, resize_masks

MARGIN = 0.05  # margin of a box on each side, as a fraction of its height or width
MIN_AREA, MAX_AREA = 0.05, 0.8  # of found lungs, as in LungMasker
_SIZE = (224, 224)
_TOUCHED = 0.02  # share of the border that lungs cover


class LungRegions:
    """Lungs and the boxes around them in all images.

    Parameters
    ----------
    segmenter : fitted segmenter or array-like
        Segmenter with ``predict``, or one mask per image as files or as an
        (n, H, W) array.
    images : ImageInput
        Images.
    cache_dir : path-like, default=None
        Folder of decoded masks.
    verbose : int, default=0
        Whether to show a progress bar.

    Attributes
    ----------
    masks : ndarray of shape (n, H, W) of bool
        Lungs. Where no lungs were found, the mask is the box.
    found : ndarray of shape (n,) of bool
        Whether lungs were found: they cover 5 % to 80 % of the image.

    Raises
    ------
    ValueError
        If there is not one mask per image, or if no lungs are found in half of the
        images or more.
    """

    def __init__(
        self, segmenter, images: ImageInput, *, cache_dir=None, verbose: int = 0
    ):
        n = len(images)
        if hasattr(segmenter, "predict"):
            masks = self._predict(segmenter, images, verbose)
        else:
            given = MaskInput.from_y(segmenter)
            if len(given) != n:
                raise ValueError(
                    f"segmenter has {len(given)} masks for {n} images. Pass one mask "
                    "per image, or a fitted segmenter."
                )
            size = _SIZE if given.values is None else None
            opened = given.open(size, cache_dir=cache_dir, verbose=verbose)
            masks = opened.gather(np.arange(n)) != 0
        area = masks.mean(axis=(1, 2))
        self.found = (area >= MIN_AREA) & (area <= MAX_AREA)
        if 2 * self.found.sum() <= n:
            raise ValueError(
                f"Lungs were found in {self.found.sum()} of {n} images. They count as "
                f"found if they cover {MIN_AREA:.0%} to {MAX_AREA:.0%} of an image. "
                "Check the predictions of the segmenter."
            )
        self._boxes = self._find_boxes(masks)
        self.masks = np.where(
            self.found[:, None, None], masks, self.fill_boxes(masks.shape[1:])
        )

    @staticmethod
    def _predict(segmenter, images: ImageInput, verbose: int) -> np.ndarray:
        X = images.X if images.paths is not None else images.pixels
        masks = np.asarray(segmenter.predict(X))
        if masks.ndim != 3 or len(masks) != len(images):
            raise ValueError(
                "The segmenter must predict masks as an (n, height, width) array, and "
                f"for {len(images)} images returned an array of shape {masks.shape}."
            )
        return masks != getattr(segmenter, "classes_", [0])[0]

    def _find_boxes(self, masks: np.ndarray) -> np.ndarray:
        """Return top, bottom, left and right of each box, as fractions, (n, 4)."""
        height, width = masks.shape[1:]
        boxes = np.full((len(masks), 4), np.nan)
        for row in np.flatnonzero(self.found):
            rows, columns = find_objects(masks[row].astype(int))[0]
            box = np.array([rows.start, rows.stop, columns.start, columns.stop], float)
            box /= height, height, width, width
            margin = MARGIN * np.repeat(np.diff(box)[::2], 2) * [-1, 1, -1, 1]
            boxes[row] = np.clip(box + margin, 0, 1)
        boxes[~self.found] = np.median(boxes[self.found], axis=0)
        return boxes

    def count_in_border(self) -> int:
        """Return in how many images the lungs cover 2 % of the border or more."""
        border = find_border(self.masks.shape[1:])
        shares = self.masks[self.found][:, border].mean(axis=1)
        return int((shares >= _TOUCHED).sum())

    def fill_boxes(self, size: tuple[int, int]) -> np.ndarray:
        """Return the boxes as masks of shape (n, height, width) of bool."""
        y, x = ((np.arange(side) + 0.5) / side for side in size)
        top, bottom, left, right = self._boxes.T[:, :, None]
        rows, columns = (y >= top) & (y < bottom), (x >= left) & (x < right)
        return rows[:, :, None] & columns[:, None, :]

    def erase_boxes(self, pixels: np.ndarray) -> np.ndarray:
        """Replace the boxes in images by the mean gray level around them.

        Parameters
        ----------
        pixels : ndarray of shape (n, H, W) or (n, H, W, C)

        Returns
        -------
        ndarray of the shape and type of `pixels`
        """
        result = pixels.copy()
        inside = self.fill_boxes(pixels.shape[1:3])
        for image, box in zip(result, inside, strict=True):
            outside = image[~box]
            image[box] = outside.mean() if outside.size else 0
        return result

    def keep_lungs(self, pixels: np.ndarray) -> np.ndarray:
        """Replace everything except the lungs in images by black.

        The parameters and the result are the same as for :meth:`erase_boxes`.
        """
        result = pixels.copy()
        masks = resize_masks(self.masks, pixels.shape[1:3])
        result[~masks] = 0
        return result
