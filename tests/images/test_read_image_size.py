"""Sizes from headers are those of the decoded images."""

import numpy as np
import pytest
from PIL import Image

from cxrclf.exceptions import ImageReadError
from cxrclf.images import read_image, read_image_size, read_image_sizes

ORIENTATION = 0x0112


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_files_are_measured_upright(tmp_path, suffix, orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    path = tmp_path / f"scan{suffix}"
    Image.new("L", (30, 20)).save(path, exif=exif)
    expected = (20, 30) if orientation < 5 else (30, 20)
    assert read_image_size(path) == expected == read_image(path).shape


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "I;16"])
def test_all_modes(tmp_path, mode):
    path = tmp_path / "scan.png"
    Image.new(mode, (7, 5)).save(path)
    assert read_image_size(str(path)) == (5, 7) == read_image(path).shape


def test_dicom(tmp_path):
    pydicom = pytest.importorskip("pydicom")
    path = tmp_path / "scan"
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1"
    dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    dataset.Rows, dataset.Columns = 5, 7
    dataset.save_as(path, enforce_file_format=True)  # without any pixels
    assert read_image_size(path) == (5, 7)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".bmp"])
def test_pixels_are_not_read(tmp_path, suffix):
    path = tmp_path / f"scan{suffix}"
    noise = np.random.default_rng(0).integers(0, 256, (60, 80), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    whole = path.read_bytes()
    # Where a TIFF says what it holds, Pillow puts it before the pixels.
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ImageReadError, match="cut short"):
        read_image(path)
    assert read_image_size(path) == (60, 80)


def test_exif_after_the_pixels_of_a_png(tmp_path):
    path = tmp_path / "scan.png"
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    Image.new("L", (30, 20)).save(path, exif=exif)
    whole = path.read_bytes()
    start = whole.index(b"eXIf") - 4
    stop = start + 12 + int.from_bytes(whole[start : start + 4], "big")
    end = len(whole) - 12  # of the pixels; then comes IEND
    late = whole[:start] + whole[stop:end] + whole[start:stop] + whole[end:]
    path.write_bytes(late)
    assert read_image_size(path) == (30, 20) == read_image(path).shape


def test_all_that_cannot_be_read_are_named_at_once(tmp_path):
    whole, empty, text = (tmp_path / name for name in ("a.png", "b.png", "c.png"))
    Image.new("L", (3, 4)).save(whole)
    empty.touch()
    text.write_text("no image")
    missing = tmp_path / "d.png"
    with pytest.raises(ImageReadError) as caught:
        read_image_sizes([empty, whole, text, missing, tmp_path])
    assert caught.value.failures == {
        str(empty): "is empty (0 bytes)",
        str(text): "is not an image, or not of a known format",
        str(missing): "no such file",
        str(tmp_path): "is a folder, not a file",
    }
    np.testing.assert_array_equal(read_image_sizes([whole, whole]), [[4, 3], [4, 3]])
    assert read_image_sizes([]).shape == (0, 2)
