"""Translator: the trained generators of a CycleGAN."""

import numpy as np
from torch import nn
from torch.nn.functional import interpolate

from cxrclf._torch.device import resolve_device
from cxrclf._training.feature_policy import PixelPolicy
from cxrclf._training.pixels import InputFormat
from cxrclf._training.precision import resolve_precision
from cxrclf._training.prediction import predict_outputs
from cxrclf.nets import ResnetGenerator


class Translator:
    """The two generators of a CycleGAN, and the translation of images.

    Parameters
    ----------
    channels : int
        Number of channels of the images.
    image_size : (int, int)
        Height and width at which the generators work.
    width, n_blocks, skip
        Parameters of :class:`~cxrclf.nets.ResnetGenerator`.
    device : str or torch.device
    precision : str
        As in :class:`~cxrclf.generation.CycleGANGenerator`.

    Attributes
    ----------
    architecture : dict
        `width`, `n_blocks` and `skip`.
    """

    def __init__(
        self, channels, image_size, *, width, n_blocks, skip, device, precision
    ):
        self.architecture = {"width": width, "n_blocks": n_blocks, "skip": skip}
        device = resolve_device(device)
        dtype, self.autocast_dtype = resolve_precision(precision, device)
        self.input_format = InputFormat(image_size, device, dtype)
        self.module_ = nn.ModuleList(
            ResnetGenerator(channels, width=width, n_blocks=n_blocks, skip=skip)
            for _ in range(2)
        ).to(device, dtype)

    def translate(
        self,
        images,
        direction,
        *,
        output_size=None,
        views=None,
        reading,
        n_threads,
        verbose,
    ):
        """Translate images, batch by batch.

        Parameters
        ----------
        images : ImageInput
        direction : {0, 1}
            0 translates from the source class, and 1 to the source class.
        output_size : (int, int), default=None
            Height and width of the translations. By default the size of the network.
        views : (Augmentation, ndarray of shape (n,) of uint64), default=None
            Transformation of the images before the translation, and the random state
            of each image.
        reading : dict
            Parameters of :meth:`cxrclf.images.ImageInput.stream`.
        n_threads : int
            Number of batches that are computed at the same time on a CPU.
        verbose : int
            Whether to show a progress bar.

        Yields
        ------
        ndarray of shape (b, C, H, W) of float64
            Pixels in [0, 1].
        """
        generator = self.module_[direction]

        def compute(inputs, rows):
            pixels = inputs["images"]
            if views is not None:
                augmentation, states = views
                pixels = augmentation.apply(pixels, states[rows])
            outputs = (generator(2 * pixels - 1) + 1) / 2
            if output_size not in (None, self.input_format.image_size):
                outputs = interpolate(
                    outputs, output_size, mode="bilinear", antialias=True
                )
            return outputs

        for outputs in predict_outputs(
            self,
            images,
            PixelPolicy(),
            reading=reading,
            n_threads=n_threads,
            verbose=verbose,
            compute=compute,
            description="translation",
        ):
            if not np.isfinite(outputs).all():
                raise ValueError(
                    "The generator returns NaN or infinity. Check that float pixels "
                    "are in [0, 1], and fit again with a smaller learning_rate."
                )
            yield outputs
