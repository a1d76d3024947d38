"""X in all its forms through all samplers, and X and y that are refused."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import RandomOverSampler
from scipy import sparse
from sklearn.base import BaseEstimator

from cxrclf.sampling import AugmentedOverSampler, GenerativeOverSampler, ImageSampler
from cxrclf.sampling._row_resampler import seeded_clone


@pytest.fixture(params=["augmented", "generative", "selected"])
def sampler(request, mix_generator):
    return {
        "augmented": AugmentedOverSampler(random_state=0),
        "generative": GenerativeOverSampler(mix_generator, random_state=0),
        "selected": ImageSampler(RandomOverSampler(random_state=0)),
    }[request.param]


PATH_FORMS = {
    "list": list,
    "objects": lambda paths: paths,
    "column": lambda paths: paths[:, None],
    "strings": lambda paths: paths.astype(str)[:, None],
    "pathlib": lambda paths: np.array([Path(p) for p in paths], dtype=object),
    "series": lambda paths: pd.Series(paths, name="scan", index=range(100, 121)),
    "frame": lambda paths: pd.DataFrame(
        {"age": range(21), "path": paths}, index=range(100, 121)
    ),
}


@pytest.mark.parametrize("form", PATH_FORMS)
def test_paths_keep_their_form(sampler, form, few_files):
    paths, y = few_files
    X = PATH_FORMS[form](paths)
    X_new, y_new = sampler.fit_resample(X, y)
    assert type(X_new) is type(X)
    assert len(X_new) == len(y_new) == 36
    values = X_new
    if form == "frame":
        assert list(X_new.columns) == ["age", "path"]
        assert X_new["age"][:21].tolist() == list(range(21))
        if hasattr(sampler, "sample_indices_"):
            assert X_new["age"].tolist() == sampler.sample_indices_.tolist()
            assert X_new["age"].dtype == X["age"].dtype
        else:
            assert X_new["age"][21:].isna().all()
        values = X_new["path"]
    if hasattr(X, "iloc"):
        assert X_new.index.tolist() == list(range(36))
        assert getattr(X_new, "name", None) == getattr(X, "name", None)
    elif form != "list":
        assert X_new.shape[1:] == X.shape[1:]
    files = [os.fspath(value) for value in np.ravel(values)]
    assert files[:21] == paths.tolist()
    if hasattr(sampler, "sample_indices_"):
        assert files == paths[sampler.sample_indices_].tolist()


PIXEL_FORMS = {
    "stack": lambda images: images,
    "colour": lambda images: np.repeat(images[..., None], 3, axis=-1),
    "flat": lambda images: images.reshape(21, -1),
    "list": list,
    "lists": lambda images: images.tolist(),
    "frame": lambda images: pd.DataFrame(images.reshape(21, -1)).rename(columns=str),
}


@pytest.mark.parametrize("form", PIXEL_FORMS)
def test_pixels_keep_their_form(sampler, form, few_images):
    images, y = few_images
    X = PIXEL_FORMS[form](images)
    X_new, y_new = sampler.fit_resample(X, y)
    assert type(X_new) is type(X)
    assert len(X_new) == len(y_new) == 36
    np.testing.assert_array_equal(np.asarray(X_new)[:21], np.asarray(X))
    assert {type(row) for row in X_new} == {type(row) for row in X}
    if form == "frame":
        assert X_new.dtypes.tolist() == X.dtypes.tolist()
    elif form == "list":
        assert X_new[-1].dtype == np.uint8


def test_balanced_classes_are_left_alone(sampler, few_images, few_files):
    y = np.arange(20) % 2
    for X in (few_images[0][:20], few_files[0][:20]):
        X_new, y_new = sampler.fit_resample(X, y)
        np.testing.assert_array_equal(X_new, X)
        np.testing.assert_array_equal(y_new, y)


def test_columns_of_another_fit_are_forgotten(sampler, few_images, few_files):
    paths, y = few_files
    sampler.fit(pd.DataFrame({"path": paths}), y)
    assert sampler.n_features_in_ == 1
    assert sampler.get_feature_names_out().tolist() == ["path"]
    sampler.fit(*few_images)
    assert not hasattr(sampler, "n_features_in_")
    assert not hasattr(sampler, "feature_names_in_")


@pytest.mark.parametrize("method", ["fit", "fit_resample"])
@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (
            np.zeros(21),
            ValueError,
            r"files.*\(n, H, W\).*flat rows.*of shape \(21,\)\.",
        ),
        (np.zeros((21, 2, 2, 2, 2)), ValueError, r"of shape \(21, 2, 2, 2, 2\)\."),
        (np.zeros((20, 4, 4)), ValueError, "inconsistent numbers of samples"),
        (np.zeros((0, 4, 4)), ValueError, "0 sample"),
        ([f"{k}.png" for k in range(20)], ValueError, "inconsistent numbers"),
        ("scan.png", ValueError, "Put it in a list"),
        (np.full((21, 2), "scan.png"), ValueError, r"\(n, 1\) or \(n,\)"),
        (pd.DataFrame({"file": ["a.png"] * 21}), ValueError, "column named 'path'"),
        (["a.png", 3] * 10 + ["b.png"], TypeError, "must be str or pathlib.Path"),
        ([np.zeros((2, 2)), np.zeros((3, 3))], ValueError, "images of several sizes"),
        (sparse.csr_array(np.zeros((21, 4))), TypeError, "[Ss]parse"),
    ],
)
def test_images_that_are_refused(sampler, method, X, error, message, few_images):
    with pytest.raises(error, match=message):
        getattr(sampler, method)(X, few_images[1])


def test_frames_of_other_libraries_are_refused(sampler):
    class Frame:
        columns = ("path",)

    with pytest.raises(TypeError, match="pandas.DataFrame, got .*Frame"):
        sampler.fit_resample(Frame(), [0, 1])


@pytest.mark.parametrize("method", ["fit", "fit_resample"])
@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.zeros(21, dtype=int), "more than 1 class"),
        (np.linspace(0, 1, 21), "Unknown label type"),
        (None, "requires y"),
        (np.ones((21, 2), dtype=int), "[Mm]ultilabel"),
    ],
)
def test_labels_that_are_refused(sampler, method, y, message, few_files):
    with pytest.raises(ValueError, match=message):
        getattr(sampler, method)(few_files[0], y)


def test_missing_pixels_are_refused_where_they_are_computed_with(few_images):
    images = few_images[0] / 255
    images[3, 2, 2] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        AugmentedOverSampler().fit_resample(images, few_images[1])


# Clones with seeds


class Nested(BaseEstimator):
    def __init__(self, inner=None, random_state=None):
        self.inner = inner
        self.random_state = random_state


def test_seeds_at_each_level():
    original = Nested(Nested(), random_state=None)
    one, same, other = (seeded_clone(original, seed) for seed in (0, 0, 1))
    assert one.get_params()["inner__random_state"] is not None
    assert one.random_state != one.inner.random_state
    assert one.random_state == same.random_state
    assert one.inner.random_state == same.inner.random_state
    assert one.random_state != other.random_state
    assert original.random_state is None
    assert original.inner.random_state is None


def test_seeds_that_were_set_are_kept():
    clone = seeded_clone(Nested(Nested(random_state=5)), 0)
    assert clone.inner.random_state == 5
    assert clone.random_state is not None


def test_generators_go_on_drawing():
    clone = seeded_clone(Nested(), 0, kind=np.random.RandomState)
    draws = clone.random_state.randint(2**31 - 1, size=2)
    assert draws[0] != draws[1]


def test_an_object_without_parameters_is_copied():
    thing = {"a": [1]}
    copied = seeded_clone(thing, 0)
    assert copied == thing
    assert copied["a"] is not thing["a"]
