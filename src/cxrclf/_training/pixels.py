"""PixelSource: batches of pixels on the device, without worker processes."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import interpolate

from cxrclf._torch.device import has_room, upload


@dataclass(frozen=True)
class InputFormat:
    """Format of the images that a network gets.

    Parameters
    ----------
    image_size : (int, int)
        Height and width in pixels.
    device : torch.device
        Device of the network.
    dtype : torch.dtype
        Floating-point type of the pixels.
    """

    image_size: tuple
    device: torch.device
    dtype: torch.dtype


@dataclass(frozen=True)
class View:
    """Random transformation of the images of a batch, and of their masks.

    Parameters
    ----------
    format : InputFormat
    augmentation : Augmentation or None, default=None
        The transformation. None leaves images and masks unchanged.
    draw_states : callable or None, default=None
        Function without arguments that returns the random state of each image's view,
        (b,) of uint64.
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
        """Move masks, a tensor of shape (b, H, W), in the same way as their images."""
        if self.augmentation is None:
            return codes
        # grid_sample takes floats only. They represent numbers of classes exactly.
        floats = codes[:, None].to(self.format.dtype)
        return self.augmentation.apply_to_masks(floats, self.draw_states())[:, 0]


class PixelSource:
    """Convert stored images to the input of a network, batch by batch.

    Parameters
    ----------
    images : Images
        Decoded images.
    copies : Copies
        The rows that are transformed copies of files.
    format : InputFormat
        Format of the batches.
    """

    def __init__(self, images, copies, format):
        self.images = images
        self.copies = copies
        self.format = format
        self._resident = None

    def __len__(self):
        return len(self.images)

    def keep_on_device(self):
        """Copy all images to the memory of a GPU, if they have 8 bits and fit there.

        Returns
        -------
        self : PixelSource
        """
        self._resident = _copy_images(self.images, self.format.device)
        return self

    def batch(self, rows, view):
        """Return rows as a transformed batch.

        Parameters
        ----------
        rows : ndarray of shape (b,) of int
        view : View

        Returns
        -------
        Tensor of shape (b, C, H, W)
            Pixels. Integer pixels are scaled to [0, 1].
        """
        pixels, maximum = self._gather(rows)
        pixels = pixels.to(self.format.dtype)
        if maximum is not None:
            # A division, and not a product with 1 / maximum: the 8-bit value v / 255
            # and the 16-bit value 257 v / 65535 then round to the same float.
            pixels = pixels / maximum
        pixels = pixels[:, None] if pixels.ndim == 3 else pixels.movedim(-1, 1)
        if pixels.shape[-2:] != self.format.image_size:
            pixels = interpolate(
                pixels, self.format.image_size, mode="bilinear", antialias=True
            )
        return view.transform(self.copies.apply(pixels, rows))

    def _gather(self, rows):
        """Return stored rows on the device, and the maximum of an integer type."""
        if self._resident is not None:
            index = upload(torch.from_numpy(rows), self.format.device)
            return self._resident[index], np.iinfo(np.uint8).max
        stored = self.images.gather(rows)
        # torch has no types of foreign byte order.
        stored = np.ascontiguousarray(stored, dtype=stored.dtype.newbyteorder("="))
        maximum = np.iinfo(stored.dtype).max if stored.dtype.kind in "ui" else None
        return upload(torch.from_numpy(stored), self.format.device), maximum


def _copy_images(images, device):
    """Return 8-bit images on the device, or None without room or with other types."""
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
