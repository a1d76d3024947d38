"""The minimum is the right one, and certified."""

import numpy as np
import pytest
import torch
from scipy import sparse
from scipy.sparse.linalg import spsolve

from cxrclf.preprocessing._total_variation import edge_weights
from total_variation import energy, minimum, weights_of


@pytest.mark.parametrize("sigma", [0, 1.0, 3.0])
def test_edge_weights_equal_those_of_scipy(tv_positive, sigma):
    settings = {"weight": 0.03, "min_weight": 0.003, "contrast": 0.005, "sigma": sigma}
    ours = edge_weights(torch.from_numpy(255 * tv_positive), **settings)
    np.testing.assert_allclose(ours, weights_of(tv_positive, **settings), rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("black", [False, True])
def test_gap_is_the_difference_of_energies(tv_positive, dtype, black):
    if black:
        tv_positive[:, 10:20, 10:15] = 0
        tv_positive[:, 30, 30] = 0
    f = tv_positive.astype(dtype)
    w = weights_of(tv_positive).astype(dtype)
    us, (downs, rights), gaps = minimum(f, w, tol=1e-4)
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
        primal = energy(u, image, weights)
        assert (primal - dual) / primal == pytest.approx(gap, rel=1e-3)
        assert primal > dual


def test_ratios_to_the_optimum_have_mean_one(tv_positive):
    u, _, _ = minimum(tv_positive, weights_of(tv_positive), tol=1e-8)
    np.testing.assert_allclose((tv_positive / u).mean((1, 2)), 1, atol=1e-10)


def test_minimum_equals_that_of_lagged_diffusivity(tv_positive):
    f, w = tv_positive[0], weights_of(tv_positive[:1])[0]
    u, _, _ = minimum(f[None], w[None], tol=1e-7)
    lagged = _lagged_diffusivity(f, w)
    # Lagged diffusivity rounds |gradient| off at 1e-5, so that flat regions slope a
    # little: its result is near the minimum, and not quite as low.
    assert np.abs(u[0] - lagged).max() < 2e-3
    assert energy(u[0], f, w) == pytest.approx(energy(lagged, f, w), rel=2e-3)
    assert energy(u[0], f, w) <= energy(lagged, f, w)


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


def test_result_does_not_depend_on_the_unit(tv_positive):
    w = weights_of(tv_positive)
    whole, _, _ = minimum(tv_positive, w, tol=1e-6)
    tenth, _, _ = minimum(tv_positive / 10, w, tol=1e-6)
    np.testing.assert_allclose(10 * tenth, whole, rtol=1e-9)
