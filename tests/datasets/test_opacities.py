"""What diseases add to the lungs of a synthetic patient."""

import numpy as np
import pytest

from cxrclf.datasets._anatomy import Anatomy
from cxrclf.datasets._body_grid import BodyGrid, Pose
from cxrclf.datasets._opacities import FINDINGS, add_opacities, vary_patches

GRID = BodyGrid((96, 96), Pose(0, 1, 1, 0, 0))


@pytest.fixture
def anatomy():
    return Anatomy(np.random.default_rng(0))


def drawn(finding, anatomy, seed=0):
    return FINDINGS[finding](np.random.default_rng(seed), anatomy)


@pytest.mark.parametrize(
    ("finding", "fewest", "most"),
    [("normal", 0, 0), ("pneumonia", 1, 2), ("covid", 4, 8), ("tuberculosis", 3, 10)],
)
def test_numbers_and_sides_of_patches(finding, fewest, most, anatomy):
    for seed in range(20):
        patches = drawn(finding, anatomy, seed)
        assert fewest <= len(patches) <= most
        sides = {np.sign(patch.x) for patch in patches}
        if finding == "pneumonia":
            assert len(sides) == 1
        if finding == "covid":
            assert sides == {-1, 1}


def test_opacities_attenuate_more_and_only_in_the_lungs(anatomy):
    shadow = anatomy.shadow(GRID)
    healthy, none = add_opacities(shadow, [], GRID, anatomy.lung_contrast)
    assert not none.any()
    np.testing.assert_allclose(healthy, shadow.attenuation + shadow.vessels)
    patches = [patch._replace(veil=0.0) for patch in drawn("pneumonia", anatomy)]
    attenuation, _ = add_opacities(shadow, patches, GRID, anatomy.lung_contrast)
    added = attenuation - healthy
    assert added.max() > 0.1
    assert added.min() > -1e-6
    assert np.abs(added[shadow.depth == 0]).max() < 1e-6


def test_a_patch_outside_of_the_image_changes_nothing(anatomy):
    shadow = anatomy.shadow(GRID)
    (patch, *_) = drawn("pneumonia", anatomy)
    args = (GRID, anatomy.lung_contrast)
    for found, expected in zip(
        add_opacities(shadow, [patch._replace(x=50.0)], *args),
        add_opacities(shadow, [], *args),
        strict=True,
    ):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("finding", ["pneumonia", "covid", "tuberculosis"])
def test_the_mask_is_where_patches_remove_the_air(finding, anatomy):
    shadow = anatomy.shadow(GRID)
    # Without a veil on the vessels, only air changes.
    patches = [patch._replace(veil=0.0) for patch in drawn(finding, anatomy)]
    healthy, _ = add_opacities(shadow, [], GRID, anatomy.lung_contrast)
    attenuation, mask = add_opacities(shadow, patches, GRID, anatomy.lung_contrast)
    air = anatomy.lung_contrast * shadow.depth
    deep = shadow.lungs & (air > 0.01)  # a shallow lung has no air to remove
    removed = (attenuation - healthy)[deep] / air[deep]
    clear = np.abs(removed - 0.15) > 1e-3  # where rounding does not decide
    np.testing.assert_array_equal(mask[deep][clear], (removed >= 0.15)[clear])
    assert mask.any()
    assert not mask[~shadow.lungs].any()


def test_a_cavity_is_not_part_of_the_mask(anatomy):
    shadow = anatomy.shadow(GRID)
    x, y = anatomy.lung_point(-1, 0.5, 0.4)
    (patch, *_) = drawn("tuberculosis", anatomy)
    patch = patch._replace(x=x, y=y, radius=0.16, strength=0.5, slenderness=1.0)
    away = np.hypot(GRID.x - x, GRID.y - y) / patch.radius
    solid, hollow = (
        add_opacities(shadow, [a_patch], GRID, anatomy.lung_contrast)[1]
        for a_patch in (patch._replace(cavity=0.0), patch._replace(cavity=0.5))
    )
    assert solid[away < 0.35].all()
    assert not hollow[away < 0.35].any()
    wall = (away > 0.6) & (away < 1)
    np.testing.assert_array_equal(hollow[wall], solid[wall])
    assert hollow[wall].any()


def test_another_day_moves_patches_a_little(anatomy):
    patches = drawn("covid", anatomy)
    moved = vary_patches(patches, np.random.default_rng(1))
    assert len(moved) == len(patches)
    for one, other in zip(patches, moved, strict=True):
        assert 0 < np.hypot(one.x - other.x, one.y - other.y) < 0.1
        assert 0.9 <= other.radius / one.radius <= 1.12
        assert other.grain is one.grain
