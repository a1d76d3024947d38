"""Check pairs of images and masks, and read the masks."""

import os
import warnings

import numpy as np

from cxrclf._training.targets import MaskTargets
from cxrclf.images import read_image_sizes

_SHOWN = 20  # maximum number of masks that an error lists


class UnreadMasks:
    """Masks that are not read yet. Reading returns the targets of a training.

    Parameters
    ----------
    masks : MaskInput
    """

    def __init__(self, masks):
        self.masks = masks

    def open(self, **reading):
        """Read the masks, and warn of masks without an object.

        Parameters
        ----------
        **reading
            Parameters of :meth:`cxrclf.masks.MaskInput.open`.

        Returns
        -------
        MaskTargets

        Raises
        ------
        ImageReadError
            If files cannot be read or are no masks. The error names all of them.
        ValueError
            If all masks are empty.
        """
        masks = self.masks.open(**reading)
        _warn_of_empty(masks, self.masks)
        return MaskTargets(masks)


def check_pairs(images, masks, image_size, keep_aspect_ratio=False):
    """Check that there is a mask of the same shape for each image.

    If one of the two is an array and the other are files, the array may be resized. An
    array of masks at the working size fits all files.

    Parameters
    ----------
    images : ImageInput
    masks : MaskInput
    image_size : (int, int)
        The working size.
    keep_aspect_ratio : bool, default=False
        Whether image files are padded to the working size.

    Raises
    ------
    ImageReadError
        If files cannot be read. The error names all of them.
    ValueError
        If there are more or fewer masks than images, if a mask has another shape than
        its image, or if images are padded and masks are not.
    """
    if len(images) != len(masks):
        raise ValueError(
            f"There are {len(images)} images and {len(masks)} masks. Pass a mask for "
            "each image, in the same order."
        )
    if masks.columns is not None:
        _refuse_class_labels(masks.columns[0])
    size_of_masks = None if masks.values is None else masks.values.shape[1:]
    if images.paths is None:
        if size_of_masks is not None and images.sample_shape[:2] != size_of_masks:
            raise ValueError(
                f"The images are of {_format_size(images.sample_shape[:2])} pixels and "
                f"their masks of {_format_size(size_of_masks)}. Pass masks of the size "
                "of their images."
            )
        return
    # Images and masks in one call, so that one error names all missing files.
    files = np.concatenate([images.paths, *(masks.columns or [])])
    image_sizes, *mask_sizes = read_image_sizes(files).reshape(-1, len(images), 2)
    if size_of_masks is not None:
        if size_of_masks == image_size:
            sizes = np.tile(image_size, (len(images), 1))
            if keep_aspect_ratio and _differ_in_shape(image_sizes, sizes).any():
                raise ValueError(
                    "keep_aspect_ratio=True pads image files, but not an array of "
                    "masks. Pass mask files, or set keep_aspect_ratio=False."
                )
            return
        mask_sizes = [np.tile(size_of_masks, (len(images), 1))]
    other = [
        f"  {images.paths[row]} of {_format_size(image_sizes[row])} pixels, mask "
        f"{names[row]} of {_format_size(sizes[row])}"
        for names, sizes in zip(
            masks.columns or [np.arange(len(images))], mask_sizes, strict=True
        )
        for row in np.flatnonzero(_differ_in_shape(image_sizes, sizes))
    ]
    if other:
        more = [f"  ... and {len(other) - _SHOWN} more"] * (len(other) > _SHOWN)
        raise ValueError(
            f"{len(other)} masks are of another shape than their images. Pass the mask "
            "of each image, in the same order:\n" + "\n".join([*other[:_SHOWN], *more])
        )


def _differ_in_shape(image_sizes, mask_sizes):
    """Return which images and masks have different aspect ratios.

    The sizes themselves may differ, because a mask may be resized.
    """
    stretch = np.log(image_sizes / mask_sizes)
    # A resized side is rounded by at most a pixel, relative to the smaller image.
    rounding = (1 / np.minimum(image_sizes, mask_sizes)).sum(1)
    return np.abs(stretch[:, 0] - stretch[:, 1]) > rounding


def _refuse_class_labels(names):
    """Raise an error for labels instead of paths.

    Names are labels if some of them are equal and none is a file.
    """
    if len(set(names)) < len(names) and not any(map(os.path.exists, set(names))):
        raise ValueError(
            f"y must hold masks, and no file has a name such as {names[0]!r}. If these "
            "are classes, use a CXRClassifier."
        )


def _warn_of_empty(masks, named):
    """Warn of masks without an object. If all masks are empty, raise an error."""
    empty = [
        row
        for start in range(0, len(masks), 64)
        for row in start
        + np.flatnonzero(
            ~masks.gather(np.arange(start, min(start + 64, len(masks)))).any((1, 2))
        )
    ]
    if not empty:
        return
    shown = ", ".join(named.name(row) for row in empty[:5])
    shown += f" and {len(empty) - 5} more" if len(empty) > 5 else ""
    if len(empty) == len(masks):
        raise ValueError(
            f"All {len(masks)} masks are empty: {shown}. Pass masks in which the "
            "object is brighter than the background, or set labels."
        )
    warnings.warn(
        f"{len(empty)} of {len(masks)} masks are empty: {shown}. They are used as "
        "masks of images without the object. Remove the images that show the object, "
        "together with their empty masks.",
        stacklevel=2,
    )


def _format_size(size):
    return f"{size[0]}×{size[1]}"
