"""What MixupGenerator and ElasticGenerator share: input, types, seeds, pipelines."""

import pickle

import numpy as np
import pandas as pd
import pytest
from imblearn.pipeline import make_pipeline
from PIL import Image
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_validate
from sklearn.preprocessing import FunctionTransformer

from cxrclf.exceptions import ImageReadError
from cxrclf.generation import ElasticGenerator, MixupGenerator
from cxrclf.images import ImageReader
from cxrclf.sampling import GenerativeOverSampler
from rare_images import make_rare

SIZE = 24, 20
both = pytest.mark.parametrize("kind", [MixupGenerator, ElasticGenerator])


@pytest.fixture(scope="module")
def rare(tmp_path_factory):
    return make_rare(tmp_path_factory.mktemp("rare"))


@both
def test_same_seed_same_images(rare, kind):
    generator = kind().fit(rare.pixels, rare.y)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    images = generator.sample(10, "covid", 3)
    np.testing.assert_array_equal(generator.sample(10, "covid", 3), images)
    np.testing.assert_array_equal(generator.sample(4, "covid", 3), images[:4])
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    assert len(np.unique(images, axis=0)) == 10
    assert not np.array_equal(generator.sample(10, "covid", 4), images)


@both
def test_fitted_copies_give_the_same_images(rare, kind):
    generator = kind(0.5).fit(rare.pixels, rare.y)
    images = generator.sample(3, "covid", 0)
    again = clone(generator)
    assert again.get_params() == generator.get_params()
    with pytest.raises(NotFittedError):
        again.sample(3, "covid", 0)
    np.testing.assert_array_equal(
        again.fit(rare.pixels, rare.y).sample(3, "covid", 0), images
    )
    loaded = pickle.loads(pickle.dumps(generator))
    np.testing.assert_array_equal(loaded.sample(3, "covid", 0), images)


@both
@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", ">u2", "f2", "f4", "f8"])
@pytest.mark.parametrize("channels", [(), (1,), (3,)])
def test_images_have_the_type_shape_and_range_of_x(rare, kind, dtype, channels):
    top = 1 if dtype[-2] == "f" else 255
    X = np.empty((18, *SIZE, *channels), dtype)
    X[...] = (top * rare.floats).reshape(18, *SIZE, *[1 for _ in channels])
    images = kind().fit(X, rare.y).sample(5, "covid", 0)
    assert images.dtype == X.dtype
    assert images.shape == (5, *X.shape[1:])
    covid = X[rare.y == "covid"]
    assert covid.min() <= images.min()
    assert images.max() <= covid.max()
    # Rounding to the nearest integer and not down: the floats before differ by 1/2.
    exact = kind().fit(X.astype(float), rare.y).sample(5, "covid", 0)
    tolerance = {"f2": 1e-3, "f4": 1e-6, "f8": 0}.get(dtype, 0.5)
    np.testing.assert_allclose(images, exact, rtol=0, atol=tolerance)


@both
def test_white_images_stay_white(kind):
    X = np.ones((6, 9, 9))
    X[:, 0, 0] = np.arange(6) / 6
    images = kind().fit(X, [0, 1] * 3).sample(200, 0, 0)
    assert images.max() == 1


@both
def test_files_are_read_in_gray_at_the_size(rare, kind):
    generator = kind(image_size=(12, 16)).fit(rare.files, rare.y)
    images = generator.sample(5, "covid", 0)
    read = ImageReader((12, 16)).fit_transform(rare.files)
    expected = kind().fit(read, rare.y).sample(5, "covid", 0)
    np.testing.assert_array_equal(images, expected)
    assert images.dtype == np.uint8
    frame = pd.DataFrame({"path": rare.files, "age": 50})
    again = kind(image_size=(12, 16)).fit(frame, rare.y).sample(5, "covid", 0)
    np.testing.assert_array_equal(again, images)


@both
def test_files_of_16_bits_keep_them(kind, tmp_path):
    paths = [tmp_path / f"{k}.png" for k in range(4)]
    rng = np.random.default_rng(0)
    for path in paths:
        Image.fromarray(rng.integers(0, 65536, (8, 8), dtype=np.uint16)).save(path)
    images = kind(image_size=8).fit(paths, [0, 0, 1, 1]).sample(3, 1, 0)
    assert images.dtype == np.uint16


@both
@pytest.mark.parametrize("form", ["pixels", "floats", "files"])
def test_sampler(rare, kind, form, tmp_path):
    X = getattr(rare, form)
    sampler = GenerativeOverSampler(
        kind(image_size=SIZE), random_state=0, cache_dir=tmp_path
    )
    X_new, y_new = sampler.fit_resample(X, rare.y)
    assert y_new[18:].tolist() == ["covid"] * 6
    np.testing.assert_array_equal(X_new[:18], X)
    images, known = X_new, rare.pixels
    if form == "files":
        images = ImageReader(SIZE).fit_transform(X_new)
    elif form == "floats":
        known = rare.floats
    assert not (images[18:, None] == known[None]).all((2, 3)).any()
    again = clone(sampler).fit_resample(X, rare.y)[0]
    np.testing.assert_array_equal(again, X_new)


def _flatten(images):
    return images.reshape(len(images), -1) / 255


@both
def test_folds_in_parallel(rare, kind):
    pipeline = make_pipeline(
        GenerativeOverSampler(kind(), random_state=0),
        FunctionTransformer(_flatten),
        LogisticRegression(),
    )

    def coefficients(n_jobs):
        scores = cross_validate(
            pipeline, rare.pixels, rare.y, cv=3, n_jobs=n_jobs, return_estimator=True
        )
        return [fold[-1].coef_ for fold in scores["estimator"]]

    alone = coefficients(1)
    np.testing.assert_array_equal(coefficients(2), alone)
    assert not np.array_equal(alone[0], alone[1])


@both
def test_repeats_count_once(rare, kind):
    X = np.concatenate([rare.pixels, rare.pixels[::-1]])
    y = np.concatenate([rare.y, rare.y[::-1]])
    images = kind().fit(X, y).sample(6, "covid", 0)
    expected = kind().fit(rare.pixels, rare.y).sample(6, "covid", 0)
    np.testing.assert_array_equal(images, expected)


@both
def test_labels_of_numbers(rare, kind):
    y = (rare.y == "covid").astype(int)
    generator = kind().fit(rare.pixels, y.tolist())
    np.testing.assert_array_equal(
        generator.sample(3, np.int64(1), 0), generator.sample(3, 1, 0)
    )


@both
def test_bad_input(rare, kind):
    fit = kind().fit
    with pytest.raises(ValueError, match=r"X has 18, and y has 17 labels"):
        fit(rare.pixels, rare.y[:17])
    with pytest.raises(ValueError, match="y is None|requires y"):
        fit(rare.pixels, None)
    with pytest.raises(ImageReadError, match=r"absent\.png"):
        fit(["absent.png", rare.files[0]], [0, 1])
    generator = fit(rare.pixels, rare.y)
    with pytest.raises(ValueError, match=r"\['covid', 'normal'\], not of 'flu'"):
        generator.sample(1, "flu", 0)
    with pytest.raises(ValueError, match="n_samples == 0"):
        generator.sample(0, "covid", 0)


@both
@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"image_size": 0}, "image_size"),
        ({"image_size": (8, 8, 8)}, "image_size must be a positive int or a pair"),
        ({"cache_dir": 3}, "cache_dir"),
    ],
)
def test_bad_parameters(rare, kind, parameters, message):
    with pytest.raises(ValueError, match=message):
        kind(**parameters).fit(rare.pixels, rare.y)
