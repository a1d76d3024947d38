"""What all image transformers share, on one that inverts images."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from cxrclf import Augmentation, CXRClassifier
from cxrclf.augmentation import AugmentedPath
from cxrclf.datasets import make_chest_radiographs
from cxrclf.exceptions import ImageReadError
from cxrclf.images import ImageReader
from cxrclf.preprocessing import IntensityNormalizer
from cxrclf.preprocessing import _image_transformer as base_module
from cxrclf.preprocessing._image_transformer import ImageTransformer

SIZE = (12, 10)


class Inverter(ImageTransformer):
    """White to black."""

    def __init__(self, image_size=SIZE, *, cache_dir=None, verbose=0):
        self.image_size = image_size
        self.cache_dir = cache_dir
        self.verbose = verbose

    def _transform_images(self, images):
        if images.dtype.kind == "f":
            return 1 - images
        return np.iinfo(images.dtype).max - images


@pytest.fixture
def paths(tmp_path):
    """Files of 8 bits, of 20 by 16 pixels."""
    names = []
    for i in range(5):
        pixels = np.random.default_rng(i).integers(0, 256, (20, 16), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
        names.append(str(tmp_path / f"{i}.png"))
    return names


def deep_file(folder):
    pixels = np.random.default_rng(9).integers(0, 65536, (20, 16), dtype=np.uint16)
    Image.fromarray(pixels).save(folder / "deep.png")
    return str(folder / "deep.png")


@pytest.mark.parametrize(
    "form",
    [
        list,
        np.array,
        lambda names: np.array(names, dtype=object)[:, np.newaxis],
        lambda names: [Path(name) for name in names],
    ],
    ids=["list", "array", "column", "pathlib"],
)
def test_forms_of_files(paths, form):
    out = Inverter().fit_transform(form(paths))
    assert out.dtype == np.uint8
    assert_array_equal(out, 255 - ImageReader(SIZE).fit_transform(paths))


def test_data_frame_of_files(paths):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"age": range(5), "path": paths}, index=range(5, 10))
    expected = 255 - ImageReader(SIZE).fit_transform(paths)
    assert_array_equal(Inverter().fit_transform(frame), expected)
    with pytest.raises(ValueError, match="column named 'path'"):
        Inverter().fit(frame.rename(columns={"path": "file"}))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_arrays_keep_their_type_and_size(dtype):
    X = np.random.default_rng(0).random((4, 7, 9))
    top = 1
    if np.dtype(dtype).kind == "u":
        top = np.iinfo(dtype).max
    X = (X * top).astype(dtype)
    before = X.copy()
    out = Inverter(image_size=3).fit_transform(X)
    assert out.dtype == dtype
    assert_array_equal(out, (top - X).astype(dtype))
    assert_array_equal(Inverter().transform(X[..., np.newaxis]), out)
    assert_array_equal(X, before)


@pytest.mark.parametrize("chunk_images", [1, 2, 100])
@pytest.mark.parametrize("deep_at", [0, 3, 5])
def test_files_of_8_and_16_bits(paths, tmp_path, monkeypatch, chunk_images, deep_at):
    """Wherever the deep file is, all come back in 16 bits, at the same brightness."""
    monkeypatch.setattr(base_module, "_CHUNK_PIXELS", chunk_images * SIZE[0] * SIZE[1])
    mixed = [*paths[:deep_at], deep_file(tmp_path), *paths[deep_at:]]
    out = Inverter().fit_transform(mixed)
    assert out.dtype == np.uint16
    assert_array_equal(out, 65535 - ImageReader(SIZE).fit_transform(mixed))
    shallow = np.delete(out, deep_at, axis=0)
    assert_array_equal(shallow, Inverter().transform(paths) * np.uint16(257))


def test_chunks_change_nothing(monkeypatch):
    X = np.random.default_rng(0).random((7, 6, 6))
    whole = Inverter().transform(X)
    monkeypatch.setattr(base_module, "_CHUNK_PIXELS", 2 * 36)
    assert_array_equal(Inverter().transform(X), whole)


def test_decoded_files_are_kept(paths, tmp_path):
    cache = tmp_path / "cache"
    Inverter(cache_dir=cache).fit(paths)
    assert not cache.exists()  # fit opens no file
    Inverter(cache_dir=cache).transform(paths)
    assert (cache / "decoded").is_dir()


def test_unreadable_files_are_all_named(paths, tmp_path):
    cut = Path(paths[1])
    cut.write_bytes(cut.read_bytes()[:60])
    missing = str(tmp_path / "missing.png")
    transformer = Inverter().fit([*paths, missing])
    with pytest.raises(ImageReadError) as caught:
        transformer.transform([*paths, missing])
    assert list(caught.value.failures) == [paths[1], missing]


def test_copies_that_a_sampler_made_are_refused(paths):
    copied = AugmentedPath(paths[0], Augmentation(rotation=15), seed=0, copy=0)
    assert os.fspath(copied) == paths[0]
    X = np.array([*paths, copied], dtype=object)
    for method in ("fit", "transform"):
        with pytest.raises(ValueError, match="sampler behind the Inverter"):
            getattr(Inverter(), method)(X)


GREY = np.zeros((2, 6, 6))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (GREY[0], r"shape \(6, 6\).*image\[None\]"),
        (np.zeros((2, 6, 6, 3)), "Convert colors to gray"),
        (GREY[:0], r"0 sample\(s\).* required by Inverter"),
        ([], "X of Inverter must hold .* X is empty"),
        (GREY.astype(int), "int64.*astype"),
        (GREY.astype(bool), "bool.*astype"),
        (GREY - 0.1, r"values from -0.1 to -0.1"),
        (GREY + 255, "Divide 8-bit pixels by 255"),
        (GREY + np.nan, "NaN"),
        (GREY + np.inf, "infinity"),
        ("scan.png", r"\['scan.png'\]"),
    ],
)
def test_bad_input(X, message):
    for method in ("fit", "transform"):
        with pytest.raises(ValueError, match=message):
            getattr(Inverter(), method)(X)


@pytest.mark.parametrize(
    "parameters",
    [{"image_size": 0}, {"image_size": (5,)}, {"image_size": 2.5}, {"verbose": "no"}],
)
def test_bad_parameters(parameters):
    name = next(iter(parameters))
    for method in ("fit", "transform"):
        with pytest.raises(ValueError, match=name):
            getattr(Inverter(**parameters), method)(GREY)


def test_clone_and_pickle(paths):
    transformer = IntensityNormalizer(low=5, image_size=SIZE)
    expected = transformer.fit_transform(paths)
    for copied in (
        clone(transformer),
        pickle.loads(pickle.dumps(transformer)),
    ):
        assert copied.get_params() == transformer.get_params()
        assert_array_equal(copied.transform(paths), expected)


def test_progress_bar(paths, capsys):
    Inverter().transform(paths)
    assert capsys.readouterr().err == ""
    Inverter(verbose=1).transform(paths)
    assert "Inverter" in capsys.readouterr().err


def test_in_front_of_a_classifier(tmp_path):
    data = make_chest_radiographs(12, image_size=32, random_state=0)
    files = [str(tmp_path / f"{i}.png") for i in range(12)]
    for name, image in zip(files, data.images, strict=True):
        Image.fromarray(image).save(name)
    classifier = CXRClassifier(
        "test_resnet",
        weights=None,
        max_epochs=1,
        image_size=32,
        feature_cache=None,
        random_state=0,
    )
    pipeline = make_pipeline(Inverter(image_size=32), classifier)
    probabilities = pipeline.fit(files, data.target).predict_proba(files)
    alone = clone(classifier).fit(255 - data.images, data.target)
    # Exact: the same pixels, and one thread trains the head.
    assert_array_equal(probabilities, alone.predict_proba(255 - data.images))


@pytest.mark.parametrize("n", [2, 3, 5, 7])
def test_no_image_is_left_over_alone(monkeypatch, n):
    """A network rounds a single image differently."""
    monkeypatch.setattr(base_module, "_CHUNK_PIXELS", 2 * 36)
    sizes = []

    class Counter(base_module.ImageTransformer):
        def __init__(self, image_size=6, cache_dir=None, verbose=0):
            self.image_size = image_size
            self.cache_dir = cache_dir
            self.verbose = verbose

        def _transform_images(self, images):
            sizes.append(len(images))
            return images

    images = np.arange(n * 36, dtype=np.uint8).reshape(n, 6, 6)
    np.testing.assert_array_equal(Counter().transform(images), images)
    assert sum(sizes) == n
    assert min(sizes) > 1
