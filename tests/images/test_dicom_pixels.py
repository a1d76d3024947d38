"""Pixel data of DICOM files: stored bits, compression, frames and colors."""

import importlib.util
import io
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

pydicom = pytest.importorskip("pydicom")
from pydicom.data import get_testdata_file  # noqa: E402
from pydicom.encaps import encapsulate  # noqa: E402
from pydicom.uid import (  # noqa: E402
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from cxrclf.images import read_image  # noqa: E402
from dicom_files import dicom, written  # noqa: E402
from image_files import why  # noqa: E402

RNG = np.random.default_rng(0)
TWELVE = np.arange(4096, dtype=np.uint16).reshape(64, 64)
GRAY = np.fromfunction(lambda y, x: 2 * y + x, (64, 80)).astype(np.uint8)
needs_gdcm = pytest.mark.skipif(
    importlib.util.find_spec("gdcm") is None, reason="needs the wheel of GDCM"
)


def read(folder, dataset):
    return read_image(written(folder, dataset))


def stream(pixels, form, **options):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format=form, **options)
    return buffer.getvalue()


def compressed(pixels, syntax, *frames, **elements):
    dataset = dicom(pixels, syntax=syntax, **elements)
    dataset.PixelData = encapsulate(list(frames))
    return dataset


# Stored bits


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian])
@pytest.mark.parametrize("overlay", [0x1000, 0x8000, 0xF000])
def test_bits_above_the_stored_bits(overlay, syntax, tmp_path):
    expected = read(tmp_path, dicom(TWELVE, bits=12))
    mixed = TWELVE | (np.uint16(overlay) * (RNG.random(TWELVE.shape) < 0.5))
    found = read(tmp_path, dicom(mixed.astype(np.uint16), bits=12, syntax=syntax))
    np.testing.assert_array_equal(found, expected)


def test_bits_above_signed_values(tmp_path):
    """The sign is the highest stored bit."""
    values = (TWELVE.astype(np.int16) - 2048).astype(np.int16)
    expected = read(tmp_path, dicom(values, bits=12))
    bits = values.view(np.uint16) & 0x0FFF
    for high in (0x0000, 0xF000, 0x5000):
        found = read(tmp_path, dicom((bits | np.uint16(high)).view(np.int16), bits=12))
        np.testing.assert_array_equal(found, expected)


def test_bits_above_the_stored_bits_of_a_compressed_file(tmp_path):
    mixed = TWELVE | np.uint16(0x8000)
    expected = read(tmp_path, dicom(TWELVE, bits=12))
    dataset = compressed(
        mixed,
        JPEG2000Lossless,
        stream(mixed, "JPEG2000", no_jp2=True),
        BitsStored=12,
        HighBit=11,
    )
    np.testing.assert_array_equal(read(tmp_path, dataset), expected)


@pytest.mark.parametrize("high_bit", [11, 13, 15])
@pytest.mark.parametrize("signed", [False, True])
def test_stored_bits_that_begin_higher(high_bit, signed, tmp_path):
    values = TWELVE.view(np.int16) if signed else TWELVE
    expected = read(tmp_path, dicom(values, bits=12))
    # Other bits are set at random.
    shift = high_bit - 11
    noise = RNG.integers(0, 2**16, TWELVE.shape).astype(np.uint16)
    noise &= np.uint16(~(0x0FFF << shift) & 0xFFFF)
    moved = ((TWELVE << shift) | noise).view(values.dtype)
    found = read(tmp_path, dicom(moved, bits=12, HighBit=high_bit))
    np.testing.assert_array_equal(found, expected)


def test_one_bit(tmp_path):
    bits = RNG.integers(0, 2, (16, 24), dtype=np.uint8)
    dataset = dicom(bits)
    dataset.BitsAllocated = dataset.BitsStored = 1
    dataset.HighBit = 0
    dataset.PixelData = np.packbits(bits, bitorder="little").tobytes()
    np.testing.assert_array_equal(read(tmp_path, dataset), bits * 255)


def test_pairs_of_bytes_that_are_swapped(tmp_path):
    dataset = dicom(GRAY, syntax=ExplicitVRBigEndian)
    dataset.PixelData = GRAY.view("u2").byteswap().tobytes()
    dataset["PixelData"].VR = "OW"
    np.testing.assert_array_equal(read(tmp_path, dataset), GRAY)
    np.testing.assert_array_equal(
        pydicom.dcmread(written(tmp_path, dataset)).pixel_array, GRAY
    )


# Lengths and frames


def test_trailing_bytes_are_no_frame(tmp_path):
    dataset = dicom(GRAY, PixelData=GRAY.tobytes() + bytes(100))
    np.testing.assert_array_equal(read(tmp_path, dataset), GRAY)


