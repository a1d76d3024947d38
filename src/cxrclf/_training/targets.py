"""Targets: y for the training engine, as classes, as masks, or absent.

Each kind of target is a class with the attributes and methods of :class:`Targets`. The
rest of the engine uses nothing else of a target.
"""

from typing import Protocol

import numpy as np
import torch

from cxrclf._torch.device import upload
from cxrclf._utils.keyed_random import keyed_state


class Targets(Protocol):
    """The truth of each image.

    Attributes
    ----------
    strata : ndarray of shape (n,) of int
        Stratum of each row. A validation set has the same proportions of the strata as
        the data. A balanced batch has the same number of rows from each stratum.
    keys : ndarray of shape (n,)
        Keys that are equal for equal targets. They identify the data of a training.
    """

    @property
    def strata(self) -> np.ndarray: ...

    @property
    def keys(self) -> np.ndarray: ...

    def __len__(self) -> int: ...

    def open(self, **reading) -> "Targets":
        """Read targets that are files.

        Parameters
        ----------
        **reading
            Parameters of :meth:`cxrclf.images.ImageInput.open`.
        """
        ...

    def view_keys(self, image_keys: np.ndarray) -> np.ndarray:
        """Return the keys from which the views of rows are drawn, (n,) of uint64."""
        ...

    def batch(self, rows: np.ndarray, view) -> torch.Tensor:
        """Return the truth of some rows on the device.

        Parameters
        ----------
        rows : ndarray of shape (b,) of int
        view : View
            Transformation of their images. Masks are moved in the same way.
        """
        ...


class _FixedTargets:
    """Targets in memory that do not depend on the view of an image."""

    def __len__(self):
        return len(self.strata)

    def open(self, **reading):
        return self

    def view_keys(self, image_keys):
        return image_keys


class ClassTargets(_FixedTargets):
    """One class per image.

    Parameters
    ----------
    codes : ndarray of shape (n,) of int64
        Position of each image's class in the sorted classes.
    """

    def __init__(self, codes):
        self.strata = self.keys = codes

    def batch(self, rows, view):
        """Return the classes of some rows, (b,) of int64."""
        return upload(torch.from_numpy(self.keys[rows]), view.format.device)


class NoTargets(_FixedTargets):
    """Absent targets, for predictions.

    Parameters
    ----------
    n : int
        Number of images.
    """

    def __init__(self, n):
        self.strata = np.zeros(n, dtype=int)
        self.keys = np.empty((n, 0))

    def batch(self, rows, view):
        """Return a tensor of shape (b, 0)."""
        return torch.empty((len(rows), 0), device=view.format.device)


class MaskTargets:
    """One mask per image, which is moved in the same way as the image.

    Parameters
    ----------
    masks : Masks
        Masks at the size of the images that the network gets.
    """

    def __init__(self, masks):
        self.masks = masks
        self.strata = np.zeros(len(masks), dtype=int)  # one stratum

    def __len__(self):
        return len(self.masks)

    def open(self, **reading):
        """Return the targets themselves, which are already read."""
        return self

    @property
    def keys(self):
        """Content keys of the masks, (n,) of uint64."""
        return self.masks.keys

    def view_keys(self, image_keys):
        """Return keys that depend on both the image and the mask."""
        return keyed_state(0, image_keys, self.keys)

    def batch(self, rows, view):
        """Return the numbers of the classes of pixels, (b, H, W) of int64."""
        codes = torch.from_numpy(self.masks.gather(rows))
        return view.move_masks(upload(codes, view.format.device)).long()
