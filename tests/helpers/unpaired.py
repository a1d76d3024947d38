"""Images of two classes, for the training of a CycleGAN."""

import numpy as np
import torch

from cxrclf._training.pixels import InputFormat
from cxrclf.generation._unpaired_images import UnpairedImages
from cxrclf.images import ImageInput


def make_data(n=(3, 7), batch_size=2, augmentation=None, size=(24, 24), seed=0):
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (k, 24, 24), dtype=np.uint8) for k in n]
    data = UnpairedImages(
        [ImageInput.from_X(part) for part in images],
        InputFormat(size, torch.device("cpu"), torch.float32),
        reading={"image_size": size},
        batch_size=batch_size,
        augmentation=augmentation,
        seed=seed,
    )
    return images, data
