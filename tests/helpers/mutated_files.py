"""Damaged copies of files, for tests of readers."""

import numpy as np

_EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)


def mutate(data, rng):
    """Return a damaged copy of the bytes of a file.

    Parameters
    ----------
    data : bytes
        At least one byte.
    rng : numpy.random.Generator
        The same state always gives the same damage.

    Returns
    -------
    bytes
        Data with one to three changes. Half of the changes are in the first 512 bytes,
        where most formats have their headers.
    """
    changed = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        change = _CHANGES[rng.integers(len(_CHANGES))]
        end = len(changed) if rng.random() < 0.5 else min(len(changed), 512)
        change(changed, int(rng.integers(end)) if end else 0, rng)
    return bytes(changed)


def _flip_bit(data, at, rng):
    if data:
        data[at] ^= 1 << int(rng.integers(8))


def _set_byte(data, at, rng):
    if data:
        data[at] = int(rng.integers(256))


def _set_field(data, at, rng):
    """Write an extreme number of 2 or 4 bytes, in either byte order."""
    size = int(rng.choice([2, 4]))
    number = int(rng.choice(_EXTREMES)) & (256**size - 1)
    order = "little" if rng.random() < 0.5 else "big"
    room = min(size, len(data) - at)
    data[at : at + room] = number.to_bytes(size, order)[:room]


def _fill_block(data, at, rng):
    size = min(_block(rng), len(data) - at)
    data[at : at + size] = rng.integers(0, 256, size, dtype=np.uint8).tobytes()


def _insert(data, at, rng):
    data[at:at] = rng.integers(0, 256, _block(rng), dtype=np.uint8).tobytes()


def _delete(data, at, rng):
    del data[at : at + _block(rng)]


def _duplicate(data, at, rng):
    data[at:at] = data[at : at + _block(rng)]


def _cut(data, at, rng):
    del data[max(1, at) :]


def _block(rng):
    """Return a size from 1 to 64 bytes, small sizes more often."""
    return int(2 ** rng.uniform(0, 6))


_CHANGES = (
    _flip_bit,
    _set_byte,
    _set_field,
    _set_field,
    _fill_block,
    _insert,
    _delete,
    _duplicate,
    _cut,
)
