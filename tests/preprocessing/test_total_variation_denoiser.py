"""The minimum is the right one, certified, and found for every form of images."""

import numpy as np
import pytest
import torch
from scipy import ndimage, sparse
from scipy.sparse.linalg import spsolve
from skimage.restoration import denoise_tv_chambolle
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from cxrclf.datasets import make_chest_radiographs
from cxrclf.images import read_image
from cxrclf.preprocessing import TotalVariationDenoiser
from cxrclf.preprocessing._total_variation import edge_weights, minimize


@pytest.fixture(scope="module")
def tv_radiographs():
    return make_chest_radiographs(4, image_size=48, random_state=0).images


@pytest.fixture
def tv_positive(tv_radiographs):
    """Radiographs as float64 without black pixels."""
    return (tv_radiographs + 1.0) / 256


def _gradient(u):
    down, right = np.zeros_like(u), np.zeros_like(u)
    down[:-1] = u[1:] - u[:-1]
    right[:, :-1] = u[:, 1:] - u[:, :-1]
    return down, right


def _energy(u, f, w):
    """Return the model's energy, less the fidelity's least value."""
    bright = f > 0
    ratio = f[bright] / u[bright]
    fidelity = u.sum() - f.sum() + (f[bright] * np.log(ratio)).sum()
    return fidelity + (w * np.hypot(*_gradient(u))).sum()


def _weights_of(images, weight=0.03, min_weight=0.003, contrast=0.005, sigma=1.0):
    weights = []
    for image in images:
        smooth = ndimage.gaussian_filter(255 * image, sigma, mode="nearest")
        by_axis = [
            ndimage.correlate1d(smooth, [-0.5, 0, 0.5], axis=axis, mode="nearest")
            for axis in (0, 1)
        ]
        squared = by_axis[0] ** 2 + by_axis[1] ** 2
        weights.append(min_weight + weight / (1 + contrast * squared))
    return np.stack(weights)


def _minimum(f, w, bound=0.033, fidelity="poisson", tol=1e-6, max_iter=5000):
    u, dual, gaps = minimize(
        torch.from_numpy(f),
        torch.from_numpy(w),
        bound=bound,
        fidelity=fidelity,
        tol=tol,
        max_iter=max_iter,
    )
    return u.numpy(), [part.numpy() for part in dual], gaps.numpy()


@pytest.mark.parametrize("sigma", [0, 1.0, 3.0])
def test_edge_weights_equal_those_of_scipy(tv_positive, sigma):
    settings = {"weight": 0.03, "min_weight": 0.003, "contrast": 0.005, "sigma": sigma}
    ours = edge_weights(torch.from_numpy(255 * tv_positive), **settings)
    np.testing.assert_allclose(ours, _weights_of(tv_positive, **settings), rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("black", [False, True])
def test_gap_is_the_difference_of_energies(tv_positive, dtype, black):
    if black:
        tv_positive[:, 10:20, 10:15] = 0
        tv_positive[:, 30, 30] = 0
    f = tv_positive.astype(dtype)
    w = _weights_of(tv_positive).astype(dtype)
    us, (downs, rights), gaps = _minimum(f, w, tol=1e-4)
    assert (gaps <= 1e-4).all()
    # In double precision, from the definitions of both energies.
    rows = (values.astype(float) for values in (us, f, w, downs, rights))
    for u, image, weights, down, right, gap in zip(*rows, gaps, strict=True):
        assert np.all(np.hypot(down, right) <= weights * (1 + 1e-6))
        assert not down[-1].any()
        assert not right[:, -1].any()
        div = down + right
        div[1:] -= down[:-1]
        div[:, 1:] -= right[:, :-1]
        dual = (image * np.log1p(-div)).sum()
        primal = _energy(u, image, weights)
        assert (primal - dual) / primal == pytest.approx(gap, rel=1e-3)
        assert primal > dual


def test_ratios_to_the_optimum_have_mean_one(tv_positive):
    u, _, _ = _minimum(tv_positive, _weights_of(tv_positive), tol=1e-8)
    np.testing.assert_allclose((tv_positive / u).mean((1, 2)), 1, atol=1e-10)


def test_minimum_equals_that_of_lagged_diffusivity(tv_positive):
    f, w = tv_positive[0], _weights_of(tv_positive[:1])[0]
    u, _, _ = _minimum(f[None], w[None], tol=1e-7)
    lagged = _lagged_diffusivity(f, w)
    # Lagged diffusivity rounds |gradient| off at 1e-5, so that flat regions slope a
    # little: its result is near the minimum, and not quite as low.
    assert np.abs(u[0] - lagged).max() < 2e-3
    assert _energy(u[0], f, w) == pytest.approx(_energy(lagged, f, w), rel=2e-3)
    assert _energy(u[0], f, w) <= _energy(lagged, f, w)


def _lagged_diffusivity(f, w, rounding=1e-5, n_iterations=200):
    """Solve diag(1/u) u' + D^T diag(w / |D u|) D u' = f/u until u' is u."""
    height, width = f.shape
    down = sparse.kron(_differences(height), sparse.eye_array(width)).tocsr()
    right = sparse.kron(sparse.eye_array(height), _differences(width)).tocsr()
    u = f.ravel().copy()
    for _ in range(n_iterations):
        size = np.sqrt((down @ u) ** 2 + (right @ u) ** 2 + rounding**2)
        factor = sparse.diags_array(w.ravel() / size)
        system = sparse.diags_array(1 / u)
        system = system + down.T @ factor @ down + right.T @ factor @ right
        u = spsolve(system.tocsc(), f.ravel() / u)
    return u.reshape(f.shape)


def _differences(n):
    ones = np.ones(n)
    ones[-1] = 0  # nothing flows over the border
    return sparse.diags_array([-ones, ones[:-1]], offsets=[0, 1])


def test_gaussian_fidelity_equals_scikit_image(tv_positive):
    # With eps=0 it runs for all its iterations, and comes close slowly.
    theirs = denoise_tv_chambolle(tv_positive[0], 0.05, eps=0, max_num_iter=15000)
    ours = TotalVariationDenoiser(
        0.05, min_weight=0, contrast=0, fidelity="gaussian", tol=1e-8, max_iter=5000
    ).transform(tv_positive[:1])
    np.testing.assert_allclose(ours[0], theirs, atol=1e-4)
    assert np.abs(ours[0] - tv_positive[0]).max() > 0.02


def test_result_does_not_depend_on_the_unit(tv_positive):
    w = _weights_of(tv_positive)
    whole, _, _ = _minimum(tv_positive, w, tol=1e-6)
    tenth, _, _ = _minimum(tv_positive / 10, w, tol=1e-6)
    np.testing.assert_allclose(10 * tenth, whole, rtol=1e-9)


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
    w = _weights_of(f).astype(np.float32)
    together, _, gaps = _minimum(f, w, tol=1e-4)
    assert (gaps <= 1e-4).all()
    for i in range(len(f)):
        alone, _, _ = _minimum(f[i : i + 1], w[i : i + 1], tol=1e-6)
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
            tv_positive, _weights_of(tv_positive), found, best, strict=True
        ):
            energy = _energy(least, f, w)
            assert _energy(u, f, w) - energy <= tol * _energy(u, f, w)
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
    expected, _, _ = _minimum(tv_positive, _weights_of(first), tol=1e-7)
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
