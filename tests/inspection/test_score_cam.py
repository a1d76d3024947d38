"""Score-CAM, compared with its formula."""

import numpy as np
import torch
from scipy.special import softmax
from torch.nn.functional import interpolate

from cxrclf.inspection import ScoreCAM, saliency_maps
from cxrclf.inspection._class_maps import last_maps


def by_formula(module, image, n_channels=None):
    """Return Score-CAM of all classes of an image, channel by channel."""
    with torch.no_grad():
        maps = last_maps(module, image[None])[0]
        if n_channels is not None:
            chosen = np.argsort(-maps.numpy().std((1, 2)), kind="stable")
            maps = maps[torch.from_numpy(chosen[:n_channels])]
        scores = []
        for channel in maps:
            up = interpolate(channel[None, None], image.shape[1:], mode="bilinear")
            spread = channel.max() - channel.min()
            mask = (up - channel.min()) / spread if spread > 0 else torch.zeros_like(up)
            scores.append(module(image[None] * mask)[0].double().numpy())
    weights = softmax(np.array(scores), axis=0)
    found = np.maximum(np.einsum("kc,khw->chw", weights, maps.double().numpy()), 0)
    return interpolate(torch.from_numpy(found)[None], image.shape[1:], mode="bilinear")


def test_maps_equal_the_formula(trained, radiographs):
    images = torch.from_numpy(radiographs.images[:2] / np.float32(255))[:, None]
    for n_channels in (None, 7):
        found = saliency_maps(
            trained,
            radiographs.images[:2],
            "all",
            method=ScoreCAM(n_channels=n_channels),
        )
        for own, image in zip(found, images, strict=True):
            expected = by_formula(trained.net_.module_, image, n_channels)[0]
            np.testing.assert_allclose(own, expected, rtol=1e-4)
