"""The script that predicts without torch and without the library."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cxrclf import CXRClassifier
from cxrclf.datasets import make_chest_radiographs
from cxrclf.export import to_onnx
from cxrclf.images import read_image
from image_files import png_file
from onnx_runtime import needs_onnx_runtime

pytestmark = needs_onnx_runtime
SCRIPT = Path(__file__).parents[2] / "examples" / "predict_with_onnxruntime.py"
# Runs a script while some modules cannot be imported.
_HIDDEN = """
import runpy, sys
for name in ("torch", "timm", "skorch", "sklearn", "cxrclf"):
    sys.modules[name] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture(scope="module", params=[False, True], ids=["stretched", "padded"])
def model(request, tmp_path_factory):
    """Return a fitted classifier and its exported model."""
    data = make_chest_radiographs(12, image_size=64, random_state=0)
    clf = CXRClassifier(
        "test_resnet",
        weights=None,
        max_epochs=1,
        random_state=0,
        precision="float32",
        keep_aspect_ratio=request.param,
        trainable="all",  # so that the probabilities of images differ
        learning_rate=0.01,
    )
    clf.fit(data.images, data.target)
    path = tmp_path_factory.mktemp("model") / "model.onnx"
    to_onnx(clf, path)
    return clf, path


@pytest.fixture
def files(tmp_path):
    """Return files of ordinary kinds."""
    rng = np.random.default_rng(0)
    (large,) = make_chest_radiographs(3, image_size=(716, 601), random_state=1).images[
        :1
    ]
    color = rng.integers(0, 256, (90, 80, 3), dtype=np.uint8)
    transparent = rng.integers(0, 256, (90, 80, 4), dtype=np.uint8)
    images = {
        "gray.png": Image.fromarray(large),
        "same size.png": Image.fromarray(large[:64, :64]),
        "large.jpg": Image.fromarray(large),
        "color.png": Image.fromarray(color),
        "color.jpg": Image.fromarray(color).resize((333, 411)),
        "palette.png": Image.fromarray(color).convert("P"),
        "wide.jpg": Image.fromarray(large).rotate(90, expand=True).convert("RGB"),
        "cmyk.jpg": Image.fromarray(color).convert("CMYK"),
        "binary.png": Image.fromarray(large > 100),
        "transparent.png": Image.fromarray(transparent),
        "gray and transparent.png": Image.fromarray(transparent[..., :2]),
    }
    for name, image in images.items():
        image.save(tmp_path / name)
    return [str(tmp_path / name) for name in images]


@pytest.mark.parametrize("keep_aspect_ratio", [False, True])
def test_pixels_are_those_of_the_library(keep_aspect_ratio, files, import_example):
    script = import_example("predict_with_onnxruntime")
    for path in files:
        for size in [(64, 64), (60, 81)]:
            expected = read_image(path, size, keep_aspect_ratio=keep_aspect_ratio)
            found = script.read(path, size, keep_aspect_ratio)
            np.testing.assert_array_equal(found, expected)


def run(*arguments):
    command = [sys.executable, "-c", _HIDDEN, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_probabilities_are_those_of_the_estimator(model, files):
    clf, path = model
    done = run(path, *files)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["file"] for row in rows] == files
    found = [list(row["probabilities"].values()) for row in rows]
    assert list(rows[0]["probabilities"]) == clf.classes_.tolist()
    np.testing.assert_allclose(found, clf.predict_proba(files), atol=1e-6)


@pytest.mark.parametrize("kind", ["16 bits", "color of 16 bits", "TIFF", "turned"])
def test_other_files_are_refused(kind, model, tmp_path):
    path = tmp_path / "scan.png"
    deep = np.full((64, 64), 40_000, dtype=np.uint16)
    if kind == "16 bits":
        Image.fromarray(deep).save(path)
    elif kind == "color of 16 bits":
        values = np.stack([deep, deep // 2, deep], axis=2)
        path.write_bytes(png_file(values, 16, 2))
    elif kind == "TIFF":
        Image.new("L", (64, 64)).save(path, format="TIFF")
    else:
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.new("L", (64, 64)).save(path, exif=exif)
    done = run(model[1], path)
    assert done.returncode == 1
    assert "is no JPEG or PNG, has more than 8 bits, or is turned" in done.stderr
