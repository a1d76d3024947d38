"""Images and masks that belong together, checked before any training."""

import os
import warnings

import numpy as np

from cxrclf._training.targets import MaskTargets
from cxrclf.images import read_image_sizes

_SHOWN = 20  # of masks that do not fit


class UnreadMasks:
    """Masks that become the targets of a training once they are read.

    Parameters
    ----------
    masks : MaskInput
    """

    def __init__(self, masks):
        self.masks = masks

    def open(self, **reading):
        """Read the masks, and warn of those without an object.

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
            Naming all files that cannot be read or are no masks.
        ValueError
            If all masks are empty.
        """
        masks = self.masks.open(**reading)
        _warn_of_empty(masks, self.masks)
        return MaskTargets(masks)


def check_pairs(images, masks, image_size):
    """Check that there is a mask of the same shape for each image.

    Where one of the two is an array and the other are files, the array may have been
    stretched: one of the working size is, and one of images may be.

    Parameters
    ----------
    images : ImageInput
    masks : MaskInput
    image_size : (int, int)
        The working size.

    Raises
    ------
    ImageReadError
        Naming all files that cannot be read.
    ValueError
        If there are more or fewer masks than images, or masks are of another shape
        than their images.
    """
    if len(images) != len(masks):
        raise ValueError(
            f"There are {len(images)} images and {len(masks)} masks. Give a mask for "
            "each image, in the same order."
        )
    if masks.columns is not None:
        _refuse_class_labels(masks.columns[0])
    size_of_masks = None if masks.values is None else masks.values.shape[1:]
    if images.paths is None:
        if size_of_masks is not None and images.sample_shape[:2] != size_of_masks:
            raise ValueError(
                f"The images are of {_spell(images.sample_shape[:2])} pixels and their "
                f"masks of {_spell(size_of_masks)}. Give each image the mask of its "
                "size."
            )
        return
    # All in one go, so that one error names all files that are missing.
    files = np.concatenate([images.paths, *(masks.columns or [])])
    image_sizes, *mask_sizes = read_image_sizes(files).reshape(-1, len(images), 2)
    if size_of_masks is not None:
        if size_of_masks == image_size:
            return
        mask_sizes = [np.tile(size_of_masks, (len(images), 1))]
    other = [
        f"  {images.paths[row]} of {_spell(image_sizes[row])} pixels, mask "
        f"{names[row]} of {_spell(sizes[row])}"
        for names, sizes in zip(
            masks.columns or [np.arange(len(images))], mask_sizes, strict=True
        )
        for row in np.flatnonzero(_of_other_shape(image_sizes, sizes))
    ]
    if other:
        more = [f"  ... and {len(other) - _SHOWN} more"] * (len(other) > _SHOWN)
        raise ValueError(
            f"{len(other)} masks are of another shape than their images. Give each "
            "image its own mask, in the same order:\n"
            + "\n".join([*other[:_SHOWN], *more])
        )


def _of_other_shape(image_sizes, mask_sizes):
    """Return which sizes are not those of one another, resized."""
    stretch = np.log(image_sizes / mask_sizes)
    # Each side of the smaller one may have been rounded by a pixel.
    rounding = (1 / np.minimum(image_sizes, mask_sizes)).sum(1)
    return np.abs(stretch[:, 0] - stretch[:, 1]) > rounding


def _refuse_class_labels(names):
    """Tell labels from paths: several rows have the same one, and none is a file."""
    if len(set(names)) < len(names) and not any(map(os.path.exists, set(names))):
        raise ValueError(
            f"y must hold masks, and no file has a name such as {names[0]!r}. If these "
            "are classes, a CXRClassifier learns them."
        )


def _warn_of_empty(masks, named):
    """Warn of masks without an object; refuse to train where all are empty."""
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
            f"All {len(masks)} masks are empty: {shown}. Give masks in which the "
            "object is brighter than the background, or the labels of its classes."
        )
    warnings.warn(
        f"{len(empty)} of {len(masks)} masks are empty: {shown}. They are trained on "
        "as images without the object. Leave them out if it is there.",
        stacklevel=2,
    )


def _spell(size):
    return f"{size[0]}×{size[1]}"
