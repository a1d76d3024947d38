"""Headers of files, against the settings with which they were written."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cxrclf.exceptions import ImageReadError
from cxrclf.images import read_image_metadata

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 30), np.uint8)


@pytest.fixture
def files(tmp_path):
    image = Image.fromarray(PIXELS)
    names = ["gray.png", "color.png", "fine.jpg", "coarse.jpg", "deep.tif"]
    paths = [tmp_path / name for name in names]
    image.save(paths[0])
    image.convert("RGB").save(paths[1], dpi=(96, 96))
    image.save(paths[2], quality=95)
    color = image.convert("RGB")
    color.save(paths[3], quality=30, subsampling="4:2:0", progressive=True)
    Image.fromarray(PIXELS.astype(np.uint16) * 257).save(paths[4])
    return paths


def test_values_are_those_of_the_files(files):
    metadata = read_image_metadata(files)
    assert metadata["bytes"].tolist() == [path.stat().st_size for path in files]
    assert metadata["width"].tolist() == [30] * 5
    assert metadata["height"].tolist() == [20] * 5
    assert metadata["aspect"].tolist() == [1.5] * 5
    assert metadata["format"].tolist() == ["PNG", "PNG", "JPEG", "JPEG", "TIFF"]
    assert metadata["mode"].tolist()[:4] == ["L", "RGB", "L", "RGB"]
    assert metadata["bits"].tolist() == [8, 8, 8, 8, 16]
    assert metadata["has_resolution"].tolist()[:2] == [0, 1]
    steps = metadata["jpeg_quantization"]
    assert np.isnan(steps[[0, 1, 4]]).all()
    assert steps[2] < steps[3]
    assert metadata["jpeg_subsampling"].tolist() == ["", "", "gray", "4:2:0", ""]
    assert metadata["jpeg_progressive"].tolist()[2:4] == [0, 1]
    assert not any(name.startswith("dicom") for name in metadata)


def test_all_failures_are_named(files, tmp_path):
    (tmp_path / "empty.png").touch()
    with pytest.raises(ImageReadError) as error:
        read_image_metadata([files[0], tmp_path / "empty.png", tmp_path / "none.png"])
    assert set(error.value.failures) == {
        str(tmp_path / "empty.png"),
        str(tmp_path / "none.png"),
    }


@pytest.mark.parametrize("path", ["a.dcm", b"a.dcm", Path("a.dcm")])
def test_single_path_is_refused(path):
    with pytest.raises(TypeError, match=r"single path .*a\.dcm.*Pass \[path\]"):
        read_image_metadata(path)
