"""DICOM files beside other readers: pydicom's own files, and damaged files."""

import io
import resource
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pydicom = pytest.importorskip("pydicom")
from pydicom.encaps import encapsulate  # noqa: E402
from pydicom.pixels import (  # noqa: E402
    apply_modality_lut,
    apply_voi_lut,
    apply_windowing,
)
from pydicom.uid import (  # noqa: E402
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    RLELossless,
)

from cxrclf.exceptions import ImageReadError  # noqa: E402
from cxrclf.images import read_image  # noqa: E402
from dicom_files import dicom  # noqa: E402
from mutated_files import mutate  # noqa: E402

try:
    import gdcm
except ModuleNotFoundError:
    gdcm = None

needs_gdcm = pytest.mark.skipif(gdcm is None, reason="needs python-gdcm")

FOLDER = Path(pydicom.__file__).parent / "data" / "test_files"
FILES = sorted(path for path in FOLDER.glob("*") if path.is_file())

# The files that are read. All others are refused, for one of the reasons below.
READ = {
    "693_J2KI.dcm",
    "CT_small.dcm",
    "J2K_pixelrep_mismatch.dcm",
    "JPEG2000.dcm",
    "JPEGLSNearLossless_08.dcm",
    "JPEGLSNearLossless_16.dcm",
    "MR_small.dcm",
    "MR_small_RLE.dcm",
    "MR_small_bigendian.dcm",
    "MR_small_expb.dcm",
    "MR_small_implicit.dcm",
    "MR_small_jp2klossless.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "MR_small_padded.dcm",
    "examples_overlay.dcm",
    "image_dfl.dcm",
    "liver_1frame.dcm",
    "liver_expb_1frame.dcm",
    "rtdose_1frame.dcm",
    "rtdose_expb_1frame.dcm",
    "rtdose_rle_1frame.dcm",
}
REASONS = (
    "is a color DICOM image",
    "is not a DICOM image",
    "is a DICOM image of",
    "is cut short",
    "is not an image, or not of a known format",
    "is compressed with gzip",
    "has no value of the DICOM element",
    "has a NumberOfFrames that is no whole number: 1A",
    "with 12 bits, which needs imagecodecs",
    "but its compressed image has",
)


def reference(stored, dataset):
    """Compute the pixels with the functions of pydicom."""
    bits, signed = int(dataset.BitsStored), dataset.PixelRepresentation
    low, high = (
        (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    )
    values = apply_modality_lut(stored, dataset)
    ends = apply_modality_lut(np.array([low, high]), dataset)
    if not _is_empty(dataset.get("VOILUTSequence")):
        values = apply_voi_lut(values, dataset)
        ends = 0, 2 ** dataset.VOILUTSequence[0].LUTDescriptor[2] - 1
    elif not _is_empty(dataset.get("WindowWidth")):
        values = apply_windowing(values, dataset)
    gray = (values.astype(float) - min(ends)) / (max(ends) - min(ends))
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        gray = 1 - gray
    return np.clip(np.rint(gray * (255 if bits <= 8 else 65535)), 0, None)


def _is_empty(value):
    return value is None or value == "" or not str(value).strip("[]")


def parsed(source):
    dataset = pydicom.dcmread(source, force=True)
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit, little = dataset.original_encoding
        syntax = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
        dataset.file_meta.TransferSyntaxUID = syntax if little else ExplicitVRBigEndian
    return dataset


@pytest.mark.filterwarnings("ignore")  # pydicom's about its own files
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_files_of_pydicom(path):
    if path.name not in READ:
        with pytest.raises(ImageReadError) as caught:
            read_image(path)
        (reason,) = caught.value.failures.values()
        assert any(known in reason for known in REASONS), reason
        return
    if gdcm is None and ("JPEGLS" in path.name or "jpeg_ls" in path.name):
        pytest.skip("needs python-gdcm")
    found = read_image(path)
    dataset = parsed(path)
    # One level, for a rounding of halves that float64 decides.
    expected = reference(dataset.pixel_array, dataset)
    np.testing.assert_allclose(found, expected, atol=1)
    assert len(np.unique(found)) > 1


# GDCM ends the process on RT doses, returns packed bits of 1-bit images, and takes the
# sign from the stream, which contradicts the file.
NOT_IN_GDCM = {name for name in READ if name.startswith(("rtdose", "liver"))}
NOT_IN_GDCM.add("J2K_pixelrep_mismatch.dcm")


@needs_gdcm
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(READ - NOT_IN_GDCM))
def test_the_pixels_as_gdcm_decodes_them(name):
    reader = gdcm.ImageReader()
    reader.SetFileName(str(FOLDER / name))
    if not reader.Read():
        pytest.skip("GDCM does not read this file")
    image = reader.GetImage()
    kind = image.GetPixelFormat()
    letter = "i" if kind.GetPixelRepresentation() else "u"
    data = image.GetBuffer().encode("utf-8", "surrogateescape")
    stored = np.frombuffer(data, f"<{letter}{kind.GetBitsAllocated() // 8}")
    dataset = parsed(FOLDER / name)
    stored = stored.reshape(dataset.Rows, dataset.Columns)
    np.testing.assert_allclose(
        read_image(FOLDER / name), reference(stored, dataset), atol=1
    )


