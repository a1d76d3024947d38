"""Which probes the data allow, and what they see."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cxrclf import CXRClassifier
from cxrclf.audit._make_probes import (
    ProbeFactory,
    _BalancedForest,
    find_image_size,
    read_gray,
)
from cxrclf.audit._pixel_features import border_features, show_corners
from cxrclf.audit._shuffle_pixels import shuffle_pixels
from cxrclf.images import ImageInput

PIXELS = np.random.default_rng(0).integers(1, 256, (6, 128, 128), np.uint8)
MASKS = np.zeros((6, 128, 128), np.uint8)
MASKS[:, 32:96, 32:96] = 1
SOURCE = np.array(["a", "a", "b", "b", "c", "c"])


def make_factory(X=PIXELS, estimator=None, segmenter=None, source=None, **options):
    images = ImageInput.from_X(X, **options)
    factory = ProbeFactory(estimator, images, segmenter, source, random_state=5)
    factory.shown_row = 2
    return factory


@pytest.fixture
def files(tmp_path):
    """Files of three sizes, some of them in color."""
    paths = []
    for number, pixels in enumerate(PIXELS):
        paths.append(str(tmp_path / f"{number}.png"))
        image = Image.fromarray(pixels).resize((40 + number // 2, 40))
        image.convert("RGB" if number % 2 else "L").save(paths[-1])
    return np.array(paths, dtype=object)


def test_all_probes_that_the_data_allow():
    factory = make_factory()
    names = ["border", "corners", "thumbnail", "histogram"]
    assert factory.choose("auto") == names
    assert factory.skipped == {
        "metadata": "X holds pixels and no files",
        "file_size": "X holds pixels and no files",
        "source": "it needs the source of each image",
        "outside_lungs": "it needs a segmenter of the lungs",
        "lung_shape": "it needs a segmenter of the lungs",
        "estimator_outside_lungs": "it needs a segmenter of the lungs",
        "estimator_lungs": "it needs a segmenter of the lungs",
        "estimator_shuffled": "it needs an estimator",
    }


def test_all_probes(files):
    factory = make_factory(files, LogisticRegression(), MASKS, SOURCE)
    assert len(factory.choose("auto")) == 12
    assert factory.skipped == {}
    # In the order of the report.
    assert factory.choose(["thumbnail", "border"]) == ["border", "thumbnail"]


def test_probes_that_are_not_possible_are_refused(files):
    factory = make_factory()
    for probes in ("border", ["frame"]):
        with pytest.raises(ValueError, match="probes must be"):
            factory.choose(probes)
    with pytest.raises(ValueError, match="probes is empty"):
        factory.choose([])
    with pytest.raises(
        ValueError, match="'source' is not possible: it needs the source"
    ):
        factory.choose(["border", "source"])
    same = make_factory(files[[0, 0, 0]], source=SOURCE[:2])
    with pytest.raises(ValueError, match="the headers of all files are the same"):
        same.choose(["metadata"])
    with pytest.raises(ValueError, match="all images have the same source"):
        same.choose(["source"])


def test_metadata_are_the_headers_that_differ(files):
    probe = make_factory(files).make("metadata")
    assert_array_equal(probe.columns["width"], [40, 40, 41, 41, 42, 42])
    assert_array_equal(probe.columns["mode"], [0, 1, 0, 1, 0, 1])  # L, RGB
    assert not {"bytes", "height", "format"} & set(probe.columns)
    assert_array_equal(probe.X, np.column_stack(list(probe.columns.values())))


def test_size_of_files_is_a_probe_of_its_own(files, tmp_path):
    probe = make_factory(files).make("file_size")
    sizes = np.array(
        [(tmp_path / f"{number}.png").stat().st_size for number in range(6)]
    )
    assert_array_equal(probe.columns["bytes"], sizes)
    pixels = 40 * np.array([40, 40, 41, 41, 42, 42])
    assert_array_equal(probe.columns["bytes_per_pixel"], sizes / pixels)


def test_probes_of_pixels_see_features():
    factory = make_factory()
    assert_array_equal(factory.make("border").X, border_features(PIXELS))
    assert_array_equal(factory.make("corners").picture, show_corners(PIXELS[2]))
    assert_array_equal(factory.show_image(), PIXELS[2])
    assert factory.make("thumbnail").X.shape == (6, 64)
    assert factory.make("histogram").X.shape == (6, 32)


def test_probes_of_lungs_see_masks_and_erased_images():
    factory = make_factory(segmenter=MASKS)
    assert factory.count_lungs() == (0, 0)
    shape = factory.make("lung_shape")
    assert_array_equal(shape.picture, MASKS[2] * 255)
    outside = factory.make("outside_lungs")
    assert len(np.unique(outside.picture[32:96, 32:96])) == 1
    assert_array_equal(outside.picture[:16], PIXELS[2, :16])
    missing = MASKS.copy()
    missing[0] = 0
    factory = make_factory(segmenter=missing)
    factory.make("lung_shape")
    assert factory.count_lungs() == (1, 0)


def test_source_is_one_column_per_source():
    probe = make_factory(source=SOURCE).make("source")
    fitted = probe.estimator.fit(np.repeat(probe.X, 5, axis=0), np.repeat(SOURCE, 5))
    assert_array_equal(fitted.predict(probe.X), SOURCE)
    fitted.predict([["d"]])  # a source that the training rows do not have


def test_clones_of_the_estimator_see_changed_images():
    estimator = LogisticRegression(C=3)
    factory = make_factory(estimator=estimator, segmenter=MASKS)
    lungs = factory.make("estimator_lungs")
    assert_array_equal(lungs.X, PIXELS * MASKS)
    assert lungs.estimator is not estimator
    assert lungs.estimator.C == 3
    assert_array_equal(factory.make("estimator_shuffled").X, shuffle_pixels(PIXELS, 5))
    erased = factory.make("estimator_outside_lungs").X
    assert_array_equal(erased[:, :16], PIXELS[:, :16])
    assert (erased[:, 48:80, 48:80] == erased[:, 48:49, 48:49]).all()


def test_images_keep_their_form():
    flat = PIXELS.reshape(6, -1)
    factory = make_factory(flat, LogisticRegression(), MASKS, image_shape=(128, 128))
    assert_array_equal(
        factory.make("estimator_lungs").X, (PIXELS * MASKS).reshape(6, -1)
    )


def test_files_are_read_at_the_size_of_the_estimator(files):
    factory = make_factory(files, CXRClassifier(image_size=32), MASKS)
    assert factory.make("estimator_lungs").X.shape == (6, 32, 32)


class Rectangles(ClassifierMixin, BaseEstimator):
    def __init__(self, image_size=(20, 30)):
        self.image_size = image_size


def test_size_of_an_estimator():
    assert find_image_size(LogisticRegression()) == (224, 224)
    assert find_image_size(CXRClassifier(image_size=64)) == (64, 64)
    pipeline = make_pipeline(StandardScaler(), Rectangles())
    assert find_image_size(pipeline) == (20, 30)


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        (PIXELS, PIXELS),
        (PIXELS.astype(np.uint16) * 257, PIXELS),
        (PIXELS.astype(np.int64), PIXELS),
        (16 * PIXELS.astype(np.uint16) + PIXELS // 16, PIXELS),  # 12 bits
        (PIXELS / 255, PIXELS),
        (np.stack([PIXELS] * 3, axis=-1), PIXELS),
        (np.stack([PIXELS // 3 * 3, PIXELS * 0, PIXELS * 0], axis=-1), PIXELS // 3),
        (MASKS.astype(bool), MASKS * 255),
        (PIXELS[:, ::8, ::8] // 16 * 0 + 7, PIXELS * 0 + 7),
    ],
)
def test_images_become_gray_bytes(X, expected, monkeypatch):
    monkeypatch.setattr("cxrclf.audit._make_probes._CHUNK", 4)
    gray = read_gray(ImageInput.from_X(X))
    assert gray.dtype == np.uint8
    assert_array_equal(gray, expected)


def test_forests_weight_classes_as_scikit_learn_also_for_numbers_as_text():
    rng = np.random.default_rng(0)
    X, codes = rng.random((60, 3)), (rng.random(60) < 0.2).astype(int)
    expected = ExtraTreesClassifier(9, class_weight="balanced", random_state=0)
    expected = expected.fit(X, codes).predict_proba(X[:20])
    for names in (["covid", "normal"], ["0", "1"]):
        forest = _BalancedForest(9, random_state=0).fit(X, np.array(names)[codes])
        assert forest.classes_.tolist() == names
        assert_array_equal(forest.predict_proba(X[:20]), expected)
