"""Formats with a reader of their own, recognized by first bytes or suffix."""

import io

import numpy as np
import pytest

from cxrclf.exceptions import ImageReadError
from cxrclf.images import (
    DecodeStore,
    _formats,
    read_image,
    read_image_size,
    read_values,
)
from cxrclf.images._formats import FORMATS, Format, find_format


@pytest.fixture
def raw_file(tmp_path, monkeypatch):
    """Register a format of one byte per pixel, and return a file of it."""

    def read(file):
        assert file.read(3) == b"RAW"
        return np.frombuffer(file.read(), np.uint8).reshape(4, 6)

    raw = Format(
        "RAW", lambda head, path: head.startswith(b"RAW"), read, lambda _: (4, 6)
    )
    monkeypatch.setattr(_formats, "FORMATS", (*FORMATS, raw))
    path = tmp_path / "scan.raw"
    path.write_bytes(b"RAW" + bytes(range(24)))
    return path


def test_a_registered_format_is_read_everywhere(raw_file):
    pixels = np.arange(24, dtype=np.uint8).reshape(4, 6)
    np.testing.assert_array_equal(read_image(raw_file), pixels)
    assert read_image(raw_file, (2, 3)).shape == (2, 3)
    assert read_image_size(raw_file) == (4, 6)
    stored = DecodeStore((4, 6)).fetch([str(raw_file)])
    np.testing.assert_array_equal(stored.gather([0])[0], pixels)
    with pytest.raises(ImageReadError, match="is RAW, in which labels are not read"):
        read_values(raw_file)


def test_a_truncated_file_is_named(raw_file):
    raw_file.write_bytes(b"RAW" + bytes(5))
    with pytest.raises(ImageReadError, match=r"scan\.raw"):
        read_image(raw_file)


def test_a_file_without_pixels_is_refused(raw_file, monkeypatch):
    empty = Format(
        "RAW", lambda *_: True, lambda _: np.empty((0, 6), np.uint8), lambda _: (0, 6)
    )
    monkeypatch.setattr(_formats, "FORMATS", (empty,))
    for read in (read_image, lambda path: DecodeStore((4, 6)).fetch([str(path)])):
        with pytest.raises(ImageReadError, match=r"has no pixels: .* \(0, 6\)"):
            read(raw_file)


def test_the_file_is_at_its_start_afterwards():
    file = io.BytesIO(b"P5 any other format")
    assert find_format(file, "scan.pgm") is None
    assert file.tell() == 0
    dicom = io.BytesIO(bytes(128) + b"DICM")
    assert find_format(dicom, "scan").name == "DICOM"
    assert find_format(io.BytesIO(b"0"), "scan.DCM").name == "DICOM"


def test_an_empty_file_is_refused():
    with pytest.raises(ValueError, match="is empty"):
        find_format(io.BytesIO(), "scan.png")
