"""Convert colors to gray."""

import numpy as np

# Pillow's weights of red, green and blue in 65536ths: ITU-R 601-2 luma.
_WEIGHTS = (19595, 38470, 7471)


def to_luma(colors: np.ndarray) -> np.ndarray:
    """Convert colors to gray, as Pillow does it for 8 bits.

    Parameters
    ----------
    colors : ndarray of shape (H, W, 3), uint8 or uint16
        Red, green and blue.

    Returns
    -------
    ndarray of shape (H, W)
        ITU-R 601-2 luma, rounded, of the type of `colors`.
    """
    total = np.full(colors.shape[:2], 0x8000, dtype=np.uint32)
    for channel, weight in enumerate(_WEIGHTS):
        total += np.multiply(colors[..., channel], weight, dtype=np.uint32)
    return (total >> 16).astype(colors.dtype)


def blend_with_black(pixels: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Multiply pixels by their opacity.

    Parameters
    ----------
    pixels : ndarray of shape (H, W), uint8 or uint16
        Gray pixels. The values of transparent pixels are arbitrary.
    alpha : ndarray of shape (H, W), of the same type
        Opacity, from 0 to the maximum of the type.

    Returns
    -------
    ndarray of shape (H, W)
        The pixels over black, rounded, of the type of `pixels`.
    """
    top = np.iinfo(pixels.dtype).max
    # The largest product is 65535 * 65535, which fits into uint32.
    wide = np.uint16 if pixels.dtype == np.uint8 else np.uint32
    return ((pixels * alpha.astype(wide) + wide(top // 2)) // wide(top)).astype(
        pixels.dtype
    )
