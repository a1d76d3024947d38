"""What is computed once: the same numbers, and no work twice."""

import os

import numpy as np
import pytest
import torch
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline
from sklearn.model_selection import GridSearchCV, cross_val_predict

from cxrclf import Augmentation
from cxrclf.images import ImageInput
from cxrclf.nets import ClassificationNetwork
from tolerances import assert_same_predictions

VIEWS = {"augmentation": Augmentation(rotation=15, noise=0.02), "trainable": "head"}


@pytest.fixture
def n_computed(monkeypatch):
    """Count the images that go through a frozen part in this process."""
    counts = []  # several threads append
    compute = ClassificationNetwork.frozen_features

    def counted(self, images):
        # Batches are filled up with rows that occur in them already.
        counts.append(len(torch.unique(images.flatten(1), dim=0)))
        return compute(self, images)

    monkeypatch.setattr(ClassificationNetwork, "frozen_features", counted)

    def since():
        n = sum(counts)
        counts.clear()
        return n

    return since


@pytest.fixture
def cached(small_classifier, tmp_path):
    """Return a function that makes a classifier with a cache of its own."""

    def make(**parameters):
        return small_classifier(**{**VIEWS, "cache_dir": tmp_path, **parameters})

    return make


def weights_of(clf):
    return {k: v.clone() for k, v in clf.net_.module_.state_dict().items()}


@pytest.mark.parametrize("again", [0, 1])
@pytest.mark.parametrize("feature_cache", ["disk", "memory"])
def test_no_test_finds_features_of_another(
    radiographs, small_classifier, n_computed, feature_cache, again
):
    """Guards the fixture own_caches: each of the same two tests computes."""
    X, y = radiographs.images, radiographs.target
    small_classifier(**VIEWS, feature_cache=feature_cache).fit(X, y)
    assert n_computed() == 2 * 30
    small_classifier(**VIEWS, feature_cache=feature_cache).fit(X, y)
    assert n_computed() == 0


@pytest.mark.parametrize("precision", ["float64", "bfloat16"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"class_weight": "balanced", "dropout": 0.3, "validation_fraction": 0.3},
        {"pointwise_channels": 8},
        {"augmentation": None},
    ],
)
def test_a_cache_changes_nothing(cached, radiographs, settings, precision):
    X, y = radiographs.images, radiographs.target
    settings = {"max_epochs": 3, "precision": precision, **settings}
    plain = cached(feature_cache=None, **settings).fit(X, y)
    for kind in ("disk", "memory"):
        cold, warm = (
            cached(feature_cache=kind, **settings).fit(X, y) for _ in range(2)
        )
        assert cold.feature_cache_ == warm.feature_cache_ == "features"
        # Exact: features are read as they were computed, and one thread trains.
        for name, tensor in weights_of(cold).items():
            assert torch.equal(weights_of(warm)[name], tensor), name
        found = cold.predict_proba(X)
        np.testing.assert_array_equal(warm.predict_proba(X), found)
        # The cache computes rows in another order.
        if precision == "float64":
            assert_same_predictions(
                found, plain.predict_proba(X), precision, trained=True
            )


def test_folds_and_candidates_compute_a_view_once(cached, radiographs, n_computed):
    X, y = radiographs.images, radiographs.target
    predicted = cross_val_predict(cached(max_epochs=3), X, y, cv=2, n_jobs=1)
    # Three views of each image. One batch is predicted without the cache.
    assert n_computed() == 3 * 30
    assert len(predicted) == 30
    grid = GridSearchCV(
        cached(max_epochs=3),
        {"learning_rate": [1e-3, 1e-2], "dropout": [0.0, 0.5], "hidden_units": [8]},
        cv=2,
        refit=False,
    )
    grid.fit(X, y)
    assert n_computed() == 0
    grid.set_params(param_grid={"augmentation__rotation": [30]}).fit(X, y)
    assert n_computed() == 3 * 30


def test_workers_share_the_feature_cache(cached, radiograph_files, n_computed):
    X, y = radiograph_files.data, radiograph_files.target
    two = cross_val_predict(cached(), X, y, cv=3, n_jobs=2, method="predict_proba")
    one = cross_val_predict(cached(), X, y, cv=3, method="predict_proba")
    assert n_computed() == 0  # the workers have left all of it
    # Exact: of the same features, one thread trains in the workers and here.
    np.testing.assert_array_equal(one, two)


def test_another_body_or_precision_finds_nothing(cached, radiographs, n_computed):
    X, y = radiographs.images, radiographs.target
    for other in (
        {},
        {"random_state": 1},  # another random body
        {"precision": "float64"},
        {"normalization": "unit"},
        {"image_size": 40},
        {"pointwise_channels": 4},
        {"augmentation": Augmentation(rotation=16, noise=0.02)},
    ):
        cached(**other).fit(X, y)
        assert n_computed() == 2 * 30, other
    # What happens behind the body makes no difference.
    cached(batch_size=4, learning_rate=0.1, class_weight="balanced").fit(X, y)
    assert n_computed() == 0


def test_n_views_repeats_the_first_epochs_views(cached, radiographs, n_computed):
    X, y = radiographs.images, radiographs.target
    settings = {"n_views": 2, "max_epochs": 5, "precision": "float64"}
    clf = cached(feature_cache=None, **settings).fit(X, y)
    assert n_computed() == 5 * 30  # nothing is kept, but the views are the same
    again = cached(**settings).fit(X, y)
    assert n_computed() == 2 * 30
    assert_same_predictions(  # the cache computes rows in another order
        again.history_["train_loss"], clf.history_["train_loss"], "float64",
        trained=True,
    )  # fmt: skip
    cached(max_epochs=2, precision="float64").fit(X, y)
    assert n_computed() == 0
    # As many views as epochs are the exact training, by the same features.
    a, b = (cached(n_views=n, max_epochs=3).fit(X, y) for n in (3, None))
    assert a.history_["train_loss"] == b.history_["train_loss"]


