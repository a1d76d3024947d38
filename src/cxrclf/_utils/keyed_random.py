"""Random numbers that depend on their purpose, and not on the order of drawing.

The view of a sample in an epoch must not change with the fold, the batch size, the
worker or the number of devices. So each random number is a hash of (seed, sample,
repeat, epoch, position) instead of the next number of a stream. The hash is the
finalizer of SplitMix64 (Steele, Lea & Flood, 2014, "Fast splittable pseudorandom number
generators"), computed on whole arrays.
"""

import numpy as np
from sklearn.utils import check_random_state

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio, SplitMix64's step


def _mix(state):
    # The finalizer of SplitMix64. Products of uint64 wrap around at 2**64, as intended.
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


def keyed_state(seed, keys, repeats=0, epoch=0):
    """Hash (seed, sample, repeat, epoch) to one 64-bit state per sample.

    Parameters
    ----------
    seed : int or array-like of shape (n,)
        Seed in [0, 2**63).
    keys : array-like of shape (n,) of uint64
        Content keys of the samples.
    repeats : int or array-like of shape (n,), default=0
        Number of earlier occurrences of the same sample.
    epoch : int, default=0
        Number of the epoch.

    Returns
    -------
    ndarray of shape (n,) of uint64
        Random state of each sample.
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
        Random states, from :func:`keyed_state`.
    n_draws : int
        Number of random numbers per state.

    Returns
    -------
    ndarray of shape (n, n_draws) of float64
    """
    steps = np.arange(1, n_draws + 1, dtype=np.uint64) * _GOLDEN
    bits = _mix(state[:, None] + steps[None, :])
    # The upper 53 bits, as many as float64 represents exactly.
    return (bits >> np.uint64(11)) * 2.0**-53


def derived_seed(seed, *parts):
    """Hash a seed and further integers to a new seed in [0, 2**63)."""
    state = np.full(1, seed, dtype=np.uint64)
    for part in parts:
        state = _mix((state ^ np.uint64(part)) + _GOLDEN)
    return int(state[0] >> np.uint64(1))


def draw_seed(random_state):
    """Draw a seed in [0, 2**31) from a random state."""
    # None means fresh entropy here: NumPy's global generator stays untouched.
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0] >> 1)
    return int(check_random_state(random_state).randint(2**31 - 1))
