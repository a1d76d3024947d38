"""Nothing repeated, transformed or generated is ever scored."""

import os
from operator import methodcaller

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_validate
from sklearn.preprocessing import FunctionTransformer

from cxrclf.augmentation import AugmentedPath
from cxrclf.datasets import load_image_folder
from cxrclf.images import ImageReader, find_paths
from cxrclf.sampling import AugmentedOverSampler, GenerativeOverSampler, ImageSampler


class Recorder(ClassifierMixin, BaseEstimator):
    """Keeps what it was trained on and what it was asked about."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.trained_on_ = X, y
        self.asked_ = []
        return self

    def predict(self, X):
        self.asked_.append(X)
        return np.repeat(self.classes_[:1], len(X))


def names(X):
    """Return what tells one row from another: the row of paths, or pixels as bytes."""
    paths = find_paths(X)
    if paths is None:
        return [np.ascontiguousarray(image).tobytes() for image in X]
    return [
        path if isinstance(path, AugmentedPath) else os.fspath(path) for path in paths
    ]


@pytest.fixture(params=["augmented", "generative", "repeated"])
def sampler(request, mix_generator):
    return {
        "augmented": AugmentedOverSampler(random_state=0),
        "generative": GenerativeOverSampler(mix_generator, random_state=0),
        "repeated": ImageSampler(RandomOverSampler(random_state=0)),
    }[request.param]


@pytest.mark.parametrize("form", ["array", "flat", "paths", "column", "frame"])
def test_folds_are_scored_on_originals_that_were_not_trained_on(
    sampler, form, few_images, few_files
):
    images, y = few_images
    X = {
        "array": images,
        "flat": images.reshape(21, -1),
        "paths": few_files[0],
        "column": few_files[0][:, None],
        "frame": pd.DataFrame({"path": few_files[0]}),
    }[form]
    if form == "flat" and isinstance(sampler, AugmentedOverSampler):
        sampler.set_params(image_shape=(24, 20))
    originals = names(X)
    assert len(set(originals)) == 21
    folds = cross_validate(
        make_pipeline(sampler, Recorder()),
        X,
        y,
        cv=StratifiedKFold(3),
        return_estimator=True,
        return_indices=True,
        error_score="raise",
    )
    for k, pipeline in enumerate(folds["estimator"]):
        recorder = pipeline[-1]
        train, test = (folds["indices"][part][k] for part in ("train", "test"))
        # Scored: the fold's own rows, each once, and nothing else.
        assert len(recorder.asked_) == 1
        assert names(recorder.asked_[0]) == [originals[row] for row in test]
        # Trained on: the other rows, and what was made from them.
        X_seen, y_seen = recorder.trained_on_
        seen = names(X_seen)
        assert seen[: len(train)] == [originals[row] for row in train]
        assert np.unique(y_seen, return_counts=True)[1].tolist() == [8, 8, 8]
        assert not set(seen) & {originals[row] for row in test}
        added = seen[len(train) :]
        assert len(added) == 24 - len(train)
        if isinstance(sampler, ImageSampler):
            assert set(added) <= {originals[row] for row in train}
        elif form in ("array", "flat"):
            assert not set(added) & set(originals)
        elif isinstance(sampler, AugmentedOverSampler):
            sources = {originals[row] for row in train}
            assert {copy.path for copy in added} <= sources
            assert all(isinstance(copy, AugmentedPath) for copy in added)
        else:
            assert not set(added) & set(originals)
            # The generator saw the training rows alone.
            seen_by_generator = pipeline[0].generator_.fitted_on_[0]
            assert names(seen_by_generator) == [originals[row] for row in train]


def flat_classifier():
    return make_pipeline(
        FunctionTransformer(lambda images: images.reshape(len(images), -1) / 255),
        LogisticRegression(max_iter=1000),
    )


def test_pipelines_from_paths_predict_plain_paths(sampler, few_files):
    paths, y = few_files
    pipeline = make_pipeline(sampler, ImageReader((24, 20)), *flat_classifier())
    predicted = pipeline.fit(paths, y).predict(paths.tolist())
    assert np.mean(predicted == y) == 1


def test_samplers_follow_one_another(mix_generator, few_files):
    paths, y = few_files
    pipeline = make_pipeline(
        ImageSampler(RandomOverSampler(sampling_strategy={"covid": 6})),
        GenerativeOverSampler(mix_generator, sampling_strategy={"covid": 9}),
        AugmentedOverSampler(),
        Recorder(),
    )
    X, y_seen = pipeline.fit(paths, y)[-1].trained_on_
    assert np.unique(y_seen, return_counts=True)[1].tolist() == [12, 12, 12]
    assert sum(isinstance(path, AugmentedPath) for path in X) == 3 + 6


def test_grid_search_over_the_rotation(few_images):
    search = GridSearchCV(
        make_pipeline(AugmentedOverSampler(random_state=0), *flat_classifier()),
        {"augmentedoversampler__rotation": [0, 30]},
        cv=3,
        error_score="raise",
    )
    search.fit(*few_images)
    # Another rotation is another training set.
    coefficients = [
        search.estimator.set_params(augmentedoversampler__rotation=rotation)
        .fit(*few_images)[-1]
        .coef_
        for rotation in (0, 30)
    ]
    assert not np.allclose(*coefficients)


def test_workers_give_what_one_process_gives(sampler, few_files):
    pipeline = make_pipeline(sampler, ImageReader((24, 20)), *flat_classifier())
    pipeline.steps[-2][1].set_params(func=methodcaller("reshape", -1, 480))
    results = [
        cross_validate(
            pipeline, *few_files, cv=3, n_jobs=n_jobs, scoring="neg_log_loss"
        )["test_score"]
        for n_jobs in (1, 2)
    ]
    np.testing.assert_array_equal(*results)


def test_real_radiographs_are_sampled_as_they_are(mix_generator, real_radiographs):
    data = load_image_folder(real_radiographs / "train")
    rows = [
        np.flatnonzero(data.target == c)[:n]
        for c, n in zip(np.unique(data.target), (4, 8, 6), strict=True)
    ]
    rows = np.concatenate(rows)
    X, y = data.data[rows], data.target[rows]
    for sampler in (
        AugmentedOverSampler(random_state=0),
        GenerativeOverSampler(mix_generator, random_state=0),
        ImageSampler(RandomOverSampler(random_state=0)),
    ):
        X_new, y_new = sampler.fit_resample(X, y)
        assert np.unique(y_new, return_counts=True)[1].tolist() == [8, 8, 8]
        assert ImageReader(32).fit_transform(X_new).shape == (24, 32, 32)
