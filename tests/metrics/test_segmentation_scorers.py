import pickle
import sys
from copy import deepcopy

import cloudpickle
import numpy as np
import pytest
from numpy.testing import assert_allclose
from PIL import Image
from scipy.ndimage import gaussian_filter
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from cxrclf.exceptions import ImageReadError
from cxrclf.metrics import _segmentation_scorers, segmentation_scorers
from cxrclf.metrics import segmentation_scores as scores_of

# Worker processes cannot import the tests.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


class ThresholdSegmenter(BaseEstimator):
    """Finds what is brighter than a threshold, between levels of several classes."""

    def __init__(
        self,
        levels=(0.5,),
        labels=(False, True),
        keep_aspect_ratio=False,
        cache_dir=None,
    ):
        self.levels = levels
        self.labels = labels
        self.keep_aspect_ratio = keep_aspect_ratio
        self.cache_dir = cache_dir

    def fit(self, X, y=None):
        self.classes_ = np.array(self.labels)
        return self

    def predict(self, X):
        return self.classes_[np.digitize(X, self.levels)]


@pytest.fixture(scope="module")
def shaded():
    """Return 12 images, and masks of what is bright in them before noise."""
    rng = np.random.default_rng(0)
    clean = gaussian_filter(rng.random((12, 24, 20)), (0, 3, 3))
    clean = (clean - clean.min()) / np.ptp(clean)
    return clean + 0.05 * rng.standard_normal(clean.shape), clean > 0.5


def means(true, predicted, **options):
    return {
        name: values[np.isfinite(values)].mean()
        for name, values in scores_of(true, predicted, **options).items()
    }


@pytest.mark.parametrize("rows", [1, 5, 64])
def test_scores_are_means_over_images(shaded, monkeypatch, rows):
    monkeypatch.setattr(_segmentation_scorers, "_ROWS", rows)
    X, y = shaded
    model = ThresholdSegmenter().fit(X)
    scores = segmentation_scorers(distances=True, spacing=(2.0, 3.0))(model, X, y)
    expected = means(y, X >= 0.5, spacing=(2.0, 3.0))
    assert scores == pytest.approx(expected)
    assert all(type(score) is float for score in scores.values())


def test_few_images_at_a_time(shaded, monkeypatch):
    monkeypatch.setattr(_segmentation_scorers, "_ROWS", 5)
    sizes = []

    class Watched(ThresholdSegmenter):
        def predict(self, X):
            sizes.append(len(X))
            return super().predict(X)

    X, y = shaded
    segmentation_scorers()(Watched().fit(X), X, y)
    assert sizes == [5, 5, 2]


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_cross_validate(shaded, n_jobs):
    X, y = shaded
    scores = cross_validate(
        ThresholdSegmenter(), X, y, cv=KFold(3), scoring=segmentation_scorers(),
        n_jobs=n_jobs, error_score="raise",
    )  # fmt: skip
    per_image = scores_of(y, X >= 0.5, distances=False)
    assert {name for name in scores if name.startswith("test_")} == {
        f"test_{name}" for name in per_image
    }
    for name, values in per_image.items():
        assert_allclose(scores[f"test_{name}"], np.nanmean(values.reshape(3, 4), 1))


def test_grid_search(shaded):
    X, y = shaded
    grid = GridSearchCV(
        ThresholdSegmenter(), {"levels": [(0.3,), (0.5,), (0.8,)]}, cv=3, n_jobs=2,
        scoring=segmentation_scorers(), refit="dice", error_score="raise",
    )  # fmt: skip
    grid.fit(X, y)
    assert grid.best_params_ == {"levels": (0.5,)}
    assert grid.best_score_ == grid.cv_results_["mean_test_dice"].max()
    assert grid.score(X, y) == pytest.approx(means(y, X >= 0.5)["dice"])


def test_clone_of_a_search_keeps_the_scoring():
    grid = GridSearchCV(
        ThresholdSegmenter(), {}, scoring=segmentation_scorers(spacing=(1, 2))
    )
    assert repr(clone(grid).scoring) == repr(grid.scoring)


def test_pipeline(shaded):
    X, y = shaded
    dark = FunctionTransformer(np.negative)
    pipe = make_pipeline(dark, dark, ThresholdSegmenter()).fit(X, y)
    assert segmentation_scorers()(pipe, X, y) == pytest.approx(
        means(y, X >= 0.5, distances=False)
    )


@pytest.mark.parametrize("labels", [(0, 1, 2), (0, 20, 10), (10, 20)], ids=repr)
def test_declared_labels(shaded, labels):
    X, _ = shaded
    levels = (0.5, 0.7)[: len(labels) - 1]
    model = ThresholdSegmenter(levels, labels).fit(X)
    true = model.classes_[np.digitize(X - 0.05, levels)]
    scores = segmentation_scorers(distances=True)(model, X, true)
    expected = means(true, model.predict(X), labels=labels)
    assert scores == pytest.approx(expected)
    assert (f"dice_{labels[1]}" in scores) == (len(labels) > 2)


def test_labels_that_equal_false_and_true_are_labels(shaded):
    X, masks = shaded
    segmenter = ThresholdSegmenter(labels=(0, 1)).fit(X)
    with pytest.raises(ValueError, match="not among the labels"):
        segmentation_scorers()(segmenter, X, masks * 255)


