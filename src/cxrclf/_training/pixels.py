"""Rows of images on their way to the device, without worker processes."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import interpolate

from cxrclf._torch.device import has_room, upload


@dataclass(frozen=True)
class InputFormat:
    """What a network gets.

    Parameters
    ----------
    image_size : (int, int)
        Height and width in pixels.
    device : torch.device
        Where the network computes.
    dtype : torch.dtype
        Type of the pixels.
    """

    image_size: tuple
    device: torch.device
    dtype: torch.dtype


@dataclass(frozen=True)
class View:
    """How the images of a batch are transformed.

    Parameters
    ----------
    format : InputFormat
    augmentation : Augmentation or None, default=None
        None leaves images and masks as they are.
    draw_states : callable or None, default=None
        Takes no arguments, and returns the random state of each image's view, (b,) of
        uint64.
    """

    format: InputFormat
    augmentation: object = None
    draw_states: Callable | None = None

    def transform(self, pixels):
        """Transform images, a tensor of shape (b, C, H, W)."""
        if self.augmentation is None:
            return pixels
        return self.augmentation.apply(pixels, self.draw_states())

    def move_masks(self, codes):
        """Move masks, a tensor of shape (b, H, W), as the images are moved."""
        if self.augmentation is None:
            return codes
        # Floats, for there is no other grid_sample; they hold such numbers exactly.
        floats = codes[:, None].to(self.format.dtype)
        return self.augmentation.apply_to_masks(floats, self.draw_states())[:, 0]


class PixelSource:
    """Stored pixels as the input of a network.

    Parameters
    ----------
    images : Images
        The images as decoded.
    copies : Copies
        Which of the rows are transformed copies.
    format : InputFormat
    """

    def __init__(self, images, copies, format):
        self.images = images
        self.copies = copies
        self.format = format
        self._resident = None

    def __len__(self):
        return len(self.images)

    def keep_on_device(self):
        """Copy all images to the memory of a GPU, if they fit; each epoch reads them.

        Returns
        -------
        PixelSource
            Itself.
        """
        self._resident = _resident_images(self.images, self.format.device)
        return self

    def batch(self, rows, view):
        """Return rows as a batch.

        Parameters
        ----------
        rows : ndarray of shape (b,) of int
        view : View

        Returns
        -------
        Tensor of shape (b, C, H, W)
            In [0, 1] for integer pixels.
        """
        pixels, maximum = self._stored(rows)
        pixels = pixels.to(self.format.dtype)
        if maximum is not None:
            # A true division: v / 255 and 257 v / 65535 round to the same float.
            pixels = pixels / maximum
        pixels = pixels[:, None] if pixels.ndim == 3 else pixels.movedim(-1, 1)
        if pixels.shape[-2:] != self.format.image_size:
            pixels = interpolate(
                pixels, self.format.image_size, mode="bilinear", antialias=True
            )
        return view.transform(self.copies.apply(pixels, rows))

    def _stored(self, rows):
        """Return rows on the device as they are stored, and the maximum of integers."""
        if self._resident is not None:
            index = upload(torch.from_numpy(rows), self.format.device)
            return self._resident[index], np.iinfo(np.uint8).max
        stored = self.images.gather(rows)
        stored = np.ascontiguousarray(stored, dtype=stored.dtype.newbyteorder("="))
        maximum = np.iinfo(stored.dtype).max if stored.dtype.kind in "ui" else None
        return upload(torch.from_numpy(stored), self.format.device), maximum


def _resident_images(images, device):
    """Return images of 8 bits as a tensor on the device, where it has room for them."""
    if not has_room(math.prod(images.shape), device):
        return None
    resident = torch.empty(images.shape, dtype=torch.uint8, device=device)
    for start in range(0, len(images), 1024):
        part = slice(start, start + 1024)
        stored = images.gather(np.arange(len(images))[part])
        if stored.dtype != np.uint8:
            return None
        resident[part] = torch.from_numpy(np.ascontiguousarray(stored)).to(device)
    return resident
