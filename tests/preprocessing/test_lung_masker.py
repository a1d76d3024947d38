"""LungMasker: what stays of an image, what is cut out, and what it needs."""

import pickle

import numpy as np
import pytest
from PIL import Image
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline

from cxrclf import CXRClassifier, UNetSegmenter
from cxrclf.datasets import make_chest_radiographs
from cxrclf.exceptions import ImageReadError, NoLungsWarning
from cxrclf.images import ImageReader, resize
from cxrclf.preprocessing import (
    ArtifactMask,
    LungMasker,
    MaskDilation,
    TextInpainter,
)


class Bright(BaseEstimator):
    """Takes what is brighter than 100 for lungs, at half of the size."""

    def fit(self, X, y):
        self.n_seen_ = len(y)
        return self

    def predict(self, X):
        return np.asarray(X)[:, ::2, ::2] > 100

    def __sklearn_is_fitted__(self):
        return hasattr(self, "n_seen_")


@pytest.fixture
def segmenter():
    return FrozenEstimator(Bright().fit(None, [0]))


@pytest.fixture
def images():
    """Return two bright blocks on a grey gradient, even so that halving is exact."""
    image = np.tile(np.arange(40, dtype=np.uint8) * 2, (30, 1))
    image[6:20, 8:14] = 200
    image[8:24, 22:30] = 150
    return np.stack([image, np.roll(image, 2, axis=0)])


def lungs_of(images):
    return np.repeat(np.repeat(images[:, ::2, ::2] > 100, 2, 1), 2, 2)


@pytest.mark.filterwarnings("ignore:uint16 pixels are divided")
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_mask_keeps_lungs_and_fills_the_rest(images, segmenter, dtype):
    lungs = lungs_of(images)
    if dtype == np.uint16:
        images = images.astype(dtype)  # as dark as 8 bits, for the segmenter
    scale = 1
    if np.dtype(dtype).kind == "f":
        images, scale = images.astype(dtype) / 255, 255

        class Scaled(Bright):
            def predict(self, X):
                return super().predict(X * scale)

        segmenter = FrozenEstimator(Scaled().fit(None, [0]))
    before = images.copy()
    kept = LungMasker(segmenter, fill_value=1.0).fit_transform(images)
    rest = LungMasker(segmenter, keep="background").fit_transform(images)
    top = 1 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max
    assert kept.dtype == rest.dtype == images.dtype
    np.testing.assert_array_equal(kept, np.where(lungs, images, top))
    np.testing.assert_array_equal(rest, np.where(lungs, 0, images))
    np.testing.assert_array_equal(images, before)


