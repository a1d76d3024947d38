"""Headers of compressed images."""

import io

import numpy as np
import pytest
from PIL import Image

from cxrclf.images._dicom_stream import read_stream_header


def stream(shape, form, **options):
    buffer = io.BytesIO()
    pixels = np.zeros(shape, np.uint16 if options.pop("deep", False) else np.uint8)
    Image.fromarray(pixels).save(buffer, format=form, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("shape", "form", "options", "bits"),
    [
        ((20, 30), "JPEG", {}, 8),
        ((20, 30), "JPEG", {"progressive": True}, 8),
        ((20, 30, 3), "JPEG", {"comment": b"\xff\xc0 is no header"}, 8),
        ((20, 30), "JPEG2000", {"no_jp2": True}, 8),
        ((20, 30), "JPEG2000", {"no_jp2": True, "deep": True}, 16),
        ((20, 30, 3), "JPEG2000", {"no_jp2": True}, 8),
    ],
)
def test_headers_as_pillow_writes_them(shape, form, options, bits):
    header = read_stream_header(stream(shape, form, **options))
    samples = shape[2] if len(shape) == 3 else 1
    assert (header.rows, header.columns) == shape[:2]
    assert (header.samples, header.bits) == (samples, bits)
    assert header.is_lossy_jpeg == (form == "JPEG")
    assert not header.is_jpeg_12_bit
    header.check(20, 30, samples, bits)
    with pytest.raises(ValueError, match="states 30 × 20 pixels"):
        header.check(30, 20, samples, bits)
    with pytest.raises(ValueError, match=f"states at most {bits - 1} bits"):
        header.check(20, 30, samples, bits - 1)


@pytest.mark.parametrize(
    ("marker", "lossy"), [(0xC1, True), (0xC3, False), (0xF7, False)]
)
def test_a_header_of_12_bits(marker, lossy):
    scan = b"\xff\xda\0\x02"
    frame = b"\xff\xff\xff" + bytes([marker]) + b"\0\x0b\x0c\0\x14\0\x1e\x01\x01\x11\0"
    header = read_stream_header(b"\xff\xd8" + frame + scan)
    assert (header.rows, header.columns, header.bits) == (20, 30, 12)
    assert header.is_jpeg_12_bit == lossy
    with pytest.raises(ValueError, match="has no frame header"):
        read_stream_header(b"\xff\xd8" + scan)


@pytest.mark.parametrize("data", [b"", b"\0\0", b"\xff\x4f\xff\x51", b"RLE"])
def test_other_data_has_no_header(data):
    assert read_stream_header(data) is None


@pytest.mark.parametrize("cut", [2, 3, 20, 60, 158])
def test_a_jpeg_that_ends_in_its_header(cut):
    with pytest.raises(ValueError, match="damaged: the header of its compressed im"):
        read_stream_header(stream((20, 30), "JPEG")[:cut])


def test_a_damaged_huffman_table():
    data = bytearray(stream((20, 30), "JPEG"))
    at = data.index(b"\xff\xc4")
    read_stream_header(bytes(data))
    data[at + 6] += 200
    with pytest.raises(ValueError, match="damaged: a Huffman table"):
        read_stream_header(bytes(data))