# Damaged files

_SECONDS, _BYTES = 5, 400_000_000


def _samples():
    """Return small files of each syntax, with all steps of the conversion."""
    rng = np.random.default_rng(0)
    deep = rng.integers(0, 4096, (40, 36)).astype(np.uint16)
    gray = np.fromfunction(lambda y, x: 2 * y + x, (40, 36)).astype(np.uint8)
    window = {"WindowCenter": 2000, "WindowWidth": 3000}
    for syntax in (
        ExplicitVRLittleEndian,
        ImplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
    ):
        yield dicom(deep, bits=12, syntax=syntax, RescaleSlope=2, RescaleIntercept=-9)
        yield dicom(gray, syntax=syntax, PhotometricInterpretation="MONOCHROME1")
    yield dicom(deep.view(np.int16), bits=12, **window)
    packed = dicom(deep, bits=12, **window)
    packed.compress(RLELossless)
    yield packed
    for pixels, syntax, form, options in (
        (gray, JPEGBaseline8Bit, "JPEG", {"quality": 95}),
        (gray, JPEG2000Lossless, "JPEG2000", {"no_jp2": True}),
        (deep, JPEG2000Lossless, "JPEG2000", {"no_jp2": True}),
    ):
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, format=form, **options)
        dataset = dicom(pixels, syntax=syntax)
        dataset.PixelData = encapsulate([buffer.getvalue()])
        yield dataset


def _second_opinion(data):
    """Return the pixels of a damaged file as pydicom computes them, or None."""
    try:
        dataset = parsed(io.BytesIO(data))
        stored = dataset.pixel_array
        if dataset["PixelData"].VR == "OB" and stored.dtype.itemsize == 1:
            stored = stored & (2**dataset.BitsStored - 1)
        return reference(stored, dataset)
    except Exception:  # pydicom raises errors of any type for damaged files
        return None


@pytest.mark.slow
@needs_gdcm
@pytest.mark.filterwarnings("ignore")
def test_damaged_files_are_refused_or_read_as_pydicom_reads_them(tmp_path, capfd):
    if gdcm.Version.GetVersion() < "3.2":
        pytest.skip("earlier versions of GDCM replace damaged parts of JPEG 2000")
    rng = np.random.default_rng(14)
    sources = []
    for dataset in _samples():
        buffer = io.BytesIO()
        dataset.save_as(buffer, enforce_file_format=True)
        sources.append(buffer.getvalue())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    counts = {"refused": 0, "memory": 0, "compared": 0, "alone": []}
    for number in range(1500):
        data = mutate(sources[number % len(sources)], rng)
        path = tmp_path / "scan.dcm"
        path.write_bytes(data)
        start = time.perf_counter()
        try:
            found = read_image(path)
        except ImageReadError as error:
            counts["refused"] += 1
            counts["memory"] += "memory" in str(error)
        else:
            expected = _second_opinion(data)
            if expected is None:
                counts["alone"].append(number)
            else:
                message = f"file {number}"
                np.testing.assert_allclose(found, expected, atol=1, err_msg=message)
                counts["compared"] += 1
        assert time.perf_counter() - start < _SECONDS
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert peak * 1024 < _BYTES
    with capfd.disabled():
        print(counts)
    assert counts["refused"] > 100
    assert counts["memory"] == 0
    assert counts["compared"] > 300
