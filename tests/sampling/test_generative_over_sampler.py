"""GenerativeOverSampler: what the generator gets, and what becomes of its images."""

import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.base import BaseEstimator, clone

from cxrclf._utils.session import session_folder
from cxrclf.images import ImageReader, content_key
from cxrclf.sampling import GenerativeOverSampler, ImageGenerator


class Answer(BaseEstimator):
    """Returns what it is told to, whatever it is asked for. Not an ImageGenerator."""

    def __init__(self, images=None):
        self.images = images

    def fit(self, X, y):
        pass

    def sample(self, n_samples, label, random_state):
        return self.images


def test_generated_images_come_after_those_given(few_images, mix_generator):
    images, y = few_images
    sampler = GenerativeOverSampler(mix_generator, random_state=0)
    X, y_new = sampler.fit_resample(images, y)
    np.testing.assert_array_equal(X[:21], images)
    np.testing.assert_array_equal(y_new[:21], y)
    assert sampler.sampling_strategy_ == {"covid": 9, "pneumonia": 6}
    assert y_new[21:].tolist() == ["covid"] * 9 + ["pneumonia"] * 6
    assert X.dtype == images.dtype
    for image, label in zip(X[21:], y_new[21:], strict=True):
        parents = images[y == label].astype(float)
        pairs = (parents[:, None] + parents[None]) / 2
        assert np.isclose(pairs, image, atol=1).all((2, 3)).any()


def test_the_generator_learns_from_all_samples_as_given(few_files, mix_generator):
    paths, y = few_files
    sampler = GenerativeOverSampler(mix_generator, random_state=0)
    column = paths[:, None]
    sampler.fit_resample(column, y.tolist())
    X_seen, y_seen = sampler.generator_.fitted_on_
    assert X_seen is column
    assert isinstance(y_seen, np.ndarray)
    np.testing.assert_array_equal(y_seen, y)
    assert not hasattr(mix_generator, "fitted_on_")


def test_labels_may_be_the_name_of_y(few_images):
    class Named(ImageGenerator):
        def fit(self, images, labels):
            self.images_ = images
            return self

        def sample(self, n_samples, label, random_state):
            return self.images_[:n_samples]

    images, y = few_images
    X, _ = GenerativeOverSampler(Named(), random_state=0).fit_resample(images, y)
    np.testing.assert_array_equal(X[21:30], images[:9])


def test_fit_alone_trains_no_generator(few_images, mix_generator):
    sampler = GenerativeOverSampler(mix_generator).fit(*few_images)
    assert sampler.sampling_strategy_["covid"] == 9
    assert not hasattr(sampler, "generator_")


def test_paths_get_lossless_files_named_by_content(few_files, mix_generator, tmp_path):
    paths, y = few_files
    sampler = GenerativeOverSampler(mix_generator, random_state=0, cache_dir=tmp_path)
    X, _ = sampler.fit_resample(paths, y)
    assert X[:21].tolist() == paths.tolist()
    new = [Path(path) for path in X[21:]]
    assert {path.parent for path in new} == {tmp_path / "generated"}
    # Whole files alone are left.
    assert set(new) == set((tmp_path / "generated").iterdir())
    rows, _ = GenerativeOverSampler(clone(mix_generator), random_state=0).fit_resample(
        ImageReader((24, 20)).fit_transform(paths), y
    )
    for path, image in zip(new, rows[21:], strict=True):
        with Image.open(path) as file:
            np.testing.assert_array_equal(np.asarray(file), image)
        assert path.stem == f"{content_key(image):016x}"


def test_files_that_are_there_are_not_written_again(few_files, mix_generator, tmp_path):
    sampler = GenerativeOverSampler(mix_generator, random_state=0, cache_dir=tmp_path)
    X, _ = sampler.fit_resample(*few_files)
    before = [Path(path).stat().st_mtime_ns for path in X[21:]]
    again, _ = sampler.fit_resample(*few_files)
    assert again.tolist() == X.tolist()
    assert [Path(path).stat().st_mtime_ns for path in again[21:]] == before


def test_without_cache_dir_files_live_as_long_as_the_process(few_files, mix_generator):
    sampler = GenerativeOverSampler(mix_generator, random_state=0)
    X, _ = sampler.fit_resample(*few_files)
    assert {Path(path).parent for path in X[21:]} == {session_folder() / "generated"}


