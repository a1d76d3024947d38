"""Pool of generated images, for the training of a discriminator."""

import torch
from torch import nn


class ImagePool(nn.Module):
    """Earlier generated images, which a discriminator sees beside the present ones.

    The pool keeps the discriminator from following the generator too closely [1]_. The
    images are a buffer, so that a checkpoint contains them.

    Parameters
    ----------
    size : int
        Number of images in the pool. With 0 the pool returns the present images.
    image_shape : (int, int, int)
        Shape (C, H, W) of an image.

    References
    ----------
    .. [1] A. Shrivastava et al., "Learning from simulated and unsupervised images
       through adversarial training", CVPR 2017, arXiv:1612.07828.
    """

    def __init__(self, size, image_shape):
        super().__init__()
        self.register_buffer("images", torch.zeros(size, *image_shape))

    def exchange(self, images, n_seen, rng):
        """Store some images, and return earlier images in their place.

        While the pool is not full, each image is stored and returned. Then an image is
        exchanged for a random image of the pool with probability 0.5.

        Parameters
        ----------
        images : Tensor of shape (b, C, H, W)
            Generated images, without gradients.
        n_seen : int
            Number of images in all earlier calls.
        rng : numpy.random.Generator

        Returns
        -------
        Tensor of shape (b, C, H, W)
        """
        size = len(self.images)
        returned = images.clone()
        for k in range(len(images) if size else 0):
            if n_seen + k < size:
                self.images[n_seen + k] = images[k]
            elif rng.random() < 0.5:
                place = rng.integers(size)
                returned[k] = self.images[place]
                self.images[place] = images[k]
        return returned
