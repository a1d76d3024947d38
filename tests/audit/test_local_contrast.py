import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d, map_coordinates

from cxrclf.audit._local_contrast import blur, local_contrast, sample_affine, shrink


def images(n=2, side=24):
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.random((n, side, side), dtype=np.float32))


def test_blur_of_the_center_is_scipys():
    image = images(1)[0]
    expected = gaussian_filter1d(image.numpy().astype(float), 1.5, axis=0, truncate=9)
    expected = gaussian_filter1d(expected, 1.5, axis=1, truncate=9)
    # Only the weights at the border differ.
    np.testing.assert_allclose(
        blur(image, 1.5)[9:15, 9:15], expected[9:15, 9:15], atol=1e-5
    )
    torch.testing.assert_close(blur(torch.ones(5, 5), 2.0), torch.ones(5, 5))


def test_local_contrast_of_changed_gray_levels():
    image = images()
    contrast = local_contrast(image, 2, 4)
    torch.testing.assert_close(local_contrast(1 - image, 2, 4), -contrast)
    darker = local_contrast(0.8 * image + 0.1, 2, 4)
    torch.testing.assert_close(darker, contrast, atol=0.05, rtol=0.05)
    assert local_contrast(torch.full((1, 8, 8), 0.3), 2, 4).abs().max() < 1e-3


def test_samples_are_scipys():
    image = images(1)
    affine = torch.tensor([[[0.7, 0.1, 0.05], [-0.1, 0.8, -0.1]]])
    samples, distance = sample_affine(image, affine, 10)
    center = (np.arange(10) + 0.5) / 5 - 1
    x, y = np.meshgrid(center, center)
    u, v = (row[0] * x + row[1] * y + row[2] for row in affine[0].numpy())
    pixels = [((v + 1) * 24 - 1) / 2, ((u + 1) * 24 - 1) / 2]
    expected = map_coordinates(image[0].numpy(), pixels, order=1, mode="nearest")
    np.testing.assert_allclose(samples[0], expected, atol=1e-5)
    np.testing.assert_allclose(distance[0], np.maximum(abs(u), abs(v)), atol=1e-6)


def test_shrink():
    image = images()
    assert shrink(image, 24) is image
    np.testing.assert_allclose(shrink(image, 12).mean(), image.mean(), atol=0.01)
    assert shrink(image, 12).shape == (2, 12, 12)