@pytest.mark.parametrize("columns", [79, 60, 41])
def test_rows_that_are_longer_than_stated(columns, tmp_path):
    dataset = dicom(GRAY + np.uint8(1))
    dataset.Columns = columns
    reason = why(written(tmp_path, dataset))
    assert f"has 5120 bytes of pixels, but 64 rows and {columns} columns" in reason


@pytest.mark.parametrize("uid", ["1.2.840.10008.1.2.9", "1.2.3.4.5678", "unknown"])
def test_a_transfer_syntax_that_is_not_known(uid, tmp_path):
    path = written(tmp_path, dicom(GRAY, syntax=ExplicitVRLittleEndian))
    stated = ExplicitVRLittleEndian.encode() + b"\0"
    data = path.read_bytes()
    assert data.count(stated) == 1
    path.write_bytes(data.replace(stated, uid.encode().ljust(len(stated), b"\0")))
    assert why(path).startswith(f"has a transfer syntax that is not known, '{uid}'")


def test_no_bytes_of_pixels(tmp_path):
    dataset = dicom(GRAY)
    dataset.PixelData = b""
    assert why(written(tmp_path, dataset)) == "is cut short (truncated)"


@pytest.mark.parametrize("count", [2, 5])
@pytest.mark.parametrize("stated", [{}, {"NumberOfFrames": 1}])
def test_more_frames_than_stated(stated, count, tmp_path):
    dataset = dicom(GRAY, PixelData=GRAY.tobytes() * count, **stated)
    reason = why(written(tmp_path, dataset))
    assert reason.startswith(f"has pixel data of {count} frames, but states one")


def test_more_compressed_frames_than_stated(tmp_path):
    frame = stream(GRAY, "JPEG")
    dataset = compressed(GRAY, JPEGBaseline8Bit, frame, frame, frame)
    reason = why(written(tmp_path, dataset))
    assert reason.startswith("has compressed pixels of 3 frames, but states one")


def test_one_frame_in_several_fragments(tmp_path):
    frame = stream(GRAY, "JPEG", quality=95)
    dataset = dicom(GRAY, syntax=JPEGBaseline8Bit)
    dataset.PixelData = encapsulate([frame], fragments_per_frame=3)
    np.testing.assert_allclose(read(tmp_path, dataset), GRAY, atol=4)


def test_fewer_bytes_than_stated(tmp_path):
    dataset = dicom(GRAY, PixelData=GRAY.tobytes()[:-2])
    assert why(written(tmp_path, dataset)) == "is cut short (truncated)"


def test_no_compressed_frame(tmp_path):
    dataset = dicom(GRAY, syntax=JPEGBaseline8Bit)
    dataset.PixelData = encapsulate([b"\0\0"])
    assert "cannot be decompressed" in why(written(tmp_path, dataset))


# Compression


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("MR_small_RLE.dcm", "MR_small.dcm"),
        ("MR_small_jp2klossless.dcm", "MR_small.dcm"),
        ("MR_small_bigendian.dcm", "MR_small.dcm"),
        ("MR_small_padded.dcm", "MR_small.dcm"),
        pytest.param("MR_small_jpeg_ls_lossless.dcm", "MR_small.dcm", marks=needs_gdcm),
    ],
)
def test_lossless_compression(name, reference):
    np.testing.assert_array_equal(
        read_image(get_testdata_file(name, download=False)),
        read_image(get_testdata_file(reference, download=False)),
    )


def test_a_jpeg_of_12_bits_names_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    reason = why(Path(get_testdata_file("JPGExtended.dcm", download=False)))
    assert "JPEG Extended (Process 2 and 4) with 12 bits, which needs imag" in reason
    assert reason.endswith("pip install imagecodecs")


def test_a_jpeg_of_12_bits_is_decoded_by_imagecodecs(monkeypatch):
    values = RNG.integers(0, 4096, (1024, 256)).astype(np.uint16)
    frames = []

    def jpeg_decode(data):
        frames.append(data)
        return values

    codecs = SimpleNamespace(jpeg_decode=jpeg_decode)
    monkeypatch.setitem(sys.modules, "imagecodecs", codecs)
    found = read_image(get_testdata_file("JPGExtended.dcm", download=False))
    np.testing.assert_array_equal(found, np.rint(values * (65535 / 4095)))
    assert frames[0].startswith(b"\xff\xd8")


def test_a_baseline_jpeg_of_12_bits_is_recognized_by_its_header(tmp_path, monkeypatch):
    """A decoder would return other pixels without an error."""
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    path = get_testdata_file("JPGExtended.dcm", download=False)
    dataset = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    dataset.BitsStored, dataset.HighBit = 8, 7
    assert "with 12 bits, which needs" in why(written(tmp_path, dataset))


