"""CycleGANGenerator: forms of X, samples, translation, pipelines and errors."""

import warnings

import numpy as np
import pytest
from imblearn.pipeline import make_pipeline
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import cross_validate

from cxrclf.exceptions import (
    ImageReadError,
    UselessImagesError,
    UselessImagesWarning,
    WeightsError,
)
from cxrclf.images import ImageReader
from cxrclf.sampling import GenerativeOverSampler


@pytest.fixture(scope="module")
def rare(radiographs):
    """Ten normal, ten pneumonia and four covid images."""
    rows = np.concatenate(
        [
            np.flatnonzero(radiographs.target == name)[:n]
            for name, n in (("covid", 4), ("normal", 10), ("pneumonia", 10))
        ]
    )
    return radiographs.images[rows], radiographs.target[rows]


# Forms of X ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "convert",
    [
        lambda x: x,
        lambda x: x.astype(np.uint16) * 257,
        lambda x: (x / 255).astype(np.float32),
        lambda x: x[..., None],
        lambda x: np.repeat(x[..., None], 3, axis=-1),
    ],
    ids=["uint8", "uint16", "float32", "one channel", "color"],
)
def test_samples_have_the_type_and_shape_of_x(make, rare, convert):
    X, y = convert(rare[0]), rare[1]
    generator = make(max_iter=2).fit(X, y)
    images = generator.sample(3, "covid", 0)
    assert images.shape == (3, *X.shape[1:])
    assert images.dtype == X.dtype
    assert np.ptp(images) > 0
    resampled, _ = GenerativeOverSampler(make(max_iter=2), random_state=0).fit_resample(
        X, y
    )
    assert len(resampled) == 30


def test_flat_rows_are_images_of_image_shape(make, rare):
    X, y = rare
    flat = X.reshape(len(X), -1)
    expected = make().fit(X, y).sample(3, "covid", 0)
    generator = make(image_shape=(48, 48)).fit(flat, y)
    images = generator.sample(3, "covid", 0)
    np.testing.assert_array_equal(images, expected.reshape(3, -1))
    with pytest.raises(ValueError, match="Set image_shape"):
        make().fit(flat, y)


def test_files_give_what_their_pixels_give(make, radiograph_files):
    X, y = radiograph_files.data, radiograph_files.target
    pixels = ImageReader(image_size=48).fit_transform(X)
    from_files = make(image_size=48).fit(X, y, ["covid"])
    from_pixels = make().fit(pixels, y, ["covid"])
    images = from_files.sample(4, "covid", 0)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images, from_pixels.sample(4, "covid", 0))
    np.testing.assert_array_equal(
        from_files.translate(X[:3]), from_pixels.translate(pixels[:3])
    )
    assert from_files.input_shape_ is None


def test_bits_stored_is_the_range_of_the_generated_pixels(make, rare):
    X, y = rare[0].astype(np.uint16) * 16, rare[1]
    generator = make(bits_stored=12, max_iter=2).fit(X, y)
    images = generator.sample(3, "covid", 0)
    full = make(max_iter=2).fit((rare[0] / 255 * 65535).round().astype("u2"), y)
    expected = full.sample(3, "covid", 0) / 65535
    # 255 * 16 is not the maximum of 12 bits, 4095.
    np.testing.assert_allclose(images / 4095, expected, atol=0.01)
    assert images.max() <= 4095


def test_images_of_another_size_are_resized_back(make, rare):
    generator = make(image_size=(24, 32), max_iter=2).fit(*rare)
    assert generator.image_size_ == (24, 32)
    assert generator.sample(2, "covid", 0).shape == (2, 48, 48)


# Classes ------------------------------------------------------------------------------


def test_the_largest_class_is_translated_to_the_smallest(make, rare):
    X, y = rare
    keep = np.ones(len(y), bool)
    keep[np.flatnonzero(y == "normal")[:3]] = False
    generator = make(source=None, max_iter=2).fit(X[keep], y[keep])
    assert generator.source_ == "pneumonia"
    assert list(generator.translators_) == ["covid"]


