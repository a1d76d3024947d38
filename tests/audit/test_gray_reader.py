"""Scales of gray levels, against divisions by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from cxrclf.audit._gray_reader import GrayReader
from cxrclf.images import ArrayImages

BYTES = np.random.default_rng(0).integers(0, 256, (5, 12, 10), np.uint8)
BYTES[3, 2, 2] = 255


def read(pixels, size=(12, 10)):
    reader = GrayReader(ArrayImages(pixels), size)
    gray = np.stack(list(reader))
    assert len(reader) == len(gray)
    return reader.scale(gray)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.int64, np.uint16])
def test_type_of_integers_does_not_matter(dtype):
    assert_allclose(read(BYTES.astype(dtype)), BYTES / 255, rtol=1e-6)


@pytest.mark.parametrize(
    ("largest", "white"),
    [
        (255, 255),
        (256, 1023),
        (3000, 4095),
        (4095, 4095),
        (9000, 16383),
        (20000, 65535),
    ],
)
@pytest.mark.parametrize("dtype", [np.uint16, np.int64])
def test_white_is_rounded_up_to_bits(largest, white, dtype):
    pixels = np.rint(BYTES / 255 * largest).astype(dtype)
    assert_allclose(read(pixels), pixels / white, rtol=1e-6)


def test_bytes_use_the_whole_range():
    assert_array_equal(read(BYTES // 100), (BYTES // 100) / np.float32(255))
    assert_array_equal(read(BYTES > 100), (BYTES > 100).astype(np.float32))


@pytest.mark.parametrize("dtype", [np.uint32, np.int64])
def test_more_than_16_bits_are_refused(dtype):
    with pytest.raises(ValueError, match="integers up to 65536.*Pass floats"):
        read(np.full((2, 4, 4), 65536, dtype))


def test_floats_are_scaled_if_they_are_outside():
    inside = BYTES / 400
    assert_allclose(read(inside), inside, rtol=1e-6)
    assert_allclose(read(inside * 300), inside / inside.max(), rtol=1e-6)
    shifted = inside * 4 - 1
    expected = (shifted + 1) / (max(1, shifted.max()) + 1)
    assert_allclose(read(shifted), expected, atol=1e-6)
    assert_array_equal(read(np.zeros((2, 4, 4)), (4, 4)), 0)


class Depths:
    """Stored files: a chunk without files of 16 bits has 8 bits."""

    shape = (300, 4, 4)

    def __len__(self):
        return 300

    def gather(self, rows):
        levels = np.repeat(rows % 256, 16).reshape(-1, 4, 4)
        return np.uint16(257 * levels) if 0 in rows else levels.astype(np.uint8)


def test_parts_of_other_depth_have_the_same_levels():
    reader = GrayReader(Depths(), (4, 4))
    gray = reader.scale(np.stack(list(reader)))
    assert_allclose(gray[:, 0, 0], np.arange(300) % 256 / 255, rtol=1e-6)
