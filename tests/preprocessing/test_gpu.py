"""Transformers on a pretended GPU, and with `pytest -m gpu` on a real one."""

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator

from cxrclf import UNetSegmenter
from cxrclf.datasets import make_chest_radiographs
from cxrclf.preprocessing import LungMasker, TotalVariationDenoiser


@pytest.mark.parametrize("fidelity", ["poisson", "gaussian"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
@pytest.mark.parametrize("n_reweightings", [0, 1])
def test_images_are_those_of_the_cpu(n_reweightings, dtype, fidelity, cuda):
    images = make_chest_radiographs(4, image_size=32, random_state=0).images
    top = 1 if dtype.startswith("float") else np.iinfo(dtype).max
    images = (images / 255 * top).astype(dtype)
    on_gpu, on_cpu = (
        TotalVariationDenoiser(
            fidelity=fidelity,
            image_size=32,
            n_reweightings=n_reweightings,
            device=device,
        )
        .fit_transform(images)
        .astype(float)
        for device in ("cuda", "cpu")
    )
    assert np.abs(on_cpu - images).max() > 0.01 * top
    # Both are minima to 1e-4 of the energy, and numbers of either side of a half are
    # rounded apart: to two grey levels of 256.
    np.testing.assert_allclose(on_gpu, on_cpu, atol=2 / 256 * top)


def test_each_image_is_by_itself(cuda):
    images = make_chest_radiographs(4, image_size=32, random_state=0).images / 255.0
    denoiser = TotalVariationDenoiser(device="cuda", image_size=32)
    together = denoiser.fit_transform(images)
    alone = np.concatenate([denoiser.transform(image[None]) for image in images])
    # As close to the minimum as `tol` asks for, after different numbers of iterations.
    np.testing.assert_allclose(alone, together, atol=2 / 256)


def test_lungs_are_those_of_the_cpu(cuda):
    data = make_chest_radiographs(8, image_size=32, random_state=0)
    masked = []
    for device in ("cuda", "cpu"):
        unet = UNetSegmenter(
            depth=2,
            width=4,
            image_size=32,
            max_epochs=4,
            batch_size=4,
            learning_rate=0.01,
            random_state=0,
            precision="float32",
            device=device,
        ).fit(data.images, data.masks)
        masker = LungMasker(FrozenEstimator(unet), image_size=32)
        masked.append(masker.fit_transform(data.images))
    # Pixels whose probabilities are next to one half.
    assert (masked[0] != masked[1]).mean() < 0.01
