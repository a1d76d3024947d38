"""Saliency maps on a pretended GPU, and with `pytest -m gpu` on a real one."""

import numpy as np
import pytest

from cxrclf.inspection import (
    Lime,
    Occlusion,
    ScoreCAM,
    insertion_deletion,
    randomization_check,
    saliency_maps,
)

METHODS = {
    "gradcam": "gradcam",
    "gradcam++": "gradcam++",
    "cam": "cam",
    "scorecam": ScoreCAM(n_channels=8),
    "occlusion": Occlusion(window=0.5, stride=0.25),
    "lime": Lime(n_segments=8, n_perturbations=40),
    "lime with a blur": Lime(n_segments=8, n_perturbations=40, fill="blur"),
}


def same_on_both(clf, cuda, X, **options):
    """Compare the maps of a classifier on the GPU and on the CPU."""
    found = saliency_maps(clf.set_params(device="cuda"), X, "all", **options)
    assert next(clf.net_.module_.parameters()).device.type == "cuda"
    expected = saliency_maps(clf.set_params(device="cpu"), X, "all", **options)
    scale = np.abs(expected).max()
    # Differences of probabilities, as of occlusion and LIME, are small numbers.
    assert np.abs(found - expected).max() <= cuda.atol * max(scale, 0.1)


@pytest.mark.parametrize("name", METHODS)
def test_maps_are_those_of_the_cpu(name, cuda, make, radiographs):
    clf = make().fit(radiographs.images, radiographs.target)
    same_on_both(clf, cuda, radiographs.images[:20], method=METHODS[name])


@pytest.mark.parametrize("branch", [None, 0, 1])
def test_branches(branch, cuda, dual, radiographs):
    for method in ("gradcam", "gradcam++", "cam", ScoreCAM(n_channels=8)):
        options = {"method": method, "branch": branch}
        same_on_both(dual, cuda, radiographs.images[:3], **options)


def test_measures(cuda, make, radiographs):
    clf = make().fit(radiographs.images, radiographs.target)
    X = radiographs.images[:3]
    maps = saliency_maps(clf, X, "covid", method="cam")
    found = {}
    for device in ("cuda", "cpu"):
        clf.set_params(device=device)
        curves = insertion_deletion(clf, X, maps, "covid", n_steps=3).curves
        check = randomization_check(clf, X, "covid", method="cam", n_groups=2)
        found[device] = [*curves.values(), *check.values.values()]
    for on_gpu, on_cpu in zip(*found.values(), strict=True):
        np.testing.assert_allclose(on_gpu, on_cpu, atol=max(cuda.atol, 1e-3))
