"""DICOM files built here, read as a viewer shows them."""

import io
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from cxrclf.exceptions import ImageReadError, MissingDependencyError
from cxrclf.images import read_image

pydicom = pytest.importorskip("pydicom")
from pydicom.encaps import encapsulate  # noqa: E402
from pydicom.pixels import apply_modality_lut, apply_voi_lut  # noqa: E402
from pydicom.uid import (  # noqa: E402
    MPEG2MPML,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGLSLossless,
)

from dicom_files import dicom, lut, written  # noqa: E402


def read(folder, dataset):
    return read_image(written(folder, dataset))


def why_not(path):
    with pytest.raises(ImageReadError) as caught:
        read_image(path, 8)
    (reason,) = caught.value.failures.values()
    return reason


@pytest.fixture
def pixels12():
    """Every value of 12 bits."""
    return np.arange(4096, dtype=np.uint16).reshape(64, 64)


def test_8_bits_are_exact(tmp_path):
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    read_pixels = read(tmp_path, dicom(pixels))
    assert read_pixels.dtype == np.uint8
    np.testing.assert_array_equal(read_pixels, pixels)


def test_16_bits_are_exact(tmp_path):
    pixels = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    read_pixels = read(tmp_path, dicom(pixels))
    assert read_pixels.dtype == np.uint16
    np.testing.assert_array_equal(read_pixels, pixels)


def test_12_bits_fill_16(tmp_path, pixels12):
    expected = np.rint(pixels12 * (65535 / 4095))
    np.testing.assert_array_equal(read(tmp_path, dicom(pixels12, bits=12)), expected)


def test_6_bits_fill_8(tmp_path):
    pixels = np.array([[0, 21, 63]], dtype=np.uint8)
    assert read(tmp_path, dicom(pixels, bits=6)).tolist() == [[0, 85, 255]]


def test_signed_pixels(tmp_path):
    pixels = np.array([[-2048, 0, 2047]], dtype=np.int16)
    expected = [[0, round(2048 / 4095 * 65535), 65535]]
    assert read(tmp_path, dicom(pixels, bits=12)).tolist() == expected


