"""Elements of DICOM files that are missing, damaged or contradict each other."""

import tracemalloc
import warnings

import numpy as np
import PIL.Image
import pytest

pytest.importorskip("pydicom")
from pydicom.uid import (
    BasicTextSRStorage,
    DeflatedExplicitVRLittleEndian,
    GrayscaleSoftcopyPresentationStateStorage,
    ImplicitVRLittleEndian,
)

from cxrclf.exceptions import ImageReadError
from cxrclf.images import DecodeStore, read_image, read_image_size
from dicom_files import dicom, written
from image_files import why

PIXELS = np.arange(4096, dtype=np.uint16).reshape(64, 64)


@pytest.mark.parametrize(
    "keyword",
    [
        "Rows",
        "Columns",
        "BitsAllocated",
        "BitsStored",
        "PixelRepresentation",
        "PhotometricInterpretation",
    ],
)
def test_a_missing_element(keyword, tmp_path):
    dataset = dicom(PIXELS, bits=12)
    delattr(dataset, keyword)
    assert why(written(tmp_path, dataset)) == (
        f"has no value of the DICOM element {keyword}"
    )


@pytest.mark.parametrize("keyword", ["SamplesPerPixel", "HighBit"])
def test_an_element_that_follows_from_others(keyword, tmp_path):
    dataset = dicom(PIXELS, bits=12)
    expected = read_image(written(tmp_path, dataset))
    delattr(dataset, keyword)
    np.testing.assert_array_equal(read_image(written(tmp_path, dataset)), expected)


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("Rows", 0),
        ("Columns", 0),
        ("BitsAllocated", 12),
        ("BitsAllocated", 64),
        ("BitsStored", 0),
        ("BitsStored", 17),
        ("HighBit", 10),
        ("HighBit", 16),
        ("PixelRepresentation", 2),
        ("SamplesPerPixel", 2),
    ],
)
def test_an_invalid_value(keyword, value, tmp_path):
    dataset = dicom(PIXELS, bits=12, **{keyword: value})
    reason = why(written(tmp_path, dataset))
    assert reason == f"has a {keyword} of {value}, which is not valid"


@pytest.mark.parametrize("keyword", ["RescaleSlope", "RescaleIntercept"])
@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_rescale_value_that_is_not_finite(keyword, value, tmp_path):
    values = {"RescaleSlope": "1", "RescaleIntercept": "0", keyword: value}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's about the value
        path = written(tmp_path, dicom(PIXELS, bits=12, **values))
    assert why(path) == f"has a {keyword} of {float(value)}"


@pytest.mark.parametrize("keyword", ["WindowCenter", "WindowWidth"])
@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_window_that_is_not_finite(keyword, value, tmp_path):
    values = {"WindowCenter": "9", "WindowWidth": "9", keyword: value}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's about the value
        path = written(tmp_path, dicom(PIXELS, bits=12, **values))
    assert why(path) == f"has a {keyword} of {value}"


@pytest.mark.parametrize(
    "keyword", ["RescaleSlope", "RescaleIntercept", "WindowCenter", "WindowWidth"]
)
def test_a_value_that_is_no_number(keyword, tmp_path):
    values = {
        "RescaleSlope": "1",
        "RescaleIntercept": "0",
        "WindowCenter": "2048",
        "WindowWidth": "4096",
    }
    number = {**values, keyword: "7654321"}[keyword]
    dataset = dicom(PIXELS, bits=12, **{**values, keyword: number})
    path = written(tmp_path, dataset)
    data = path.read_bytes()
    assert data.count(b"7654321") == 1
    path.write_bytes(data.replace(b"7654321", b"76x4321"))
    assert why(path) == f"has a {keyword} that is no number"


@pytest.mark.parametrize(
    ("slope", "intercept", "reason"),
    [
        ("0", "0", "rescale slope of 0"),
        ("1e-30", "1e10", "not precise enough"),
        ("1e308", "0", "not precise enough"),
    ],
)
def test_a_rescale_without_meaning(slope, intercept, reason, tmp_path):
    dataset = dicom(PIXELS, bits=12, RescaleSlope=slope, RescaleIntercept=intercept)
    assert reason in why(written(tmp_path, dataset))


@pytest.mark.parametrize("frames", ["1A", "x"])
def test_a_number_of_frames_that_is_no_number(frames, tmp_path):
    path = written(tmp_path, dicom(PIXELS, bits=12, NumberOfFrames="1 "))
    data = path.read_bytes()
    tag = b"\x28\x00\x08\x00IS\x02\x00"
    assert data.count(tag) == 1
    path.write_bytes(data.replace(tag + b"1 ", tag + frames.ljust(2).encode()))
    assert "has a NumberOfFrames that is no whole number" in why(path)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (BasicTextSRStorage, "a Basic Text SR Storage"),
        (GrayscaleSoftcopyPresentationStateStorage, "a Grayscale Softcopy Present"),
    ],
)
def test_a_file_that_is_no_image_is_named(kind, name, tmp_path):
    dataset = dicom(PIXELS, SOPClassUID=kind)
    del dataset.PixelData
    reason = why(written(tmp_path, dataset))
    assert reason.startswith(f"is not a DICOM image but {name}")


def test_floating_point_pixels(tmp_path):
    dataset = dicom(PIXELS, FloatPixelData=bytes(4 * PIXELS.size))
    del dataset.PixelData
    assert "DICOM image of floating-point pixels" in why(written(tmp_path, dataset))


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian]
)
def test_more_pixels_than_pillow_allows(syntax, tmp_path, monkeypatch):
    path = written(tmp_path, dicom(PIXELS, bits=12, syntax=syntax))
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", PIXELS.size // 2)
    assert read_image(path).shape == (64, 64)
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", PIXELS.size // 2 - 1)
    assert "decompression bomb" in why(path)
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", None)
    assert read_image(path).shape == (64, 64)


def test_the_pixels_of_a_bomb_are_not_inflated(tmp_path, monkeypatch):
    """The data has 200 MB, and its file 200 kB."""
    dataset = dicom(PIXELS, syntax=DeflatedExplicitVRLittleEndian)
    dataset.Rows = dataset.Columns = 20_000
    dataset.PixelData = bytes(200_000_000)
    path = written(tmp_path, dataset)
    assert path.stat().st_size < 1_000_000
    tracemalloc.start()
    assert "decompression bomb" in why(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 80_000_000


@pytest.mark.parametrize("length", [0xF0000000, 0x7FFFFFFF])
def test_a_damaged_length_allocates_nothing(length, tmp_path):
    good = written(tmp_path, dicom(PIXELS, bits=12), name="good.dcm")
    data = bytearray(good.read_bytes())
    at = data.index(b"\xe0\x7f\x10\x00OW") + 8
    data[at : at + 4] = length.to_bytes(4, "little")
    bad = tmp_path / "bad.dcm"
    bad.write_bytes(data)
    np.testing.assert_array_equal(read_image(bad), read_image(good))
    bad.write_bytes(data[:-100])
    tracemalloc.start()
    with pytest.raises(ImageReadError) as caught:
        DecodeStore(8).fetch([good, bad])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.failures == {str(bad): "is cut short (truncated)"}
    assert peak < 20_000_000


def test_the_size_needs_no_other_element(tmp_path):
    dataset = dicom(PIXELS)
    for keyword in ("BitsStored", "PhotometricInterpretation", "PixelData"):
        delattr(dataset, keyword)
    assert read_image_size(written(tmp_path, dataset)) == (64, 64)
