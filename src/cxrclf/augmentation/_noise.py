"""Pixel noise that depends on the image and the epoch, and not on the device.

The random number of a pixel is a 32-bit hash of its position ("lowbias32", Wellons,
2018).
"""

import math

import numpy as np
import torch

from cxrclf._torch.device import upload


def keyed_normals(state, shape, device, dtype):
    """Draw standard normal pixel noise for each state, on the device.

    Parameters
    ----------
    state : ndarray of shape (n,) of uint64
        Random state of each sample, from ``keyed_state``.
    shape : tuple of int
        Shape of the noise of one sample.
    device, dtype
        Device and type of the returned tensor.

    Returns
    -------
    Tensor of shape (n, *shape)
        Standard normal random numbers.
    """
    seeds = (state & np.uint64(0xFFFFFFFF)).astype(np.uint32).view(np.int32)
    bits = upload(torch.from_numpy(seeds), torch.device(device))[:, None] + _times(
        torch.arange(math.prod(shape), device=device, dtype=torch.int32), 0x9E3779B1
    )
    # torch has no arithmetic for uint32. Products of int32 wrap around and have the
    # same 32 bits. A right shift of int32 copies the sign bit; the masks clear it.
    bits ^= (bits >> 16) & 0xFFFF
    bits = _times(bits, 0x7FEB352D)
    bits ^= (bits >> 15) & 0x1FFFF
    bits = _times(bits, 0x846CA68B)
    bits ^= (bits >> 16) & 0xFFFF
    # With 23 bits and half a step the uniforms are strictly inside (-1, 1) in float32,
    # where erfinv is finite.
    uniforms = ((bits >> 9) & 0x7FFFFF).to(dtype)
    uniforms = uniforms.add_(0.5).mul_(2.0**-22).sub_(1)
    normals = uniforms.erfinv_().mul_(2**0.5)
    return normals.reshape(len(state), *shape)


def _times(bits, factor):
    """Multiply int32 numbers in place by an unsigned 32-bit factor."""
    return bits.mul_(factor - 2**32 if factor >= 2**31 else factor)