@pytest.mark.parametrize("n_columns", [0, 1, 2])
def test_mask_files(shaded, tmp_path, n_columns):
    X, y = shaded
    halves = [y.copy(), y.copy()] if n_columns == 2 else [y]
    for half, columns in zip(halves, np.s_[:10, 10:], strict=False):
        if n_columns == 2:
            half[:, :, columns] = False  # the union of two files is the mask
    paths = []
    for row in zip(*halves, strict=True):
        paths.append([str(tmp_path / f"{len(paths)}_{j}.png") for j in range(len(row))])
        for path, mask in zip(paths[-1], row, strict=True):
            Image.fromarray(255 * mask.astype(np.uint8)).save(path)
    files = np.array(paths, dtype=object)
    files = files[:, 0] if n_columns == 0 else files
    scores = cross_validate(
        ThresholdSegmenter(), X, files, cv=KFold(3), scoring=segmentation_scorers(),
        error_score="raise",
    )  # fmt: skip
    dice = scores_of(y, X >= 0.5, distances=False)["dice"]
    assert_allclose(scores["test_dice"], dice.reshape(3, 4).mean(1))


def test_masks_are_brought_to_the_size_of_the_prediction(shaded):
    X, y = shaded
    large = y.repeat(3, axis=1).repeat(3, axis=2)
    model = ThresholdSegmenter().fit(X)
    scorer = segmentation_scorers()
    assert scorer(model, X, large) == scorer(model, X, y)


def test_aspect_ratio_is_that_of_the_estimator():
    X = np.zeros((1, 8, 8))
    X[0, 2:6, :4] = 1.0  # the left half of a mask of 4 × 8, on a field of 8 × 8
    wide = np.zeros((1, 4, 8), dtype=bool)
    wide[0, :, :4] = True
    kept = ThresholdSegmenter(keep_aspect_ratio=True).fit(X)
    assert segmentation_scorers()(kept, X, wide)["dice"] == 1.0
    stretched = ThresholdSegmenter().fit(X)
    assert segmentation_scorers()(stretched, X, wide)["dice"] == pytest.approx(2 / 3)


def test_mask_files_are_decoded_into_the_folder_of_the_estimator(shaded, tmp_path):
    X, y = shaded
    paths = [str(tmp_path / f"{number}.png") for number in range(len(y))]
    for path, mask in zip(paths, y, strict=True):
        Image.fromarray(mask).save(path)
    model = ThresholdSegmenter(cache_dir=tmp_path / "decoded").fit(X)
    scores = segmentation_scorers()(model, X, paths)
    assert scores == segmentation_scorers()(model, X, y)
    assert any((tmp_path / "decoded").iterdir())


def test_images_without_a_score_are_left_out():
    y = np.zeros((3, 6, 6), dtype=bool)
    y[:2, 1:3, 1:3] = True
    X = y.astype(float)
    X[1] = 0.0  # there is something, and nothing is found
    model = ThresholdSegmenter().fit(X)
    scores = segmentation_scorers(distances=True)(model, X, y)
    assert scores["dice"] == pytest.approx(2 / 3)  # of 1, 0 and 1
    assert scores["sensitivity"] == 0.5
    assert scores["precision"] == 1.0
    assert scores["hausdorff"] == np.inf
    X[2, 3, 3] = 1.0  # nothing is there, and something is found
    scores = segmentation_scorers(distances=True)(model, X[::2], y[::2])
    assert scores["hausdorff"] == 0.0
    assert scores["dice"] == scores["precision"] == 0.5
    X[2] = 0.0
    nothing = segmentation_scorers()(model, X[2:], y[2:])
    assert nothing["dice"] == 1.0
    assert np.isnan(nothing["precision"])


def test_copies_score_the_same(shaded):
    X, y = shaded
    scorer = segmentation_scorers(distances=True, spacing=0.5)
    expected = scorer(ThresholdSegmenter().fit(X), X, y)
    for copy in (pickle.loads(pickle.dumps(scorer)), deepcopy(scorer)):
        assert copy(ThresholdSegmenter().fit(X), X, y) == expected


def test_repr():
    scorer = segmentation_scorers(distances=True, spacing=0.5)
    assert repr(eval(repr(scorer))) == repr(scorer)


class OtherPrediction(ThresholdSegmenter):
    """Predicts what a segmenter should not."""

    def __init__(self, change=None):
        super().__init__()
        self.change = change

    def predict(self, X):
        return self.change(super().predict(X))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda masks: masks[:, 0, 0], r"shape \(12, height, width\), got.*\(12,\)"),
        (lambda masks: masks[:1], r"got shape \(1, 24, 20\)"),
        (lambda masks: 0.7 * masks, "What predict returns must hold masks"),
    ],
    ids=["labels", "one mask", "probabilities"],
)
def test_predictions_that_are_no_masks(shaded, change, message):
    X, y = shaded
    with pytest.raises(ValueError, match=message):
        segmentation_scorers()(OtherPrediction(change).fit(X), X, y)


def test_estimator_without_classes(shaded):
    X, y = shaded
    with pytest.raises(TypeError, match="ThresholdSegmenter has no classes_"):
        segmentation_scorers()(ThresholdSegmenter(), X, y)


def test_another_number_of_masks(shaded):
    X, y = shaded
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        segmentation_scorers()(ThresholdSegmenter().fit(X), X, y[:-1])


def test_radiographs_in_place_of_masks(shaded):
    X, _ = shaded
    with pytest.raises(ValueError, match="as bool or as 0 and one other value"):
        segmentation_scorers()(ThresholdSegmenter().fit(X), X, X)


def test_missing_mask_file(shaded, tmp_path):
    X, _ = shaded
    files = np.array([str(tmp_path / "missing.png")] * len(X), dtype=object)
    with pytest.raises(ImageReadError, match="missing.png"):
        segmentation_scorers()(ThresholdSegmenter().fit(X), X, files)


def test_unsuitable_spacing_is_refused_at_once():
    with pytest.raises(ValueError, match="spacing must be"):
        segmentation_scorers(spacing=0)
