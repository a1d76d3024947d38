"""Rank correlations of the maps of several methods."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from cxrclf.inspection import map_agreement


def make_maps():
    rng = np.random.default_rng(0)
    one = rng.normal(size=(5, 9, 8))
    return {
        "gradcam": np.maximum(one, 0),
        "cam": one.astype(np.float32),
        "lime": one + rng.normal(size=one.shape),
    }


def test_scores_are_the_rank_correlations_of_scipy(monkeypatch):
    maps = make_maps()
    monkeypatch.setattr("cxrclf.inspection._map_agreement._VALUES_PER_PART", 150)
    scores = map_agreement(maps, groups=[0, 0, 1, 2, 3])
    pairs = ["gradcam, cam", "gradcam, lime", "cam, lime"]
    assert list(scores.values) == pairs
    for pair in pairs:
        one, other = (maps[name] for name in pair.split(", "))
        expected = [
            spearmanr(a.ravel(), b.ravel()).statistic
            for a, b in zip(one, other, strict=True)
        ]
        np.testing.assert_allclose(scores.values[pair], expected, rtol=1e-12)
    assert scores.n_patients == 4


def test_constant_map_has_no_agreement():
    maps = make_maps()
    maps["cam"][2] = 0
    scores = map_agreement(maps)
    assert np.isnan(scores.values["gradcam, cam"][2])
    assert scores.n_used == {"gradcam, cam": 4, "gradcam, lime": 5, "cam, lime": 4}


@pytest.mark.parametrize(
    ("maps", "message"),
    [
        ({"a": np.zeros((2, 3, 3))}, "two or more methods"),
        (np.zeros((2, 3, 3)), "two or more methods"),
        (
            {"a": np.zeros((2, 3, 3)), "b": np.zeros((2, 3, 4))},
            r"'a' have the shape \(2, 3, 3\), but the maps of 'b' .* \(2, 3, 4\)",
        ),
        ({"a": np.zeros((2, 3, 3)), "b": np.zeros((3, 3))}, r"maps\['b'\] must be"),
    ],
)
def test_bad_input(maps, message):
    with pytest.raises(ValueError, match=message):
        map_agreement(maps)
