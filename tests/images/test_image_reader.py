"""ImageReader as a scikit-learn transformer."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import sklearn
from joblib import parallel_config
from PIL import Image
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import (
    check_do_not_raise_errors_in_init_or_set_params,
    check_estimator_cloneable,
    check_estimator_repr,
    check_get_params_invariance,
    check_no_attributes_set_in_init,
    check_param_validation,
    check_parameters_default_constructible,
    check_set_params,
)
from sklearn.utils.validation import check_is_fitted

from cxrclf.exceptions import ImageReadError, PixelRangeWarning
from cxrclf.images import ImageReader, read_image
from cxrclf.images import _decode_store as store_module


@pytest.fixture
def scans(tmp_path):
    """Paths of 24 images, dark and bright in turn, and which of them are bright."""
    rng = np.random.default_rng(0)
    paths = []
    for i in range(24):
        pixels = rng.integers(0, 120, (30, 40), dtype=np.uint8) + 130 * (i % 2)
        paths.append(str(tmp_path / f"{i:02d}.png"))
        Image.fromarray(pixels.astype(np.uint8)).save(paths[-1])
    return np.array(paths).reshape(-1, 1), np.arange(24) % 2


# check_estimator makes arrays of numbers, and skips nearly all of its checks for
# an estimator that takes paths. These need no X.
@pytest.mark.parametrize(
    "check",
    [
        check_do_not_raise_errors_in_init_or_set_params,
        check_estimator_cloneable,
        check_estimator_repr,
        check_get_params_invariance,
        check_no_attributes_set_in_init,
        check_param_validation,
        check_parameters_default_constructible,
        check_set_params,
    ],
)
def test_scikit_learn_checks(check):
    check("ImageReader", ImageReader())


def test_reads_what_read_image_reads(scans):
    paths, _ = scans
    images = ImageReader(image_size=(8, 6), keep_aspect_ratio=True).transform(paths)
    assert images.shape == (24, 8, 6)
    assert images.dtype == np.uint8
    expected = [
        read_image(path, (8, 6), keep_aspect_ratio=True) for path in paths[:, 0]
    ]
    np.testing.assert_array_equal(images, expected)


def test_paths_in_every_form(scans):
    paths = scans[0][:3]
    reader = ImageReader(image_size=8)
    expected = reader.fit_transform(paths)
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"age": [1, 2, 3], "path": paths[:, 0]})
    for X in (
        paths[:, 0],
        paths.astype(object),
        paths.tolist(),
        [Path(path) for path in paths[:, 0]],
        frame,
        frame["path"],
    ):
        np.testing.assert_array_equal(reader.fit_transform(X), expected)


def test_16_bits_anywhere_make_all_16(scans, tmp_path):
    deep = np.full((4, 4), 50000, dtype=np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    path = scans[0][0, 0]
    reader = ImageReader(image_size=8)
    images = reader.transform([path, tmp_path / "deep.png"])
    assert images.dtype == np.uint16
    assert (images[1] == 50000).all()
    np.testing.assert_array_equal(
        images[0], reader.transform([path])[0] * np.uint16(257)
    )


def test_needs_no_fit_and_learns_nothing(scans):
    reader = ImageReader(image_size=8)
    check_is_fitted(reader)
    before = dict(vars(reader))
    assert reader.fit(scans[0]) is reader
    assert vars(reader) == before
    tags = get_tags(reader)
    assert tags.input_tags.string
    assert not tags.requires_fit


def test_fit_opens_no_file():
    ImageReader().fit([["missing.png"]])


def test_all_unreadable_files_are_named(scans, tmp_path):
    (tmp_path / "empty.png").touch()
    bad = [str(tmp_path / "empty.png"), str(tmp_path / "missing.png")]
    X = np.array([*scans[0][:, 0], *bad], dtype=object)
    with pytest.raises(ImageReadError) as caught:
        ImageReader(image_size=8).transform(X)
    assert list(caught.value.failures) == bad


@pytest.mark.parametrize("method", ["fit", "transform"])
def test_bad_input(method, scans):
    with pytest.raises(ValueError, match=r"array|shape \(2, 3\)"):
        getattr(ImageReader(), method)(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="image_size must be"):
        getattr(ImageReader(image_size=(8, 0)), method)(scans[0])
    with pytest.raises(ValueError, match="'keep_aspect_ratio' parameter"):
        getattr(ImageReader(keep_aspect_ratio="yes"), method)(scans[0])


def test_clone_and_pickle(scans, tmp_path):
    reader = ImageReader(image_size=(8, 6), cache_dir=tmp_path, n_jobs=2)
    images = reader.fit_transform(scans[0])
    for copy in (clone(reader), pickle.loads(pickle.dumps(reader))):
        assert copy.get_params() == reader.get_params()
        np.testing.assert_array_equal(copy.transform(scans[0]), images)


def test_cross_validation_and_grid_search_decode_once(scans, monkeypatch):
    X, y = scans
    names = []

    def counted(path, *args, **options):
        names.append(path)
        return read_image(path, *args, **options)

    monkeypatch.setattr(store_module, "read_image", counted)
    flat = FunctionTransformer(lambda images: images.reshape(len(images), -1) / 255)
    pipe = make_pipeline(ImageReader(image_size=7), flat, LogisticRegression())
    scores = cross_validate(pipe, X, y, cv=4)
    assert scores["test_score"].tolist() == [1] * 4
    GridSearchCV(pipe, {"logisticregression__C": [0.1, 1]}, cv=2).fit(X, y)
    assert sorted(names) == sorted(X[:, 0])


def test_workers_find_what_their_parent_decoded(scans, tmp_path):
    X, y = scans
    reader = ImageReader(image_size=8, cache_dir=tmp_path / "cache")
    reader.fit_transform(X)
    for path in X[:, 0]:  # same size and time, but no image
        status = os.stat(path)
        Path(path).write_bytes(bytes(status.st_size))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    pipe = make_pipeline(reader, DummyClassifier())
    with parallel_config(backend="loky", n_jobs=2):
        scores = cross_validate(pipe, X, y, cv=2, error_score="raise")
    assert scores["test_score"].tolist() == [0.5, 0.5]


def test_images_stay_arrays_when_frames_are_asked_for(scans):
    pytest.importorskip("pandas")
    reader = ImageReader(image_size=8)
    with sklearn.config_context(transform_output="pandas"):
        assert isinstance(reader.fit_transform(scans[0]), np.ndarray)
    assert not hasattr(reader, "set_output")


@pytest.fixture
def twelve_bits(tmp_path):
    """Path of a 16-bit PNG with pixels of 12 bits."""
    values = np.arange(64, dtype=np.uint16).reshape(8, 8) * 65
    Image.fromarray(values).save(tmp_path / "twelve.png")
    return tmp_path / "twelve.png"


def test_few_bits_are_warned_about_at_the_line_of_the_user(twelve_bits):
    message = "no pixel above 4095 of 65535.*for example bits_stored=12"
    reader = ImageReader(image_size=8)
    for _ in range(2):  # also if the store has the image already
        with pytest.warns(PixelRangeWarning, match=message) as caught:
            images = reader.transform([twelve_bits])
        assert caught[0].filename == __file__
    assert images.max() == 4095


def test_bits_stored(twelve_bits, scans):
    reader = ImageReader(image_size=8, bits_stored=12)
    images = reader.fit_transform([twelve_bits])
    expected = np.rint(np.arange(64) * 65 * (65535 / 4095)).reshape(1, 8, 8)
    np.testing.assert_array_equal(images, expected)
    with pytest.raises(ImageReadError, match="set bits_stored=12 or more"):
        ImageReader(image_size=8, bits_stored=10).fit_transform([twelve_bits])


@pytest.mark.parametrize("bits", [1, 17, 12.0, "12"])
def test_bad_bits_stored(scans, bits):
    with pytest.raises(ValueError, match="bits_stored"):
        ImageReader(bits_stored=bits).fit(scans)