def test_the_sampler_asks_for_the_classes_that_lack_images(make, rare):
    X, y = rare
    y = np.where((y == "pneumonia") & (np.arange(len(y)) > 20), "normal", y)
    sampler = GenerativeOverSampler(make(max_iter=2), random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # more images are needed than normal has
        X_new, y_new = sampler.fit_resample(X, y)
    assert list(sampler.generator_.translators_) == ["covid", "pneumonia"]
    assert sampler.generator_.history_["target"] == ["covid", "pneumonia"]
    added = len(y_new) - len(y)
    assert sampler.source_indices_.shape == (added,)
    assert set(y[sampler.source_indices_]) == {"normal"}
    expected = sampler.generator_.translate(X[sampler.source_indices_[:3]], "covid")
    np.testing.assert_array_equal(X_new[len(X) : len(X) + 3], expected)


# Pipelines ----------------------------------------------------------------------------


def test_folds_are_alike_for_any_number_of_jobs(make, rare, small_classifier):
    pipeline = make_pipeline(
        GenerativeOverSampler(make(max_iter=4, n_threads=1), random_state=0),
        small_classifier(max_epochs=1),
    )
    results = [
        cross_validate(pipeline, *rare, cv=2, n_jobs=n_jobs, return_estimator=True)
        for n_jobs in (1, 2)
    ]
    np.testing.assert_array_equal(*(r["test_score"] for r in results))
    for one, two in zip(*(r["estimator"] for r in results), strict=True):
        generators = [p[0].generator_ for p in (one, two)]
        np.testing.assert_array_equal(*(g.translate(rare[0][:3]) for g in generators))
        np.testing.assert_array_equal(*(p.predict_proba(rare[0]) for p in (one, two)))
    first, second = (p[0].generator_ for p in results[0]["estimator"])
    assert (first.translate(rare[0][:3]) != second.translate(rare[0][:3])).any()


def test_a_clone_has_no_networks(fitted):
    copy = clone(fitted)
    assert not hasattr(copy, "translators_")
    assert copy.get_params() == fitted.get_params()


# Quality ------------------------------------------------------------------------------


@pytest.fixture
def judged(make):
    def make_judged(**parameters):
        return make(
            **{
                "quality_backbone": "test_resnet",
                "quality_weights": None,
                "max_iter": 2,
                **parameters,
            }
        )

    return make_judged


def test_quality_is_that_of_the_translated_training_images(judged, radiographs, lungs):
    X, y = radiographs.images, radiographs.target

    class Segmenter:
        def predict(self, X):
            return np.stack([masks[image.tobytes()] for image in X])

    masks = {
        image.tobytes(): mask for image, mask in zip(X, radiographs.masks, strict=True)
    }
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UselessImagesWarning)
        generator = judged(segmenter=FrozenEstimator(Segmenter())).fit(X, y, ["covid"])
    quality = generator.quality_["covid"]
    # Whether the images are of use depends on the rounding of the processor here.
    assert bool(caught) != quality.useful
    assert (quality.n_generated, quality.n_real) == (10, 10)
    sources, lung = X[y == "normal"], radiographs.masks[y == "normal"]
    change = abs(generator.translate(sources).astype(int) - sources) / 255
    assert quality.change_inside == pytest.approx(change[lung].mean())
    assert quality.recognized_controls is not None


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        (np.zeros((10, 48, 48), bool), "finds no lungs"),
        (np.ones((9, 48, 48), bool), r"shape \(10, h, w\), got \(9, 48, 48\)"),
    ],
)
def test_a_wrong_segmenter_is_found_before_the_training(
    judged, radiographs, masks, message
):
    class Segmenter:
        def predict(self, X):
            return masks

    generator = judged(segmenter=Segmenter(), max_iter=10**9)
    with pytest.raises(ValueError, match=message):
        generator.fit(radiographs.images, radiographs.target)


def test_a_segmenter_that_a_sampler_cloned_needs_a_frozen_estimator(
    judged, radiographs, small_segmenter
):
    generator = judged(segmenter=small_segmenter(), max_iter=10**9)
    with pytest.raises(ValueError, match="FrozenEstimator"):
        generator.fit(radiographs.images, radiographs.target)


def test_quality_does_not_depend_on_the_bits(judged, radiographs):
    X, y = radiographs.images.astype(np.uint16), radiographs.target
    qualities = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UselessImagesWarning)
        for scale, bits in ((257, None), (16, 12)):
            generator = judged(bits_stored=bits).fit(X * scale, y, ["covid"])
            qualities.append(generator.quality_["covid"])
    # 255 * 16 is not the maximum of 12 bits.
    first, second = (quality.kernel_distance.value for quality in qualities)
    assert first == pytest.approx(second, rel=0.1, abs=0.01)