def test_crop_is_the_box_around_the_lungs_with_its_margin(images, segmenter):
    cropped = LungMasker(segmenter, mode="crop", margin=0.5).fit_transform(images[:1])
    # Rows 6 to 23 and columns 8 to 29, half as much again on each side, cut at the rim.
    box = Image.fromarray(images[0][0:30, 0:40])
    np.testing.assert_array_equal(cropped[0], np.asarray(box))
    cropped = LungMasker(segmenter, mode="crop", margin=0.0).fit_transform(images[:1])
    box = Image.fromarray(images[0][6:24, 8:30])
    expected = np.asarray(box.resize((40, 30), Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(cropped[0], expected)


def test_both_crops_what_is_masked(images, segmenter):
    masked = LungMasker(segmenter).fit_transform(images)
    both = LungMasker(segmenter, mode="both", margin=0.1).fit_transform(images)
    box = slice(6 - 2, 24 + 2), slice(8 - 2, 30 + 2)
    expected = Image.fromarray(masked[0][box]).resize((40, 30), Image.BILINEAR)
    np.testing.assert_array_equal(both[0], np.asarray(expected))


def test_lungs_are_grown_as_mask_dilation_grows_them(images, segmenter):
    grown = MaskDilation(0.1).fit_transform(lungs_of(images))
    assert grown.sum() > lungs_of(images).sum()
    masked = LungMasker(segmenter, dilation=0.1).fit_transform(images)
    np.testing.assert_array_equal(masked, np.where(grown, images, 0))


@pytest.mark.parametrize("mode", ["mask", "crop", "both"])
def test_boxes_are_the_parts_that_are_returned(images, segmenter, mode):
    masker = LungMasker(segmenter, mode=mode, margin=0)
    result = masker.fit_transform(images)
    height, width = images.shape[1:]
    assert masker.boxes_.shape == (2, 4)
    for image, found, lungs, box in zip(
        images, result, lungs_of(images), masker.boxes_, strict=True
    ):
        if mode == "mask":
            assert box.tolist() == [0, 1, 0, 1]
            continue
        rows, columns = np.nonzero(lungs)
        expected = rows.min() / height, (rows.max() + 1) / height
        expected += columns.min() / width, (columns.max() + 1) / width
        np.testing.assert_allclose(box, expected)
        part = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        source = image if mode == "crop" else image * lungs
        cut = np.ascontiguousarray(source[part])
        np.testing.assert_array_equal(found, resize(cut, (height, width)))


def test_images_without_lungs_stay_and_are_counted(images, segmenter):
    dark = images[:1] // 3
    masker = LungMasker(segmenter).fit(images)
    with pytest.warns(NoLungsWarning, match="1 of 3 images, which stay .* rows 2 of X"):
        masked = masker.transform(np.concatenate([images, dark]))
    assert masker.without_lungs_.tolist() == [2]
    np.testing.assert_array_equal(masked[2], dark[0])
    masker.transform(images)
    assert len(masker.without_lungs_) == 0
    share = lungs_of(images).mean(axis=(1, 2))
    strict = LungMasker(segmenter, min_area=share.min() + 1e-6)
    with pytest.warns(NoLungsWarning, match="2 of 2"):
        strict.fit_transform(images)
    LungMasker(segmenter, min_area=share.min()).fit_transform(images)
    narrow = LungMasker(segmenter, max_area=share.min() - 1e-6)
    with pytest.warns(NoLungsWarning, match="2 of 2"):
        np.testing.assert_array_equal(narrow.fit_transform(images), images)


def test_a_mask_of_everything_is_no_lung(images, segmenter):
    bright = np.full_like(images, 200)
    for keep in ("lungs", "background"):
        with pytest.warns(NoLungsWarning, match="2 of 2"):
            kept = LungMasker(segmenter, keep=keep).fit_transform(bright)
        np.testing.assert_array_equal(kept, bright)


def test_the_background_is_the_first_label(images):
    class Labelled(Bright):
        classes_ = np.array([7, 0, 3])

        def predict(self, X):
            return np.where(super().predict(X), [[[0]]], 7)

    segmenter = FrozenEstimator(Labelled().fit(None, [0]))
    masked = LungMasker(segmenter).fit_transform(images)
    np.testing.assert_array_equal(masked, np.where(lungs_of(images), images, 0))


def test_masks_fit_a_clone(images):
    given = Bright()
    masker = LungMasker(given).fit(images, masks=images > 100)
    assert masker.segmenter_.n_seen_ == 2
    assert not hasattr(given, "n_seen_")
    with pytest.raises(ValueError, match="does not learn from masks"):
        LungMasker(FrozenEstimator(given)).fit(images, masks=images > 100)
    fitted = Bright().fit(None, [0])
    assert LungMasker(fitted).fit(images).segmenter_ is fitted


def test_needs_a_fitted_segmenter(images, segmenter):
    with pytest.raises(ValueError, match="into a FrozenEstimator"):
        LungMasker(Bright()).fit(images)
    with pytest.raises(NotFittedError):
        LungMasker(segmenter).transform(images)
    forgotten = clone(LungMasker(Bright().fit(None, [0])))
    with pytest.raises(ValueError, match="is not fitted"):
        forgotten.fit(images)


def test_takes_an_object_that_predicts_and_needs_no_fit(images, segmenter):
    class Rule:
        def predict(self, X):
            return np.asarray(X)[:, ::2, ::2] > 100

    np.testing.assert_array_equal(
        LungMasker(Rule()).fit_transform(images),
        LungMasker(segmenter).fit_transform(images),
    )


@pytest.mark.parametrize(
    "make",
    [
        LungMasker,
        lambda segmenter: ArtifactMask(segmenter=segmenter),
        lambda segmenter: TextInpainter(ArtifactMask(segmenter=segmenter)),
    ],
)
def test_files_are_not_stretched_for_a_segmenter_of_padded_ones(
    tmp_path, images, segmenter, make
):
    segmenter.estimator.keep_aspect_ratio = True
    path = tmp_path / "scan.png"
    Image.fromarray(images[0]).save(path)
    transformer = make(segmenter).fit(images)
    with pytest.raises(ValueError, match=r"ImageReader\(keep_aspect_ratio=True\)"):
        transformer.transform([path])
    padded = ImageReader(64, keep_aspect_ratio=True).fit_transform([path])
    assert transformer.transform(padded).shape == (1, 64, 64)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"mode": "crop", "keep": "background"}, 'needs mode="mask"'),
        ({"mode": "masks"}, "'mode' parameter"),
        ({"margin": -0.1}, "'margin' parameter"),
        ({"min_area": 2}, "'min_area' parameter"),
        ({"segmenter": 3}, "'segmenter' parameter"),
        ({"image_size": 0}, "image_size"),
    ],
)
def test_wrong_parameters(images, segmenter, parameters, message):
    with pytest.raises(ValueError, match=message):
        LungMasker(**{"segmenter": segmenter, **parameters}).fit(images)


