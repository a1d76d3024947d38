"""Denoising of every form of images, with parameters that are checked."""

import numpy as np
import pytest
import torch
from skimage.restoration import denoise_tv_chambolle
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from cxrclf.images import read_image
from cxrclf.preprocessing import TotalVariationDenoiser
from total_variation import energy, minimum, weights_of


def test_gaussian_fidelity_equals_scikit_image(tv_positive):
    # With eps=0 it runs for all its iterations, and comes close slowly.
    theirs = denoise_tv_chambolle(tv_positive[0], 0.05, eps=0, max_num_iter=15000)
    ours = TotalVariationDenoiser(
        0.05, min_weight=0, contrast=0, fidelity="gaussian", tol=1e-8, max_iter=5000
    ).transform(tv_positive[:1])
    np.testing.assert_allclose(ours[0], theirs, atol=1e-4)
    assert np.abs(ours[0] - tv_positive[0]).max() > 0.02


@pytest.mark.parametrize("fidelity", ["poisson", "gaussian"])
@pytest.mark.parametrize("value", [0, 77, 255])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (8, 8)])
def test_constant_image_is_unchanged(value, shape, fidelity):
    images = np.full((2, *shape), value, dtype=np.uint8)
    denoised = TotalVariationDenoiser(fidelity=fidelity).transform(images)
    np.testing.assert_array_equal(denoised, images)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("fidelity", ["poisson", "gaussian"])
def test_differences_of_rounding_do_not_keep_it_busy(dtype, fidelity):
    eps = np.finfo(dtype).eps
    noise = np.random.default_rng(0).integers(0, 4, size=(3, 16, 16))
    images = (0.7 + noise * eps * np.array([1, 10, 1000])[:, None, None]).astype(dtype)
    denoised = TotalVariationDenoiser(fidelity=fidelity).transform(images)
    np.testing.assert_allclose(denoised, images, atol=4000 * eps)


@pytest.mark.parametrize("shape", [(1, 40), (40, 1)])
def test_images_may_be_lines(shape):
    noise = np.random.default_rng(0).normal(0, 4, size=(1, *shape))
    images = np.clip(120 + noise, 0, 255).astype(np.uint8)
    denoised = TotalVariationDenoiser(0.1).transform(images)
    assert denoised.std() < images.std() / 2


def test_black_stays_black_and_range_is_kept(tv_radiographs):
    images = tv_radiographs.copy()
    images[:, :6] = 0
    images[:, 20, 20] = 0
    images[:, 25, 25] = 255
    denoised = TotalVariationDenoiser(0.2).transform(images / 255.0)
    assert (denoised[images == 0] == 0).all()
    assert (denoised[images > 0] > 0).all()
    assert denoised.max() <= 1
    factor = 1 - (2 + np.sqrt(2)) * 0.203
    bright = images > 0
    assert (denoised[bright] <= images[bright] / 255 / factor).all()


def test_images_are_denoised_one_by_one(tv_radiographs):
    # In batches, as on a GPU, images that are done leave; results stay the same.
    f = (tv_radiographs / 255.0).astype(np.float32)
    f[1] = 0.5
    w = weights_of(f).astype(np.float32)
    together, _, gaps = minimum(f, w, tol=1e-4)
    assert (gaps <= 1e-4).all()
    for i in range(len(f)):
        alone, _, _ = minimum(f[i : i + 1], w[i : i + 1], tol=1e-6)
        np.testing.assert_allclose(together[i], alone[0], atol=1.5 / 255)
    whole = TotalVariationDenoiser().transform(tv_radiographs)
    for i in range(len(f)):
        alone = TotalVariationDenoiser().transform(tv_radiographs[i : i + 1])
        np.testing.assert_array_equal(whole[i], alone[0])


def test_smaller_tol_comes_closer(tv_positive):
    denoiser = TotalVariationDenoiser(0.03, min_weight=0.003)
    best = denoiser.set_params(tol=1e-8, max_iter=5000).transform(tv_positive)
    distances = []
    for tol in (1e-1, 1e-2, 1e-3, 1e-4):
        found = denoiser.set_params(tol=tol).transform(tv_positive)
        distances.append(np.abs(found - best).mean())
        for f, w, u, least in zip(
            tv_positive, weights_of(tv_positive), found, best, strict=True
        ):
            lowest = energy(least, f, w)
            assert energy(u, f, w) - lowest <= tol * energy(u, f, w)
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < distances[0] / 5


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_type_of_pixels_is_kept(tv_radiographs, dtype):
    exact = TotalVariationDenoiser(tol=1e-6).transform(tv_radiographs / 255.0)
    top = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1
    images = (tv_radiographs.astype(float) / 255 * top).astype(dtype)
    denoised = TotalVariationDenoiser().transform(images)
    assert denoised.dtype == dtype
    assert denoised.shape == images.shape
    # A half for rounding, of which 8 bits have more, and the tolerance.
    np.testing.assert_allclose(denoised / top, exact, atol=1.5 / 255)