def test_monochrome1_is_inverted(tmp_path, pixels12):
    plain = read(tmp_path, dicom(pixels12, bits=12))
    dataset = dicom(pixels12, bits=12, PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_array_equal(read(tmp_path, dataset), 65535 - plain)


def test_linear_window_by_hand(tmp_path):
    # PS3.3 C.11.2.1.2.1 with centre 2048 and width 4096: x <= -0.5 is black,
    # x > 4094.5 is white; with 100 and 11, x <= 94.5 is black, x > 104.5 is white,
    # and ((x - 99.5) / 10 + 0.5) lies between.
    pixels = np.array([[0, 94, 95, 100, 104, 105, 4095]], dtype=np.uint16)
    dataset = dicom(pixels, bits=12, WindowCenter=100, WindowWidth=11)
    expected = np.rint(np.array([0, 0, 0.05, 0.55, 0.95, 1, 1]) * 65535)
    assert read(tmp_path, dataset).tolist() == [expected.tolist()]


def test_linear_exact_and_sigmoid_windows_by_hand(tmp_path):
    pixels = np.array([[0, 95, 100, 102, 105, 4095]], dtype=np.uint16)
    dataset = dicom(pixels, bits=12, WindowCenter=100, WindowWidth=10)
    dataset.VOILUTFunction = "LINEAR_EXACT"
    expected = np.rint(np.array([0, 0, 0.5, 0.7, 1, 1]) * 65535)
    assert read(tmp_path, dataset).tolist() == [expected.tolist()]
    dataset.VOILUTFunction = "SIGMOID"
    expected = np.rint(65535 / (1 + np.exp(-4 * (pixels - 100.0) / 10)))
    assert read(tmp_path, dataset).tolist() == expected.tolist()


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize("slope", [1, 2.5])
def test_windows_as_pydicom_computes_them(tmp_path, pixels12, function, slope):
    dataset = dicom(
        pixels12,
        bits=12,
        RescaleSlope=slope,
        RescaleIntercept=-1000,
        WindowCenter=[700, 1],
        WindowWidth=[1500, 2],
        VOILUTFunction=function,
    )
    shown = apply_voi_lut(apply_modality_lut(pixels12, dataset), dataset)
    low, high = -1000, 4095 * slope - 1000
    expected = np.rint((shown - low) / (high - low) * 65535)
    # One for a rounding of halves that float64 decides.
    np.testing.assert_allclose(read(tmp_path, dataset), expected, atol=1)


def test_window_of_width_1_is_a_threshold(tmp_path):
    pixels = np.array([[99, 100, 101]], dtype=np.uint16)
    dataset = dicom(pixels, bits=12, WindowCenter=100, WindowWidth=1)
    assert read(tmp_path, dataset).tolist() == [[0, 65535, 65535]]


def test_negative_slope_with_a_window_keeps_black_below_it(tmp_path):
    pixels = np.array([[0, 50, 100]], dtype=np.uint16)
    dataset = dicom(
        pixels,
        bits=12,
        RescaleSlope=-1,
        RescaleIntercept=100,
        WindowCenter=50,
        WindowWidth=100,
        VOILUTFunction="LINEAR_EXACT",
    )
    assert read(tmp_path, dataset).tolist() == [[65535, 32768, 0]]


def test_rescale_without_a_window_fills_the_range(tmp_path):
    pixels = np.array([[0, 1000, 4095]], dtype=np.uint16)
    dataset = dicom(pixels, bits=12, RescaleSlope=3, RescaleIntercept=-500)
    expected = [[0, round(1000 / 4095 * 65535), 65535]]
    assert read(tmp_path, dataset).tolist() == expected


@pytest.mark.parametrize("vr", ["US", "OW"])
def test_modality_lut_as_pydicom_applies_it(tmp_path, pixels12, vr):
    entries = np.rint(np.sqrt(np.arange(3000) / 2999) * 65535).astype(int).tolist()
    dataset = dicom(pixels12, bits=12)
    dataset.ModalityLUTSequence = lut(100, 16, entries, vr=vr)
    dataset.ModalityLUTSequence[0].ModalityLUTType = "US"
    expected = apply_modality_lut(pixels12, dataset)
    np.testing.assert_array_equal(read(tmp_path, dataset), expected)


def test_voi_lut_as_pydicom_applies_it(tmp_path, pixels12):
    entries = np.rint((np.arange(2000) / 1999) ** 2 * 4095).astype(int).tolist()
    dataset = dicom(pixels12, bits=12, WindowCenter=5, WindowWidth=5)
    dataset.VOILUTSequence = lut(500, 12, entries)
    expected = np.rint(apply_voi_lut(pixels12, dataset) * (65535 / 4095))
    np.testing.assert_array_equal(read(tmp_path, dataset), expected)


def test_voi_lut_with_more_entries_than_its_output_has_values(tmp_path, pixels12):
    entries = (np.arange(4096) // 16).tolist()
    dataset = dicom(pixels12, bits=12)
    dataset.VOILUTSequence = lut(0, 8, entries)
    expected = pixels12 // 16 * np.uint16(257)
    np.testing.assert_array_equal(read(tmp_path, dataset), expected)


def test_voi_lut_of_65536_entries_and_a_negative_start(tmp_path):
    pixels = np.array([[-32768, 0, 32767]], dtype=np.int16)
    # Only implicit value representations have lengths for as much.
    dataset = dicom(pixels, syntax=ImplicitVRLittleEndian)
    dataset.VOILUTSequence = lut(-32768, 16, list(range(65536)), vr="OW")
    assert read(tmp_path, dataset).tolist() == [[0, 32768, 65535]]


def test_short_lookup_table(tmp_path, pixels12):
    dataset = dicom(pixels12, bits=12)
    dataset.VOILUTSequence = lut(0, 12, [1, 2, 3])
    dataset.VOILUTSequence[0].LUTDescriptor = [100, 0, 12]
    assert "3 entries where it states 100" in why_not(written(tmp_path, dataset))


@pytest.mark.parametrize(
    "syntax",
    [
        ImplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
    ],
)
def test_uncompressed_transfer_syntaxes(tmp_path, pixels12, syntax):
    expected = np.rint(pixels12 * (65535 / 4095))
    dataset = dicom(pixels12, bits=12, syntax=syntax)
    np.testing.assert_array_equal(read(tmp_path, dataset), expected)


def jpeg_dicom():
    pixels = np.fromfunction(lambda y, x: 2 * y + x, (64, 80)).astype(np.uint8)
    frame = io.BytesIO()
    Image.fromarray(pixels).save(frame, "JPEG", quality=95)
    dataset = dicom(pixels, syntax=JPEGBaseline8Bit)
    dataset.PixelData = encapsulate([frame.getvalue()])
    return dataset, pixels


def test_compressed_pixels(tmp_path):
    dataset, pixels = jpeg_dicom()
    np.testing.assert_allclose(read(tmp_path, dataset), pixels, atol=4)


def test_compressed_without_a_plugin(tmp_path, monkeypatch):
    dataset, _ = jpeg_dicom()
    dataset.file_meta.TransferSyntaxUID = JPEGLSLossless
    path = written(tmp_path, dataset)
    none = SimpleNamespace(is_available=False)
    monkeypatch.setattr("pydicom.pixels.get_decoder", lambda syntax: none)
    reason = why_not(path)
    assert reason.startswith("is compressed as JPEG-LS Lossless Image Compression")
    assert reason.endswith('pip install "cxrclf[dicom]"')


def test_compressed_in_a_way_that_no_plugin_reads(tmp_path):
    dataset, _ = jpeg_dicom()
    dataset.file_meta.TransferSyntaxUID = MPEG2MPML
    assert why_not(written(tmp_path, dataset)).startswith("is compressed as MPEG2")


def test_resized_like_any_other_image(tmp_path, pixels12):
    wide = np.repeat(pixels12, 2, axis=1)
    path = written(tmp_path, dicom(wide, bits=12))
    Image.fromarray(read_image(path)).save(tmp_path / "scan.png")
    for keep in (False, True):
        np.testing.assert_array_equal(
            read_image(path, 20, keep_aspect_ratio=keep),
            read_image(tmp_path / "scan.png", 20, keep_aspect_ratio=keep),
        )


def test_told_by_content_whatever_the_name(tmp_path, pixels12):
    path = written(tmp_path, dicom(pixels12, bits=12), name="IM0001")
    assert read_image(path).shape == (64, 64)


@pytest.mark.parametrize("implicit", [True, False])
@pytest.mark.parametrize("suffix", [".dcm", ".DICOM"])
def test_told_by_suffix_without_the_prefix(tmp_path, pixels12, implicit, suffix):
    syntax = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    dataset = dicom(pixels12, bits=12, syntax=syntax)
    del dataset.file_meta
    path = tmp_path / f"scan{suffix}"
    dataset.save_as(path, implicit_vr=implicit, little_endian=True)
    assert read_image(path).max() == 65535


def test_several_frames(tmp_path):
    pixels = np.zeros((4, 4), dtype=np.uint8)
    dataset = dicom(pixels, NumberOfFrames=2, PixelData=bytes(32))
    assert "of 2 frames" in why_not(written(tmp_path, dataset))


def test_no_pixels(tmp_path):
    dataset = dicom(np.zeros((4, 4), dtype=np.uint8))
    del dataset.PixelData
    assert "no pixel data" in why_not(written(tmp_path, dataset))


def test_text_named_dcm(tmp_path):
    (tmp_path / "scan.dcm").write_text("not a radiograph, " * 20)
    assert why_not(tmp_path / "scan.dcm")


def test_cut_short(tmp_path, pixels12):
    path = written(tmp_path, dicom(pixels12, bits=12))
    path.write_bytes(path.read_bytes()[:-1000])
    assert why_not(path) == "is cut short (truncated)"


@pytest.mark.parametrize(
    ("function", "width"), [("LINEAR", 0.5), ("SIGMOID", 0), ("LINEAR_EXACT", 0)]
)
def test_impossible_window(tmp_path, pixels12, function, width):
    dataset = dicom(pixels12, bits=12, WindowCenter=5, WindowWidth=width)
    dataset.VOILUTFunction = function
    reason = why_not(written(tmp_path, dataset))
    assert reason == f"has a window width of {width}, too small for {function}"


def test_empty_window_is_none(tmp_path, pixels12):
    plain = read(tmp_path, dicom(pixels12, bits=12))
    dataset = dicom(pixels12, bits=12, WindowCenter=None, WindowWidth=None)
    np.testing.assert_array_equal(read(tmp_path, dataset), plain)


def test_without_pydicom(tmp_path, pixels12, monkeypatch):
    path = written(tmp_path, dicom(pixels12, bits=12))
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(MissingDependencyError, match=r"cxrclf\[dicom\]"):
        read_image(path)
