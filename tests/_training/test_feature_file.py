"""Files of features: whole, or not there."""

import hashlib

import numpy as np
import pytest

from cxrclf._training import feature_file
from cxrclf._training.feature_file import (
    find_segment,
    read_segment,
    segment_bytes,
    write_segment,
)


@pytest.fixture
def segment(tmp_path):
    """Return the path, the keys and the values of a segment."""
    path = tmp_path / "body" / "0" / "0123456789abcdef.npy"
    path.parent.mkdir(parents=True)
    keys = np.array([3, 2**63, 7, 5], dtype=np.uint64)
    values = np.random.default_rng(0).random((4, 2, 3), dtype=np.float32)
    write_segment(path, keys, values)
    return path, keys, values


def test_a_segment_is_read_as_it_was_written(segment):
    path, keys, values = segment
    found, stored = find_segment(path)
    np.testing.assert_array_equal(found, keys)
    places = np.array([2, 0, 2])
    read = read_segment(stored, keys[places], places)
    assert read.dtype == values.dtype
    np.testing.assert_array_equal(read, values[places])
    assert path.stat().st_size <= segment_bytes(values)


def test_no_damaged_byte_is_returned(segment):
    path, keys, values = segment
    whole = path.read_bytes()
    every = np.arange(len(keys))
    for position in range(len(whole)):
        content = bytearray(whole)
        content[position] ^= 1 << position % 8
        path.write_bytes(content)
        found = find_segment(path)
        if found is not None:
            read = read_segment(found[1], found[0], every)
            # A name in a header may be written in other letters.
            assert read is None or np.array_equal(read, values)
        if found is None or read is None:
            assert not path.exists()


def test_values_of_other_keys_are_refused(segment):
    path, keys, _ = segment
    _, stored = find_segment(path)
    assert read_segment(stored, keys[[1]], np.array([0])) is None
    assert not path.exists()


def test_a_segment_that_is_gone_is_none(segment):
    path, keys, _ = segment
    _, stored = find_segment(path)
    path.unlink()
    assert find_segment(path) is None
    assert read_segment(stored, keys, np.arange(4)) is None


@pytest.mark.parametrize("shape", [(3,), (4, 5), (1280,)])
@pytest.mark.parametrize("dtype", ["f4", "i2", "f8"])
def test_checksums_are_sums_of_weighted_words(shape, dtype):
    keys = np.random.default_rng(0).integers(0, 2**64, 6, dtype=np.uint64)
    values = np.random.default_rng(1).integers(0, 2**15, (6, *shape)).astype(dtype)
    sums = feature_file._checksums(keys, values, "kind")
    weights = feature_file._weights(values[0].nbytes // 8 + 2).tolist()
    salt = hashlib.blake2b(b"kind", digest_size=8).digest()
    for key, row, found in zip(keys.tolist(), values, sums.tolist(), strict=True):
        content = row.tobytes() + bytes(-row.nbytes % 8)
        words = np.frombuffer(content, "<u8").tolist()
        expected = int.from_bytes(salt, "little") + key * weights[0]
        expected += sum(w * v for w, v in zip(weights[1:], words, strict=False))
        assert found == expected % 2**64
    assert all(weight % 2 for weight in weights)