def test_noise_goes_and_edges_stay():
    clean = np.full((1, 64, 64), 80.0)
    clean[:, :, 32:] = 160
    noisy = np.random.default_rng(0).poisson(clean).clip(0, 255).astype(np.uint8)
    adaptive = TotalVariationDenoiser(0.1).transform(noisy)
    constant = TotalVariationDenoiser(0.1, contrast=0).transform(noisy)
    inside = np.s_[:, :, [*range(4, 26), *range(38, 60)]]
    assert np.abs(adaptive - clean)[inside].mean() < 2
    assert np.abs(noisy - clean)[inside].mean() > 7
    at_edge = np.s_[:, 2:-2, 31:33]
    height = 80.0
    kept = [
        (u[..., 32] * 1.0 - u[..., 31])[:, 2:-2].mean() for u in (adaptive, constant)
    ]
    assert abs(kept[0] - height) < abs(kept[1] - height)
    assert np.abs(adaptive - clean)[at_edge].mean() < 8


def test_reweighting_seeks_edges_in_the_result(tv_positive):
    settings = {"weight": 0.03, "min_weight": 0.003, "tol": 1e-7, "max_iter": 5000}
    first = TotalVariationDenoiser(**settings).transform(tv_positive)
    again = TotalVariationDenoiser(n_reweightings=1, **settings).transform(tv_positive)
    expected, _, _ = minimum(tv_positive, weights_of(first), tol=1e-7)
    np.testing.assert_allclose(again, expected, atol=2e-4)
    assert np.abs(again - first).max() > 2e-3


def test_zero_weight_changes_nothing(tv_radiographs):
    denoiser = TotalVariationDenoiser(weight=0, min_weight=0)
    np.testing.assert_array_equal(denoiser.transform(tv_radiographs), tv_radiographs)


def test_too_few_iterations_warn(tv_radiographs):
    with pytest.warns(ConvergenceWarning, match="4 of 4 images.*Increase max_iter"):
        TotalVariationDenoiser(max_iter=3).transform(tv_radiographs)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"weight": -0.1}, "'weight' parameter"),
        ({"weight": 0.3}, "'weight' parameter"),
        ({"weight": 0.2, "min_weight": 0.1}, "at most 0.25"),
        ({"sigma": -1}, "'sigma' parameter"),
        ({"contrast": -1}, "'contrast' parameter"),
        ({"tol": 0}, "'tol' parameter"),
        ({"max_iter": 0}, "'max_iter' parameter"),
        ({"n_reweightings": -1}, "'n_reweightings' parameter"),
        ({"fidelity": "laplace"}, "'fidelity' parameter"),
        ({"device": "gpu"}, "not available"),
    ],
)
def test_bad_parameters_are_named(tv_radiographs, parameters, message):
    for method in ("fit", "transform"):
        with pytest.raises(ValueError, match=message):
            getattr(TotalVariationDenoiser(**parameters), method)(tv_radiographs)


def test_bad_images_are_refused(tv_radiographs):
    denoiser = clone(TotalVariationDenoiser())
    with pytest.raises(ValueError, match="must be in"):
        denoiser.transform(tv_radiographs * 1.0)
    with pytest.raises(ValueError, match="NaN"):
        denoiser.transform(np.full((1, 4, 4), np.nan))


def test_threads_of_the_caller_are_kept(tv_radiographs):
    before = torch.get_num_threads()
    TotalVariationDenoiser().transform(tv_radiographs)
    assert torch.get_num_threads() == before


def test_real_radiographs_keep_their_brightness(real_radiographs):
    files = sorted(map(str, real_radiographs.glob("train/*/*")))[::40]
    images = np.stack([read_image(file, (331, 331)) for file in files])
    denoised = TotalVariationDenoiser(image_size=331).transform(files)
    assert denoised.dtype == images.dtype
    means = images.mean((1, 2)), denoised.mean((1, 2))
    np.testing.assert_allclose(*means, rtol=5e-3)


@pytest.mark.gpu
def test_gpu_equals_cpu(tv_radiographs):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    on_cpu = TotalVariationDenoiser(device="cpu", tol=1e-6, max_iter=5000)
    on_gpu = clone(on_cpu).set_params(device="cuda")
    images = (tv_radiographs / 255.0).astype(np.float32)
    np.testing.assert_allclose(
        on_gpu.transform(images), on_cpu.transform(images), atol=1e-3
    )
