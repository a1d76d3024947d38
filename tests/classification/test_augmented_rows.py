"""Rows of X that are transformed copies of files."""

import numpy as np
import pytest
import torch
from imblearn.pipeline import make_pipeline
from sklearn.model_selection import cross_validate

from cxrclf import Augmentation
from cxrclf._training.samples import PixelSamples
from cxrclf._utils.keyed_random import keyed_state
from cxrclf.augmentation import AugmentedPath
from cxrclf.images import DecodeStore, content_key
from cxrclf.sampling import AugmentedOverSampler
from tolerances import assert_same_predictions

ROTATION = Augmentation(rotation=90, shift=0.1)


@pytest.fixture
def fitted(radiograph_files, small_classifier):
    data = radiograph_files
    return small_classifier(trainable="head").fit(data.data, data.target)


def test_a_copy_is_predicted_as_its_transformed_pixels(fitted, radiograph_files):
    paths = radiograph_files.data[:, 0]
    copies = [AugmentedPath(paths[k], ROTATION, seed=5, copy=k % 2) for k in range(6)]
    rows = np.array([paths[0], *copies, paths[1]], dtype=object)

    stored = DecodeStore((32, 32)).fetch([*paths[:6]])
    pixels = torch.from_numpy(stored.gather(np.arange(6))[:, None] / np.float32(255))
    keys = [content_key(image) for image in stored.gather(np.arange(6))]
    state = keyed_state(5, keys, np.arange(6) % 2)
    by_hand = ROTATION.apply(pixels, state)[:, 0].numpy()

    proba = fitted.predict_proba(rows)
    expected = fitted.predict_proba(by_hand.astype(np.float32))
    assert_same_predictions(proba[1:-1], expected, "float32")
    plain = fitted.predict_proba(paths[:6])
    assert_same_predictions(proba[[0, -1]], plain[:2], "float32")
    assert np.abs(proba[1:-1] - plain).max() > 1e-3
    # A column of a frame's kind, and a shape of (n, 1).
    np.testing.assert_array_equal(fitted.predict_proba(rows[:, None]), proba)


def test_copies_stay_on_the_side_of_their_original(
    radiograph_files, small_classifier, monkeypatch
):
    seen = []
    init = PixelSamples.__init__

    def spy(self, data, *args, **kwargs):
        seen.append(data.images.keys[data.schedule.all_rows()])
        init(self, data, *args, **kwargs)

    monkeypatch.setattr(PixelSamples, "__init__", spy)
    data = radiograph_files
    sampler = AugmentedOverSampler(sampling_strategy={"covid": 30}, random_state=0)
    X, y = sampler.fit_resample(data.data, data.target)
    small_classifier(max_epochs=1, validation_fraction=0.3).fit(X, y)
    train, valid = seen
    assert len(train) > len(data.data) - len(valid)
    assert not set(train.tolist()) & set(valid.tolist())
    # Originals only, each once: no copy is validated on.
    assert len(set(valid.tolist())) == len(valid) > 5


@pytest.mark.parametrize("augmentation", [None, Augmentation(horizontal_flip=True)])
def test_the_feature_cache_tells_copies_apart(
    radiograph_files, small_classifier, tmp_path, augmentation
):
    data = radiograph_files
    sampler = AugmentedOverSampler(rotation=90, random_state=0)
    X, y = sampler.fit_resample(data.data[5:], data.target[5:])
    assert len(X) > 25
    settings = {
        "trainable": "head",
        "augmentation": augmentation,
        "precision": "float64",
    }
    without = small_classifier(feature_cache=None, **settings).fit(X, y)
    for _ in range(2):
        cached = small_classifier(cache_dir=tmp_path, **settings).fit(X, y)
        assert cached.feature_cache_ == "features"
        # The cache computes rows in another order.
        assert_same_predictions(
            cached.predict_proba(data.data),
            without.predict_proba(data.data),
            "float64",
            trained=True,
        )


def test_a_pipeline_from_files_predicts_plain_paths(radiograph_files, small_classifier):
    data = radiograph_files
    pipe = make_pipeline(AugmentedOverSampler(random_state=0), small_classifier())
    scores = cross_validate(pipe, data.data, data.target, cv=3, error_score="raise")
    assert np.isfinite(scores["test_score"]).all()


def test_copies_without_originals_are_no_validation_set(
    radiograph_files, small_classifier
):
    paths, y = radiograph_files.data[:, 0], radiograph_files.target
    copies = [AugmentedPath(path, ROTATION, seed=5, copy=0) for path in paths]
    clf = small_classifier(validation_fraction=0.3)
    with pytest.raises(ValueError, match="holds out transformed copies"):
        clf.fit(copies, y)
