"""The residual baseline as any other backbone of the estimators."""

import pickle

import joblib
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

from cxrclf import CXRClassifier, DualBackboneConcat
from cxrclf.datasets import make_chest_radiographs
from cxrclf.exceptions import WeightsError
from tolerances import assert_same_predictions


def baseline_classifier(**parameters):
    defaults = {
        "weights": None,
        "trainable": "all",
        "image_size": 32,
        "max_epochs": 2,
        "random_state": 0,
        # "auto" depends on the processor.
        "precision": "float32",
    }
    return CXRClassifier("residual_baseline", **{**defaults, **parameters})


def test_it_learns_from_few_radiographs():
    data = make_chest_radiographs(150, image_size=64, random_state=0)
    other = make_chest_radiographs(120, image_size=64, random_state=1)
    clf = baseline_classifier(image_size=64, max_epochs=8, body_learning_rate=1e-3)
    clf.fit(data.images, data.target)
    scores = clf.predict_proba(other.images)
    # Five seeds gave 0.71 to 0.77; guessing gives 0.5 with a σ of 0.03.
    assert roc_auc_score(other.target, scores, multi_class="ovr") > 0.6
    assert clf.history_["train_loss"][-1] < 0.5 * clf.history_["train_loss"][0]


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float64"])
@pytest.mark.parametrize("trainable", ["head", 2, "all"])
def test_it_trains_in_part_or_whole_in_each_precision(
    radiographs, trainable, precision
):
    clf = baseline_classifier(trainable=trainable, precision=precision)
    clf.fit(radiographs.images, radiographs.target)
    scores = clf.predict_proba(radiographs.images)
    assert scores.shape == (len(radiographs.images), 3)
    assert np.isfinite(scores).all()
    assert scores.std(0).min() > 0


def test_a_single_image_is_predicted_as_among_others(radiographs):
    clf = baseline_classifier().fit(radiographs.images, radiographs.target)
    alone = clf.predict_proba(radiographs.images[:1])
    among = clf.predict_proba(radiographs.images)[:1]
    assert_same_predictions(alone, among, "float32")


def test_the_feature_cache_changes_nothing(radiographs, tmp_path):
    X, y = radiographs.images, radiographs.target
    for trainable, pooling in (("head", "mean"), ("head", "flatten"), (1, "mean")):
        options = {
            "trainable": trainable,
            "pooling": pooling,
            "cache_dir": tmp_path,
            "precision": "float64",
            "n_threads": 1,
        }
        cached, again = (baseline_classifier(**options).fit(X, y) for _ in range(2))
        plain = baseline_classifier(feature_cache=None, **options).fit(X, y)
        # In parts and rows in another order.
        assert_same_predictions(
            cached.predict_proba(X), plain.predict_proba(X), "float64", trained=True
        )
        # Exact: what the cache has is read as it was computed, and one thread trains.
        np.testing.assert_array_equal(cached.predict_proba(X), again.predict_proba(X))


def test_files_are_read_at_the_size_of_the_study(radiograph_files):
    clf = baseline_classifier(image_size=None, trainable="head", max_epochs=1)
    clf.fit(radiograph_files.data[::5], radiograph_files.target[::5])
    assert clf.image_size_ == (331, 331)


def test_saved_pickled_and_joblibs_classifiers_predict_the_same(radiographs, tmp_path):
    X = radiographs.images
    clf = baseline_classifier().fit(X, radiographs.target)
    expected = clf.predict_proba(X)
    clf.save(tmp_path / "model")
    joblib.dump(clf, tmp_path / "model.joblib")
    for same in (
        CXRClassifier.load(tmp_path / "model"),
        joblib.load(tmp_path / "model.joblib"),
        pickle.loads(pickle.dumps(clf)),
    ):
        np.testing.assert_array_equal(same.predict_proba(X), expected)


def test_workers_give_the_same_baseline(radiographs):
    one, two = (
        cross_val_predict(
            baseline_classifier(n_threads=1),
            radiographs.images,
            radiographs.target,
            cv=2,
            n_jobs=n_jobs,
            method="predict_proba",
        )
        for n_jobs in (1, 2)
    )
    # Exact: one thread computes each layer, in the workers and here.
    np.testing.assert_array_equal(one, two)


def test_it_goes_beside_a_network_of_timm(radiographs):
    dual = DualBackboneConcat(
        ("residual_baseline", "test_resnet"),
        weights=None,
        pointwise_channels=8,
        image_size=32,
        max_epochs=1,
        random_state=0,
    )
    dual.fit(radiographs.images, radiographs.target)
    assert dual.predict_proba(radiographs.images[:2]).shape == (2, 3)


def test_rows_of_numbers_are_images_of_a_pixel():
    generator = np.random.default_rng(0)
    X = generator.random((80, 6), dtype=np.float32)
    y = (X[:, 0] > 0.5).astype(int)
    clf = baseline_classifier(max_epochs=20, body_learning_rate=1e-3, image_size=None)
    # Four seeds gave 0.99 to 1, and guessing gives 0.5.
    assert clf.fit(X, y).score(X, y) > 0.8


def test_imagenet_weights_are_refused(radiographs):
    clf = baseline_classifier(weights="imagenet")
    with pytest.raises(WeightsError, match="No ImageNet weights are published"):
        clf.fit(radiographs.images, radiographs.target)