def test_n_views_holds_for_whole_networks_too(cached, radiographs):
    X, y = radiographs.images, radiographs.target
    settings = {"trainable": "all", "max_epochs": 3, "n_threads": 1}
    a, b, c = (cached(n_views=n, **settings).fit(X, y) for n in (3, None, 1))
    assert a.history_["train_loss"] == b.history_["train_loss"]
    assert c.history_["train_loss"] != b.history_["train_loss"]
    assert c.feature_cache_ is None


def test_rows_that_a_sampler_repeats_draw_views_of_their_own(
    cached, radiograph_files, n_computed
):
    X, y = radiograph_files.data, radiograph_files.target
    few = np.r_[np.flatnonzero(y == y[0])[:3], np.flatnonzero(y != y[0])]
    X, y = X[few], y[few]
    size = 3 * np.unique(y, return_counts=True)[1].max()
    pipe = make_pipeline(RandomOverSampler(random_state=0), cached(max_epochs=1))
    pipe.fit(X, y)
    assert n_computed() == size
    # Without augmentation a repeat is the same image.
    pipe.set_params(cxrclassifier__augmentation=None).fit(X, y)
    assert n_computed() == len(X)


@pytest.mark.parametrize("n_stages", [1, 2])
def test_maps_of_frozen_stages_are_kept(cached, radiographs, n_computed, n_stages):
    X, y = radiographs.images, radiographs.target
    settings = {
        "trainable": n_stages,
        "precision": "float64",
        "image_size": 48,
        "batch_size": 30,
    }
    plain = cached(feature_cache=None, **settings).fit(X, y)
    assert plain.feature_cache_ is None
    clf = cached(**settings).fit(X, y)
    assert clf.feature_cache_ == "maps"
    n_computed()
    again = cached(**settings, learning_rate=1e-4).fit(X, y)
    assert n_computed() == 1  # the one that tells how large a map is
    # All rows are one batch: the loss of the first epoch is that of the first weights.
    assert_same_predictions(
        again.history_["train_loss"][:1], clf.history_["train_loss"][:1], "float64"
    )
    # The network whole or in two parts: sums in another order.
    for found, expected in (
        (clf.history_["train_loss"], plain.history_["train_loss"]),
        (clf.predict_proba(X), plain.predict_proba(X)),
    ):
        assert_same_predictions(found, expected, "float64", trained=True)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"feature_cache": None}, "feature_cache is None"),
        ({"feature_cache_bytes": 1000}, "more than feature_cache_bytes=1000"),
        ({"head_epochs": 1}, "head_epochs"),
    ],
)
def test_why_maps_are_not_kept_is_said(cached, radiographs, capsys, settings, reason):
    clf = cached(trainable=1, max_epochs=1, verbose=1, **settings)
    clf.fit(radiographs.images, radiographs.target)
    assert clf.feature_cache_ is None
    assert reason in capsys.readouterr().err


def test_predictions_use_the_feature_cache_and_do_not_change(
    cached, radiographs, n_computed
):
    X, y = radiographs.images, radiographs.target
    clf = cached().fit(X, y)
    n_computed()
    first = clf.predict_proba(X)
    assert n_computed() == 30
    backwards = clf.predict_proba(X[::-1])[::-1]
    assert n_computed() == 0
    # Of the same features, but the head gets rows at other positions of a batch.
    assert_same_predictions(backwards, first, "float32")
    # One batch: computed whole, without the cache.
    assert_same_predictions(clf.predict_proba(X[:3]), first[:3], "float32")


def test_files_are_predicted_while_the_next_are_decoded(
    cached, radiograph_files, monkeypatch
):
    data = radiograph_files
    clf = cached().fit(data.data, data.target)
    whole = clf.predict_proba(data.data)
    stream = ImageInput.stream
    monkeypatch.setattr(
        ImageInput,
        "stream",
        lambda self, image_size, n_rows, **reading: stream(
            self, image_size, 7, **reading
        ),
    )
    # Rows are at other positions of a batch.
    assert_same_predictions(clf.predict_proba(data.data), whole, "float32")


def test_a_cache_too_small_for_a_training_is_said(cached, radiographs, capsys):
    X, y = radiographs.images, radiographs.target
    clf = cached(feature_cache_bytes=1000, verbose=1).fit(X, y)
    assert clf.feature_cache_ is None
    assert "more than feature_cache_bytes=1000" in capsys.readouterr().err


def test_views_that_no_other_fit_has_are_not_kept(cached, radiographs, tmp_path):
    X, y = radiographs.images, radiographs.target
    clf = cached(random_state=None).fit(X, y)
    assert clf.feature_cache_ is None
    assert not list(tmp_path.glob("features/*/*/*.npy"))
    clf = cached(random_state=None, augmentation=None).fit(X, y)
    assert clf.feature_cache_ == "features"


class Inverted(Augmentation):
    def apply(self, images, state):
        return 1 - super().apply(images, state)


def test_views_of_a_subclass_are_its_own(cached, radiographs):
    X, y = radiographs.images, radiographs.target
    plain = cached().fit(X, y)
    inverted = cached(augmentation=Inverted(rotation=15, noise=0.02)).fit(X, y)
    assert inverted.feature_cache_ is None
    assert inverted.history_["train_loss"] != plain.history_["train_loss"]


def test_a_full_disk_changes_nothing(cached, radiographs, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    X, y = radiographs.images, radiographs.target
    expected = cached(feature_cache=None).fit(X, y).predict_proba(X)
    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    found = cached(feature_cache=None).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(found, expected)