def test_a_size_that_differs_from_the_compressed_image(tmp_path):
    dataset = compressed(GRAY, JPEGBaseline8Bit, stream(GRAY[:32], "JPEG"))
    reason = why(written(tmp_path, dataset))
    assert reason.startswith("states 64 × 80 pixels with 1 values each, but its comp")


def test_a_damaged_frame_is_not_blamed_on_a_plugin(tmp_path):
    data = bytearray(stream(GRAY, "JPEG2000", no_jp2=True))
    data[60:] = bytes(len(data) - 60)
    dataset = compressed(GRAY, JPEG2000Lossless, bytes(data))
    reason = why(written(tmp_path, dataset))
    assert "cannot be decompressed from JPEG 2000 Image Compression" in reason
    assert "\n" not in reason


@pytest.mark.parametrize("found", [True, False])
def test_what_to_install_if_all_decoders_fail(found, tmp_path, monkeypatch):
    def fail(dataset, decoding_plugin):
        raise RuntimeError(f"Unable to decode:\n  {decoding_plugin}: no")

    spec = object() if found else None
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    monkeypatch.setattr(pydicom.pixels, "pixel_array", fail)
    dataset = compressed(GRAY, JPEGBaseline8Bit, stream(GRAY, "JPEG"))
    reason = why(written(tmp_path, dataset))
    cure = "it may be damaged" if found else 'pip install "cxrclf[dicom]"'
    assert cure in reason
    assert reason.endswith("(Unable to decode: pillow: no)")


def test_no_advice_to_install_what_has_the_gpl():
    for module in ("_dicom", "_dicom_pixels", "_dicom_header"):
        source = importlib.util.find_spec(f"cxrclf.images.{module}").origin
        with open(source, encoding="utf-8") as file:
            assert "pylibjpeg-libjpeg" not in file.read()


@needs_gdcm
def test_jpeg_ls(tmp_path):
    path = get_testdata_file("JPEGLSNearLossless_16.dcm", download=False)
    dataset = pydicom.dcmread(path)
    assert dataset.file_meta.TransferSyntaxUID != JPEGLSLossless
    expected = np.rint(dataset.pixel_array / (2**dataset.BitsStored - 1) * 65535)
    np.testing.assert_array_equal(read_image(path), expected)


# Colors


def colored(pixels, **elements):
    dataset = dicom(pixels)
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 3, "RGB"
    dataset.PlanarConfiguration = 0
    for name, value in elements.items():
        setattr(dataset, name, value)
    return dataset


def test_a_color_image_of_equal_channels_is_gray(tmp_path):
    rgb = np.repeat(GRAY[..., None], 3, axis=-1)
    np.testing.assert_array_equal(read(tmp_path, colored(rgb)), GRAY)
    planes = colored(rgb, PlanarConfiguration=1)
    planes.PixelData = np.ascontiguousarray(np.moveaxis(rgb, -1, 0)).tobytes()
    np.testing.assert_array_equal(read(tmp_path, planes), GRAY)


def test_a_window_has_no_meaning_for_a_color_image(tmp_path):
    dataset = colored(
        np.stack([GRAY] * 3, axis=2),
        WindowCenter=50,
        WindowWidth=10,
        RescaleSlope=-1,
        RescaleIntercept=0,
    )
    np.testing.assert_array_equal(read(tmp_path, dataset), GRAY)


def test_a_color_jpeg_of_equal_channels_is_gray(tmp_path):
    rgb = np.repeat(GRAY[..., None], 3, axis=-1)
    dataset = colored(rgb, PhotometricInterpretation="YBR_FULL_422")
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    dataset.PixelData = encapsulate([stream(rgb, "JPEG", quality=95)])
    np.testing.assert_allclose(read(tmp_path, dataset), GRAY, atol=4)


def test_a_color_image_whose_channels_differ(tmp_path):
    rgb = np.stack([GRAY, GRAY // 2, GRAY], axis=-1)
    reason = why(written(tmp_path, colored(rgb)))
    assert reason.startswith("is a color DICOM image whose channels differ")
    assert reason.endswith("save it as a gray image")


def test_a_palette(tmp_path):
    dataset = dicom(GRAY, PhotometricInterpretation="PALETTE COLOR")
    reason = why(written(tmp_path, dataset))
    assert reason == "is a color DICOM image (PALETTE COLOR); save it as a gray image"


def test_an_overlay_in_a_group_of_its_own_is_not_drawn(tmp_path):
    dataset = dicom(GRAY)
    dataset.add_new(0x60000010, "US", 64)
    dataset.add_new(0x60000011, "US", 80)
    dataset.add_new(0x60003000, "OW", b"\xff" * 640)
    np.testing.assert_array_equal(read(tmp_path, dataset), GRAY)


def test_rle(tmp_path):
    dataset = dicom(GRAY)
    dataset.compress(RLELossless)
    np.testing.assert_array_equal(read(tmp_path, dataset), GRAY)
