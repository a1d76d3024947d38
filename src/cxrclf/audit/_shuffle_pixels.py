"""Images with their pixels in random order."""

import numpy as np


def shuffle_pixels(pixels: np.ndarray, random_state: int) -> np.ndarray:
    """Return images with their pixels in a random order of their own.

    Parameters
    ----------
    pixels : ndarray of shape (n, H, W) or (n, H, W, C)
        Images. The channels of a pixel stay together.
    random_state : int
        Seed of all orders.

    Returns
    -------
    ndarray of the shape and type of `pixels`
    """
    n, height, width = pixels.shape[:3]
    flat = pixels.reshape(n, height * width, -1)
    result = np.empty_like(flat)
    for row, seeds in enumerate(np.random.SeedSequence(random_state).spawn(n)):
        result[row] = flat[row, np.random.default_rng(seeds).permutation(flat.shape[1])]
    return result.reshape(pixels.shape)
