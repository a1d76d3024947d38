"""Keys that depend on nothing but the pixels."""

import hashlib

import numpy as np
import pytest

from cxrclf.images import content_key


def test_is_blake2b_of_shape_type_and_bytes():
    pixels = np.arange(6, dtype=np.uint16).reshape(2, 3)
    expected = hashlib.blake2b(b"(2, 3, '<u2')" + pixels.tobytes(), digest_size=8)
    assert content_key(pixels) == int.from_bytes(expected.digest(), "little")


def test_memory_layout_and_byte_order_do_not_matter():
    pixels = np.arange(6, dtype=np.uint16).reshape(2, 3)
    for same in (
        np.asfortranarray(pixels),
        np.repeat(pixels, 2, axis=1)[:, ::2],
        pixels.astype(">u2"),
    ):
        assert content_key(same) == content_key(pixels)


def test_shape_type_and_values_matter():
    pixels = np.zeros((2, 3), dtype=np.uint8)
    others = [
        pixels.reshape(3, 2),
        pixels.ravel(),
        pixels.astype(bool),
        pixels.astype(np.uint16),
        np.eye(2, 3, dtype=np.uint8),
    ]
    assert len({content_key(image) for image in [pixels, *others]}) == 6


def test_many_images_have_many_keys_of_64_bits():
    pixels = np.arange(2000, dtype=np.uint16).reshape(-1, 1, 1)
    keys = {content_key(image) for image in pixels}
    assert len(keys) == 2000
    assert min(keys) >= 0
    assert 2**63 < max(keys) < 2**64


def test_refuses_what_is_not_numeric():
    with pytest.raises(TypeError, match="numeric pixels"):
        content_key(["scan.png"])
