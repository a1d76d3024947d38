"""Random numbers that depend on what they are for."""

import numpy as np
import pytest

from cxrclf._utils.keyed_random import (
    derived_seed,
    draw_seed,
    keyed_state,
    keyed_uniforms,
)

MASK = 2**64 - 1


def mix(state):
    """SplitMix64's finalizer on a Python int."""
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB & MASK
    return state ^ (state >> 31)


GOLDEN = 0x9E3779B97F4A7C15


def test_a_state_is_splitmix_over_seed_key_repeat_and_epoch():
    keys = np.array([0, 7, MASK], dtype=np.uint64)
    states = keyed_state(11, keys, repeats=[0, 1, 2], epoch=5)
    for state, key, repeat in zip(
        states.tolist(), keys.tolist(), range(3), strict=True
    ):
        expected = 11
        for part in (key, repeat, 5):
            expected = mix((expected ^ part) + GOLDEN & MASK)
        assert state == expected


def test_uniforms_are_the_top_53_bits():
    state = np.array([3, MASK], dtype=np.uint64)
    draws = keyed_uniforms(state, 4)
    for row, start in zip(draws, state.tolist(), strict=True):
        for step, value in enumerate(row.tolist(), start=1):
            assert value == (mix(start + step * GOLDEN & MASK) >> 11) / 2**53


def test_uniforms_are_uniform():
    draws = keyed_uniforms(keyed_state(0, np.arange(4000)), 5)
    assert draws.min() >= 0
    assert draws.max() < 1
    # Standard errors of 20000 draws: 0.002 for the mean, 0.0005 for the variance.
    assert abs(draws.mean() - 1 / 2) < 0.008
    assert abs(draws.var() - 1 / 12) < 0.002
    assert np.abs(np.corrcoef(draws.T) - np.eye(5)).max() < 0.08


def test_a_sample_does_not_depend_on_those_beside_it():
    keys = np.arange(10)
    states = keyed_state(1, keys, epoch=3)
    np.testing.assert_array_equal(keyed_state(1, keys[[7, 2]], epoch=3), states[[7, 2]])
    seeds = np.arange(10)
    by_row = keyed_state(seeds, keys)
    assert by_row[4] == keyed_state(4, [4])[0]


def test_every_part_counts():
    # Keys of contents are hashes: no two of them differ in their last bits alone.
    keys = np.random.default_rng(0).integers(2**64, size=3, dtype=np.uint64)
    states = [
        keyed_state(seed, [keys[key]], repeat, epoch)[0]
        for seed, key, repeat, epoch in np.ndindex(3, 3, 3, 3)
    ]
    assert len(set(states)) == 81


def test_seeds_are_derived_from_all_parts_in_their_order():
    seeds = {derived_seed(0, *parts) for parts in [(), (0,), (1,), (0, 1), (1, 0)]}
    assert len(seeds) == 5
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert derived_seed(5, 2) == derived_seed(5, 2)


@pytest.mark.parametrize("seed", [0, 42])
def test_seeds_of_integers_repeat(seed):
    assert draw_seed(seed) == draw_seed(seed)
    assert 0 <= draw_seed(seed) < 2**31


def test_seeds_of_a_random_state_go_on():
    rng = np.random.RandomState(0)
    assert draw_seed(rng) != draw_seed(rng)


def test_none_is_fresh_and_leaves_the_global_generator():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    assert len({draw_seed(None) for _ in range(5)}) == 5
    after = np.random.get_state()[1]  # noqa: NPY002
    np.testing.assert_array_equal(after, before)