def test_useless_images_are_warned_of_or_refused(judged, radiographs):
    X, y = radiographs.images.copy(), radiographs.target
    # Noise differs so much that two steps cannot make it.
    noise = np.random.default_rng(0).integers(0, 256, X[y == "covid"].shape)
    X[y == "covid"] = noise
    keep = np.flatnonzero(y == "covid")[2:]
    rows = np.sort(np.concatenate([np.flatnonzero(y != "covid"), keep]))
    sampler = GenerativeOverSampler(judged(on_useless="raise"), random_state=0)
    with pytest.raises(UselessImagesError, match="covid.*of no use"):
        sampler.fit_resample(X[rows], y[rows])
    with pytest.warns(UselessImagesWarning, match="covid.*of no use"):
        judged().fit(X[rows], y[rows], ["covid"])
    quality = sampler.generator_.quality_["covid"]
    assert quality.reference_accuracy > 0.9
    assert quality.gain < 1 / 3


def test_missing_weights_are_found_before_the_training(judged, radiographs, tmp_path):
    generator = judged(quality_weights=tmp_path / "missing.pth", max_iter=10**9)
    with pytest.raises(WeightsError):
        generator.fit(radiographs.images, radiographs.target)


# Errors -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"image_size": 50}, r"multiples of 4.*Set image_size.*\(48, 48\)"),
        ({"image_size": 20}, r"\(24, 24\)"),
        ({"max_iter": None}, "Set one of them"),
        ({"width": 0}, "width"),
        ({"on_useless": "no"}, "on_useless"),
        ({"ema_decay": 1.0}, "ema_decay"),
        ({"checkpoint_dir": ".", "random_state": None}, "int random_state"),
        ({"device": "cuda:77"}, "not available"),
        ({"source": "cancer"}, "no class 'cancer'"),
        ({"on_useless": "raise"}, "need a quality_backbone"),
        ({"max_distance": 0.5}, "need a quality_backbone"),
    ],
)
def test_wrong_parameters_are_refused(make, radiographs, parameters, message):
    with pytest.raises(ValueError, match=message):
        make(**{"max_iter": 10**9, **parameters}).fit(
            radiographs.images, radiographs.target
        )


def test_arrays_of_odd_sides_need_an_image_size(make, radiographs):
    X = radiographs.images[:, :46, :47]
    with pytest.raises(ValueError, match=r"46 x 47 px. Set image_size.*\(48, 48\)"):
        make().fit(X, radiographs.target)
    generator = make(image_size=48, max_iter=2).fit(X, radiographs.target)
    assert generator.translate(X[:2]).shape == (2, 46, 47)


def test_unreadable_files_are_named(make, radiograph_files, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n")
    X = np.array([*radiograph_files.data[:, 0], broken, broken], dtype=object)
    y = np.array([*radiograph_files.target, "normal", "covid"])
    with pytest.raises(ImageReadError, match=r"broken\.png"):
        make().fit(X, y)


@pytest.mark.parametrize("scale", [255, -1])
def test_floats_outside_the_unit_range_are_refused(make, radiographs, scale):
    X = radiographs.images / 255 * scale
    with pytest.raises(ValueError, match=r"must be in \[0, 1\].*Divide"):
        make(max_iter=10**9).fit(X, radiographs.target)


def test_labels_and_images_must_match(make, radiographs):
    with pytest.raises(ValueError, match="29"):
        make().fit(radiographs.images, radiographs.target[:29])


def test_an_unknown_label_names_those_that_are_generated(fitted):
    with pytest.raises(ValueError, match=r"\['covid'\].*labels=\['pneumonia'\]"):
        fitted.sample(3, "pneumonia", 0)
    with pytest.raises(ValueError, match="3 channels.*fitted on images of 1"):
        fitted.translate(np.zeros((2, 48, 48, 3), np.uint8))


def test_a_failed_fit_keeps_the_earlier_one(make, radiographs):
    generator = make(max_iter=2).fit(radiographs.images, radiographs.target)
    before = generator.translate(radiographs.images[:2])
    generator.set_params(learning_rate=1e38, max_iter=30)
    with pytest.raises(ValueError, match="diverged"):
        generator.fit(radiographs.images, radiographs.target)
    np.testing.assert_array_equal(generator.translate(radiographs.images[:2]), before)
