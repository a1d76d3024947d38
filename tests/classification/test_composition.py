"""CXRClassifier inside scikit-learn's and imbalanced-learn's machinery."""

import numpy as np
import pytest
import sklearn
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline as make_imblearn_pipeline
from sklearn.base import clone
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedGroupKFold,
    cross_val_predict,
    cross_validate,
)
from sklearn.pipeline import make_pipeline

from cxrclf import Augmentation
from cxrclf.images import ImageReader
from cxrclf.metrics import scorers


def forms_of_x(files, radiographs):
    pandas = pytest.importorskip("pandas")
    paths = files.data[:, 0]
    images = ImageReader(32).transform(files.data)
    return {
        "column of paths": files.data,
        "paths": paths,
        "list of paths": list(paths),
        "data frame": pandas.DataFrame({"path": paths, "age": 40}),
        "series": pandas.Series(paths),
        "(n, H, W)": images,
        "(n, H, W, 1)": images[..., None],
        "(n, H, W, 3)": np.repeat(images[..., None], 3, axis=-1),
        "floats": (images / 255).astype(np.float32),
        "flat rows": images.reshape(len(images), -1),
    }


def test_every_form_of_x_gives_the_same_probabilities(
    radiograph_files, radiographs, small_classifier
):
    expected = None
    for form, X in forms_of_x(radiograph_files, radiographs).items():
        image_shape = (32, 32) if form == "flat rows" else None
        # In bfloat16 the first convolution of a grey image, whose weights are summed
        # over three equal channels, rounds otherwise than that of (n, H, W, 3).
        clf = small_classifier(
            image_shape=image_shape, max_epochs=1, precision="float32"
        )
        found = clf.fit(X, radiograph_files.target).predict_proba(X)
        if expected is None:
            expected = found
            assert found.shape == (30, 3)
            np.testing.assert_allclose(found.sum(axis=1), 1)
        np.testing.assert_allclose(found, expected, atol=1e-5, err_msg=form)


def test_predict_returns_labels_and_fit_on_files_predicts_on_arrays(
    radiograph_files, small_classifier
):
    clf = small_classifier().fit(radiograph_files.data, radiograph_files.target)
    labels = clf.predict(radiograph_files.data)
    assert set(labels) <= {"covid", "normal", "pneumonia"}
    images = ImageReader(32).transform(radiograph_files.data)
    np.testing.assert_array_equal(clf.predict(images), labels)
    assert clf.classes_.tolist() == ["covid", "normal", "pneumonia"]


def test_a_channel_last_batch_of_five_channels_trains(small_classifier):
    rng = np.random.default_rng(0)
    X, y = rng.random((12, 32, 32, 5)), np.arange(12) % 2
    clf = small_classifier().fit(X, y)
    assert clf.predict_proba(X).shape == (12, 2)
    with pytest.raises(ValueError, match="fitted on images of 5 channels"):
        clf.predict(X[..., :3])


def test_imblearn_pipeline_in_grouped_cross_validation(
    radiograph_files, small_classifier
):
    data = radiograph_files
    pipeline = make_imblearn_pipeline(
        RandomOverSampler(random_state=0),
        small_classifier(augmentation=Augmentation(rotation=10)),
    )
    scores = cross_validate(
        pipeline,
        data.data,
        data.target,
        groups=data.groups,
        cv=StratifiedGroupKFold(3),
        scoring=scorers(),
        error_score="raise",
    )
    assert scores["test_sensitivity_covid"].shape == (3,)
    assert np.isfinite(scores["test_accuracy"]).all()


def test_grid_search_over_nested_augmentation_in_two_workers(
    radiograph_files, small_classifier
):
    clf = small_classifier(augmentation=Augmentation(horizontal_flip=True))
    grid = {"augmentation__rotation": [0, 30], "learning_rate": [1e-3, 1e-2]}
    results = []
    for n_jobs in (1, 2):
        search = GridSearchCV(
            clf, grid, cv=2, n_jobs=n_jobs, scoring="neg_log_loss", error_score="raise"
        )
        search.fit(radiograph_files.data, radiograph_files.target)
        results.append(search)
    one, two = results
    # Exact: one thread computes each layer, in the workers and here.
    np.testing.assert_array_equal(
        one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"]
    )
    assert one.best_params_ == two.best_params_
    assert one.best_estimator_.augmentation.horizontal_flip


def test_reader_in_front_and_metadata_routing(radiograph_files, small_classifier):
    data = radiograph_files
    weights = np.linspace(0.5, 1.5, len(data.target))
    pipeline = make_pipeline(ImageReader(32), small_classifier())
    plain = pipeline.fit(
        data.data, data.target, cxrclassifier__sample_weight=weights
    ).predict_proba(data.data)
    with sklearn.config_context(enable_metadata_routing=True):
        clf = small_classifier().set_fit_request(sample_weight=True)
        routed = make_pipeline(ImageReader(32), clf).fit(
            data.data, data.target, sample_weight=weights
        )
        np.testing.assert_allclose(routed.predict_proba(data.data), plain, atol=1e-6)


def test_out_of_fold_probabilities_and_clone(radiograph_files, small_classifier):
    clf = small_classifier(class_weight="balanced")
    probabilities = cross_val_predict(
        clf, radiograph_files.data, radiograph_files.target, method="predict_proba"
    )
    assert probabilities.shape == (30, 3)
    assert clone(clf).get_params() == clf.get_params()
