"""Pixel noise that depends on the image and the epoch, on any device.

The generator is a 32-bit mixer ("lowbias32", Wellons, 2018) of a pixel's position.
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
        What :func:`keyed_state` returns.
    shape : tuple of int
        The shape of one sample's noise.
    device, dtype
        Of the returned tensor.

    Returns
    -------
    Tensor of shape (n, *shape)
    """
    seeds = (state & np.uint64(0xFFFFFFFF)).astype(np.uint32).view(np.int32)
    bits = upload(torch.from_numpy(seeds), torch.device(device))[:, None] + _times(
        torch.arange(math.prod(shape), device=device, dtype=torch.int32), 0x9E3779B1
    )
    # Products of int32 wrap: their 32 bits are those of unsigned numbers. A shift to
    # the right copies the sign, which the masks take away.
    bits ^= (bits >> 16) & 0xFFFF
    bits = _times(bits, 0x7FEB352D)
    bits ^= (bits >> 15) & 0x1FFFF
    bits = _times(bits, 0x846CA68B)
    bits ^= (bits >> 16) & 0xFFFF
    # 23 bits and a half step keep the uniforms strictly inside (-1, 1) in float32.
    uniforms = ((bits >> 9) & 0x7FFFFF).to(dtype)
    uniforms = uniforms.add_(0.5).mul_(2.0**-22).sub_(1)
    normals = uniforms.erfinv_().mul_(2**0.5)
    return normals.reshape(len(state), *shape)


def _times(bits, factor):
    """Multiply int32 numbers in place by an unsigned one."""
    return bits.mul_(factor - 2**32 if factor >= 2**31 else factor)