def test_16_bits_stay_16_bits(few_files, tmp_path):
    images = np.arange(9 * 4 * 4, dtype=np.uint16).reshape(9, 4, 4) * 455
    sampler = GenerativeOverSampler(
        Answer(images),
        sampling_strategy={"covid": 12},
        cache_dir=tmp_path,
        random_state=0,
    )
    X, _ = sampler.fit_resample(*few_files)
    written = ImageReader((4, 4)).fit_transform(X[21:])
    np.testing.assert_array_equal(written, images)


def test_random_state_decides_everything_and_global_generators_stay(
    few_images, mix_generator
):
    def images(random_state):
        sampler = GenerativeOverSampler(mix_generator, random_state=random_state)
        X, _ = sampler.fit_resample(*few_images)
        return X, sampler.generator_.random_state

    before = np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    (one, seed), (same, same_seed) = images(0), images(0)
    np.testing.assert_array_equal(one, same)
    # The generator's own seed, which it has at None, comes from the sampler.
    assert seed == same_seed
    assert isinstance(seed, int)
    assert images(1)[1] != seed
    assert not np.array_equal(one, images(1)[0])
    assert not np.array_equal(images(None)[0], images(None)[0])
    mix_generator.set_params(random_state=11)
    assert images(0)[1] == 11
    np.testing.assert_array_equal(np.random.get_state()[1], before[0])  # noqa: NPY002
    assert random.getstate() == before[1]


def test_any_object_with_the_two_methods_will_do(few_images):
    class Plain:
        def fit(self, X, y):
            self.shape = X.shape[1:]

        def sample(self, n_samples, label, random_state):
            return np.zeros((n_samples, *self.shape), dtype=np.uint8)

    generator = Plain()
    X, _ = GenerativeOverSampler(generator).fit_resample(*few_images)
    assert not X[21:].any()
    assert not hasattr(generator, "shape")


def test_floats_take_the_type_of_those_given(few_images):
    images = (few_images[0] / 255).astype(np.float32)
    sampler = GenerativeOverSampler(
        Answer(np.zeros((9, 24, 20))), sampling_strategy={"covid": 12}
    )
    X, _ = sampler.fit_resample(images, few_images[1])
    assert X.dtype == np.float32


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((8, 24, 20), np.uint8), r"shape \(9, 24, 20\).*got \(8, 24, 20\)"),
        (np.zeros((9, 24, 24), np.uint8), r"shape \(9, 24, 20\).*got \(9, 24, 24\)"),
        (None, r"Answer.sample must return an array of shape"),
        (np.zeros((9, 24, 20)), "must return uint8, the type of X"),
        (np.zeros((9, 24, 20), np.uint16), "must return uint8, the type of X"),
    ],
)
def test_what_the_generator_returns_for_images_is_checked(few_images, images, message):
    sampler = GenerativeOverSampler(Answer(images), sampling_strategy={"covid": 12})
    with pytest.raises(ValueError, match=message):
        sampler.fit_resample(*few_images)


def test_pixels_that_are_no_numbers_are_refused(few_images):
    images = np.zeros((9, 24, 20))
    images[4, 2, 2] = np.nan
    sampler = GenerativeOverSampler(Answer(images), sampling_strategy={"covid": 12})
    with pytest.raises(ValueError, match="NaN or infinite"):
        sampler.fit_resample(few_images[0] / 255, few_images[1])


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((8, 24, 20), np.uint8), r"shape \(9, H, W\).*got \(8, 24, 20\)"),
        (np.zeros((9, 24, 20, 3), np.uint8), r"gray images"),
        (np.zeros((9, 24, 20)), "uint8 or uint16.*255"),
    ],
)
def test_what_the_generator_returns_for_paths_is_checked(
    few_files, images, message, tmp_path
):
    sampler = GenerativeOverSampler(
        Answer(images), sampling_strategy={"covid": 12}, cache_dir=tmp_path
    )
    with pytest.raises(ValueError, match=message):
        sampler.fit_resample(*few_files)
    assert not list(tmp_path.rglob("*.png"))


def test_bad_parameters(few_images, mix_generator, tmp_path):
    with pytest.raises(ValueError, match="'generator' parameter"):
        GenerativeOverSampler(None).fit_resample(*few_images)
    with pytest.raises(TypeError, match=r"pass an object: Answer\(...\)"):
        GenerativeOverSampler(Answer).fit_resample(*few_images)
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ValueError, match="cache_dir must be a folder"):
        GenerativeOverSampler(mix_generator, cache_dir=file).fit_resample(*few_images)


def test_a_generator_has_both_methods():
    class Half(ImageGenerator):
        def fit(self, X, y):
            return self

    with pytest.raises(TypeError, match="abstract"):
        Half()
