"""Random numbers that depend on what they are for, not on when they are drawn.

The view of a sample in an epoch must not change with the fold, the batch size, the
worker or the device count. So each number is a hash of (seed, sample, repeat, epoch,
position) instead of the next one of a stream. The hash is SplitMix64's finaliser
(Steele, Lea & Flood, 2014, "Fast splittable pseudorandom number generators") on
whole arrays.
"""

import numpy as np
from sklearn.utils import check_random_state

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _mix(state):
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


def keyed_state(seed, keys, repeats=0, epoch=0):
    """Hash (seed, sample, repeat, epoch) to one 64-bit state a sample.

    Parameters
    ----------
    seed : int or array-like of shape (n,)
        Decides everything else; 0 <= seed < 2**63.
    keys : array-like of shape (n,) of uint64
        The samples' content keys.
    repeats : int or array-like of shape (n,), default=0
        How often the same sample occurred before.
    epoch : int, default=0
        The epoch.

    Returns
    -------
    ndarray of shape (n,) of uint64
    """
    keys = np.atleast_1d(np.asarray(keys, dtype=np.uint64))
    state = np.broadcast_to(np.asarray(seed, dtype=np.uint64), keys.shape)
    for part in (keys, repeats, epoch):
        state = _mix((state ^ np.asarray(part).astype(np.uint64)) + _GOLDEN)
    return state


def keyed_uniforms(state, n_draws):
    """Draw uniform numbers in [0, 1) for each state.

    Parameters
    ----------
    state : ndarray of shape (n,) of uint64
        What :func:`keyed_state` returns.
    n_draws : int
        How many numbers a sample.

    Returns
    -------
    ndarray of shape (n, n_draws) of float64
    """
    steps = np.arange(1, n_draws + 1, dtype=np.uint64) * _GOLDEN
    bits = _mix(state[:, None] + steps[None, :])
    return (bits >> np.uint64(11)) * 2.0**-53


def derived_seed(seed, *parts):
    """Return a seed in [0, 2**63) that is a hash of a seed and further integers."""
    state = np.full(1, seed, dtype=np.uint64)
    for part in parts:
        state = _mix((state ^ np.uint64(part)) + _GOLDEN)
    return int(state[0] >> np.uint64(1))


def draw_seed(random_state):
    """Return a seed in [0, 2**31), fresh for None, without the global generators."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0] >> 1)
    return int(check_random_state(random_state).randint(2**31 - 1))
