"""Stored values of DICOM files as shades of gray."""

import tracemalloc

import numpy as np
import pytest

pytest.importorskip("pydicom")
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian

from cxrclf.images import read_image
from dicom_files import dicom, lut, written
from image_files import why

BYTES = np.arange(256, dtype=np.uint8).reshape(16, 16)
FALLING = np.arange(255, -1, -1)


def table(data, descriptor, vr="OW"):
    item = Dataset()
    item.add_new("LUTDescriptor", "US", descriptor)
    item.add_new("LUTData", vr, data)
    return [item]


PACKED = {
    "one byte per entry": (FALLING.astype(np.uint8).tobytes(), "OW"),
    "one word per entry": (FALLING.astype("<u2").tobytes(), "OW"),
    "numbers": (FALLING.tolist(), "US"),
    "two entries per number": (FALLING.astype(np.uint8).view("<u2").tolist(), "US"),
}


@pytest.mark.parametrize("form", PACKED)
@pytest.mark.parametrize("keyword", ["ModalityLUTSequence", "VOILUTSequence"])
def test_a_table_of_8_bits(form, keyword, tmp_path):
    data, vr = PACKED[form]
    dataset = dicom(BYTES, **{keyword: table(data, [256, 0, 8], vr)})
    np.testing.assert_array_equal(read_image(written(tmp_path, dataset)), 255 - BYTES)


def test_an_odd_number_of_entries_with_a_padding_byte(tmp_path):
    data = np.arange(10, 265, 1).astype(np.uint8)[:255].tobytes() + b"\0"
    dataset = dicom(BYTES, VOILUTSequence=table(data, [255, 0, 8]))
    expected = np.r_[np.frombuffer(data[:255], np.uint8), data[254]].reshape(16, 16)
    np.testing.assert_array_equal(read_image(written(tmp_path, dataset)), expected)


def test_a_big_endian_table(tmp_path):
    values = np.rint(np.sqrt(np.arange(256) / 255) * 65535).astype(">u2")
    dataset = dicom(BYTES, syntax=ExplicitVRBigEndian)
    dataset.VOILUTSequence = table(values.tobytes(), [256, 0, 16])
    expected = np.rint(values[BYTES] / 257)
    np.testing.assert_array_equal(read_image(written(tmp_path, dataset)), expected)


def test_a_negative_start_that_is_stored_as_unsigned(tmp_path):
    pixels = np.array([[-100, 0, 99]], dtype=np.int16)
    entries = np.arange(200) * 20
    item = table(entries.astype("<u2").tobytes(), [200, 65536 - 100, 12])
    dataset = dicom(pixels, bits=12, VOILUTSequence=item)
    expected = np.rint(np.array([[0, 2000, 3980]]) * (65535 / 4095))
    np.testing.assert_array_equal(read_image(written(tmp_path, dataset)), expected)


@pytest.mark.parametrize(
    ("descriptor", "n", "reason"),
    [
        ([256, 0, 8], 100, "has a lookup table of 100 entries where it states 256"),
        ([256, 0, 16], 128, "has a lookup table of 128 entries where it states 256"),
        ([256, 0, 4], 256, "has a lookup table of 4 bits, expected 8 to 16"),
        ([256, 0, 17], 256, "has a lookup table of 17 bits, expected 8 to 16"),
        ([256, 0], 256, "has a lookup table without a valid descriptor"),
        ([256, 0, 10], 256, "has a lookup table of 10 bits with the value 4080"),
        ([0, 0, 16], 256, "has a lookup table of 256 entries where it states 65536"),
    ],
)
def test_a_table_that_is_damaged(descriptor, n, reason, tmp_path):
    data = (np.arange(n) * 16).tolist()
    if descriptor == [256, 0, 8]:
        data = list(range(n))
    dataset = dicom(BYTES, VOILUTSequence=table(data, descriptor, "US"))
    assert why(written(tmp_path, dataset)) == reason


def test_a_table_without_entries(tmp_path):
    item = lut(0, 8, [1, 2])
    del item[0].LUTData
    dataset = dicom(BYTES, VOILUTSequence=item)
    assert "lookup table of 0 entries" in why(written(tmp_path, dataset))