def test_segmenters_that_predict_something_else(images):
    class Classes(Bright):
        def predict(self, X):
            return np.zeros(len(X))

    segmenter = FrozenEstimator(Classes().fit(None, [0]))
    with pytest.raises(ValueError, match="must predict masks"):
        LungMasker(segmenter).fit_transform(images)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("radiographs")
    data = make_chest_radiographs(24, image_size=32, random_state=0)
    paths = [str(folder / f"{k}.png") for k in range(len(data.images))]
    for path, image in zip(paths, data.images, strict=True):
        Image.fromarray(image).save(path)
    return np.array(paths, dtype=object)[:, None], data


@pytest.fixture(scope="module")
def unet(files):
    _, data = files
    unet = UNetSegmenter(
        depth=2, width=8, learning_rate=5e-3, batch_size=4, max_epochs=10,
        random_state=0,
    )  # fmt: skip
    return unet.fit(data.images, data.masks)


def classifier():
    return CXRClassifier(
        "test_resnet", weights=None, max_epochs=1, feature_cache=None, random_state=0
    )


def test_files_are_read_and_masked_in_cross_validate(files, segmenter):
    paths, data = files
    settings = {"cv": 2, "scoring": "neg_log_loss", "error_score": "raise"}
    pipeline = make_pipeline(LungMasker(segmenter, image_size=32), classifier())
    scores = cross_validate(pipeline, paths, data.target, **settings)
    masked = LungMasker(segmenter).fit_transform(data.images)
    assert (masked != data.images).any()
    expected = cross_validate(classifier(), masked, data.target, **settings)
    # Exact: the same pixels, and one thread trains the head.
    np.testing.assert_array_equal(scores["test_score"], expected["test_score"])


# What a segmenter finds after so short a training depends on rounding.
@pytest.mark.filterwarnings("ignore::cxrclf.exceptions.NoLungsWarning")
def test_each_fold_fits_its_own_segmenter(files):
    paths, data = files
    seen = []

    class Listening(UNetSegmenter):
        def fit(self, X, y):
            seen.append(len(y))
            return super().fit(X, y)

        __init__ = UNetSegmenter.__init__

    segmenter = Listening(
        depth=1, width=4, learning_rate=1e-2, max_epochs=10, random_state=0
    )
    pipeline = make_pipeline(
        LungMasker(segmenter, image_size=32, min_area=0.0), classifier()
    )
    scores = cross_validate(
        pipeline,
        paths,
        data.target,
        cv=3,
        params={"lungmasker__masks": data.masks},
        error_score="raise",
    )
    assert seen == [16, 16, 16]
    assert np.isfinite(scores["test_score"]).all()


def test_a_grid_reaches_its_parameters(files, unet):
    paths, data = files
    pipeline = make_pipeline(
        LungMasker(FrozenEstimator(unet), image_size=32), classifier()
    )
    grid = GridSearchCV(
        pipeline,
        {"lungmasker__mode": ["mask", "both"], "lungmasker__dilation": [0.0, 0.05]},
        cv=2,
        error_score="raise",
    ).fit(paths, data.target)
    assert len(grid.cv_results_["params"]) == 4


def test_pickle_and_missing_files(files, unet):
    paths, data = files
    masker = LungMasker(FrozenEstimator(unet), image_size=32).fit(paths)
    again = pickle.loads(pickle.dumps(masker))
    np.testing.assert_array_equal(again.transform(paths), masker.transform(data.images))
    with pytest.raises(ImageReadError, match="no such file"):
        masker.transform(["missing.png", *paths[:2, 0]])
