import json
import struct

import numpy as np
import pytest
from PIL import Image

from cxrclf._cli.main import main
from cxrclf.images import read_image
from dicom_files import dicom, written


def convert(*arguments):
    return main(["convert", *map(str, arguments)])


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 4096, (30, 20), dtype=np.uint16)


@pytest.fixture
def scans(tmp_path, pixels):
    """A folder with DICOM of 12 bits, of inverted pixels, and of other formats."""
    folder = tmp_path / "scans"
    folder.mkdir()
    written(folder, dicom(pixels, bits=12, PatientName="Doe^Jane", PatientID="X77"))
    written(
        folder,
        dicom(4095 - pixels, bits=12, PhotometricInterpretation="MONOCHROME1"),
        "inverted.dcm",
    )
    (folder / "deep").mkdir()
    Image.fromarray((pixels // 16).astype(np.uint8)).save(folder / "deep/scan.tif")
    return folder


def read_png(path):
    """Return the pixels of a PNG file, and the names of its chunks."""
    data, position, chunks = path.read_bytes(), 8, []
    while position < len(data):
        length, name = struct.unpack(">I4s", data[position : position + 8])
        chunks.append(name.decode())
        position += length + 12
    with Image.open(path) as image:
        return np.array(image), chunks


def test_pixels_as_the_library_reads_them_and_nothing_else(scans, pixels, tmp_path):
    out = tmp_path / "png"
    assert convert(scans, "--out", out, "--jobs", 2) == 0
    names = ["scan.png", "inverted.png", "deep/scan.png"]
    assert sorted(out.rglob("*.png")) == sorted(out / name for name in names)
    found, chunks = read_png(out / "scan.png")
    # Without a window, the 12 bits are scaled to 16 bits.
    expected = np.rint(pixels * (65535 / 4095))
    np.testing.assert_array_equal(found, expected)
    assert set(chunks) == {"IHDR", "IDAT", "IEND"}
    np.testing.assert_array_equal(read_png(out / "inverted.png")[0], expected)
    np.testing.assert_array_equal(read_png(out / "deep/scan.png")[0], pixels // 16)
    for name in names:
        source = (scans / name).with_suffix(".tif" if "deep" in name else ".dcm")
        np.testing.assert_array_equal(read_image(out / name), read_image(source))


def test_bits(scans, pixels, tmp_path):
    for bits in ("8", "16"):
        assert convert(scans, "--out", tmp_path / bits, "--bits", bits) == 0
    wide = np.rint(pixels * (65535 / 4095))
    narrow = np.rint(wide / 257)
    np.testing.assert_array_equal(read_png(tmp_path / "8/scan.png")[0], narrow)
    np.testing.assert_array_equal(read_png(tmp_path / "16/scan.png")[0], wide)
    found = read_png(tmp_path / "16/deep/scan.png")[0]
    np.testing.assert_array_equal(found, (pixels // 16) * 257)


def test_size_and_report(scans, tmp_path, capsys):
    out = tmp_path / "png"
    arguments = ["--size", "16x12", "--keep-aspect-ratio", "--json"]
    assert convert(scans / "scan.dcm", "--out", out, *arguments) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {
        "converted": [
            {
                "path": str(scans / "scan.dcm"),
                "output": str(out / "scan.png"),
                "height": 16,
                "width": 12,
                "bits": 16,
            }
        ],
        "failures": {},
    }
    assert captured.err.startswith("converting: 100%")
    np.testing.assert_array_equal(
        read_png(out / "scan.png")[0],
        read_image(scans / "scan.dcm", (16, 12), keep_aspect_ratio=True),
    )
    assert convert(scans, "--out", out, "--keep-aspect-ratio") == 2
    assert "--keep-aspect-ratio needs --size" in capsys.readouterr().err


def test_unreadable_files_are_named_and_the_rest_is_converted(scans, tmp_path, capsys):
    data = (scans / "inverted.dcm").read_bytes()
    (scans / "inverted.dcm").write_bytes(data[:-100])
    out = tmp_path / "png"
    assert convert(scans, "missing.dcm", "--out", out) == 1
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert lines[1:] == [
        f"{scans / 'scan.dcm'} -> {out / 'scan.png'} (30 x 20, 16 bits)",
        "Converted: 2 of 4",
    ]
    assert "2 of 4 files cannot be read and are left out:" in captured.err
    assert "inverted.dcm: is cut short (truncated)" in captured.err
    assert "missing.dcm: no such file" in captured.err
    assert not (out / "inverted.png").exists()


def test_no_readable_file_is_an_error(tmp_path, capsys):
    assert convert("missing.dcm", "--out", tmp_path / "png", "--json") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "error: 1 image file cannot be read" in captured.err


def test_nothing_is_replaced_by_surprise(scans, tmp_path, capsys):
    out = tmp_path / "png"
    (out / "deep").mkdir(parents=True)
    (out / "deep" / "scan.png").touch()
    assert convert(scans, "--out", out) == 2
    assert "1 of 3 output files exist already, such as" in capsys.readouterr().err
    assert not (out / "scan.png").exists()
    assert convert(scans, "--out", out, "--overwrite", "--quiet") == 0
    assert capsys.readouterr() == ("", "")
    # Never an image that is read.
    assert convert(out, "--out", out, "--overwrite") == 2
    assert "would replace an image that is read" in capsys.readouterr().err


def test_images_with_one_name(scans, tmp_path, capsys):
    other = tmp_path / "other.tif"
    Image.new("L", (4, 4)).save(other.with_name("scan.tif"))
    paths = [scans / "scan.dcm", tmp_path / "scan.tif", scans / "deep" / "scan.tif"]
    assert convert(*paths, "--out", tmp_path / "png") == 0
    names = ["scan.dcm.png", "scan.tif_1.png", "scan.tif_2.png"]
    assert sorted(path.name for path in (tmp_path / "png").iterdir()) == names
    assert "scan.tif_2.png (30 x 20, 8 bits)" in capsys.readouterr().out