@pytest.mark.parametrize("bits", [17, 24, 32])
@pytest.mark.parametrize("signed", [False, True])
def test_values_of_more_than_16_bits(bits, signed, tmp_path):
    low, high = (
        (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    )
    rng = np.random.default_rng(0)
    values = rng.integers(low, high, (300, 40), endpoint=True)
    values[0, :2] = low, high
    dataset = dicom(values.astype("<i4" if signed else "<u4"), bits=bits)
    expected = np.rint((values - low) / (high - low) * 65535)
    np.testing.assert_array_equal(read_image(written(tmp_path, dataset)), expected)


@pytest.mark.parametrize("missing", ["RescaleSlope", "RescaleIntercept"])
def test_a_rescale_with_one_value(missing, tmp_path):
    """A slope of 1 and an intercept of 0 are the defaults."""
    pixels = np.arange(0, 4096, 5, dtype=np.uint16)[None]
    values = {"RescaleSlope": "2", "RescaleIntercept": "500"}
    default = {"RescaleSlope": "1", "RescaleIntercept": "0"}
    window = {"WindowCenter": "3000", "WindowWidth": "3000", "bits": 12}
    full = {**values, missing: default[missing]}
    expected = read_image(written(tmp_path, dicom(pixels, **full, **window)))
    del values[missing]
    found = read_image(written(tmp_path, dicom(pixels, **values, **window)))
    np.testing.assert_array_equal(found, expected)
    assert len(np.unique(found)) > 100


@pytest.mark.parametrize("shape", ["IDENTITY", "INVERSE"])
@pytest.mark.parametrize("colors", ["MONOCHROME1", "MONOCHROME2"])
def test_the_shape_of_the_presentation_lut_is_ignored(shape, colors, tmp_path):
    dataset = dicom(BYTES, PhotometricInterpretation=colors)
    expected = read_image(written(tmp_path, dataset))
    dataset.PresentationLUTShape = shape
    np.testing.assert_array_equal(read_image(written(tmp_path, dataset)), expected)


def test_memory_per_pixel(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 4096, (1500, 1500)).astype("<u2")
    dataset = dicom(pixels, bits=12, syntax=ExplicitVRLittleEndian)
    dataset.RescaleSlope, dataset.RescaleIntercept = 2, -1000
    dataset.WindowCenter, dataset.WindowWidth = 2000, 3000
    path = written(tmp_path, dataset)
    del dataset
    read_image(path)
    tracemalloc.start()
    read_image(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # The pixels of the file, a copy of 16 bits, the result, and blocks.
    assert peak < 10 * pixels.size


@pytest.mark.parametrize(
    "elements",
    [
        {"WindowCenter": "1e12", "WindowWidth": 100},
        {"WindowCenter": "1e308", "WindowWidth": "1e308"},
        {"WindowCenter": -500, "WindowWidth": 100},
        {"VOILUTSequence": lut(0, 8, [255])},
    ],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint32])
def test_all_possible_values_in_one_shade(elements, dtype, tmp_path):
    dataset = dicom(BYTES.astype(dtype), **elements)
    assert "become one shade" in why(written(tmp_path, dataset))


def test_different_pixels_in_one_shade(tmp_path):
    dataset = dicom(BYTES.astype(np.uint16), WindowCenter=40000, WindowWidth=100)
    assert "different values that all become one shade" in why(
        written(tmp_path, dataset)
    )


def test_equal_pixels_in_one_shade_are_possible(tmp_path):
    dataset = dicom(np.full((4, 4), 700, np.uint16), WindowCenter=40000, WindowWidth=9)
    assert read_image(written(tmp_path, dataset)).max() == 0


@pytest.mark.parametrize(
    ("slope", "intercept"), [("1", "1e17"), ("1e-12", "1e6"), ("-1", "-1e18")]
)
def test_a_rescale_that_merges_neighboring_values(slope, intercept, tmp_path):
    dataset = dicom(BYTES, RescaleSlope=slope, RescaleIntercept=intercept)
    assert "not precise enough" in why(written(tmp_path, dataset))


def test_rescaled_values_beyond_whole_numbers_of_64_bits(tmp_path):
    dataset = dicom(BYTES, RescaleSlope="1e300", RescaleIntercept=0)
    dataset.VOILUTSequence = lut(0, 8, [0, 7, 255])
    expected = np.where(BYTES == 0, 0, 255)
    np.testing.assert_array_equal(read_image(written(tmp_path, dataset)), expected)
