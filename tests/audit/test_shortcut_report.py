"""Shortcut reports of planted marks: each number against scikit-learn."""

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LinearRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score, roc_auc_score
from sklearn.model_selection import (
    LeaveOneGroupOut,
    PredefinedSplit,
    StratifiedGroupKFold,
)

from cxrclf.audit import shortcut_report
from cxrclf.datasets import make_chest_radiographs
from cxrclf.images import ImageInput

SEEN_OUTSIDE = {"border", "corners", "outside_lungs", "estimator_outside_lungs"}


def test_planted_mark_is_named(marked_report):
    assert set(marked_report.alarms) == SEEN_OUTSIDE
    assert {finding.code for finding in marked_report.findings} == SEEN_OUTSIDE
    assert {finding.kind for finding in marked_report.findings} == {"shortcut"}
    assert marked_report.exit_status("shortcut") == 1
    assert marked_report.skipped.keys() == {"metadata", "file_size"}


def test_clean_radiographs_have_no_shortcut(pixel_classifier):
    data = make_chest_radiographs(90, image_size=32, random_state=0)
    report = shortcut_report(
        pixel_classifier,
        data.images,
        data.target,
        cv=3,
        groups=data.groups,
        probes=["border", "corners", "estimator_outside_lungs"],
        segmenter=data.masks,
        n_resamples=100,
        n_permutations=999,
    )
    assert report.findings == ()
    assert report.exit_status() == 0


def test_copies_are_no_shortcut():
    """A forest recognizes copies, although the labels are random."""
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.integers(0, 256, (40, 40, 40), np.uint8)] * 2)
    y = np.tile(rng.permutation(np.repeat(["covid", "normal"], 20)), 2)
    settings = {"cv": 3, "probes": ["corners", "border"], "n_resamples": 100}
    naive = shortcut_report(None, X, y, duplicates=None, **settings)
    assert set(naive.alarms) == {"corners", "border"}
    report = shortcut_report(None, X, y, **settings)
    assert report.findings == ()
    assert "80 images belong to groups of copies" in " ".join(report.reading)
    by_hand = shortcut_report(
        None, X, y, groups=np.arange(80) % 40, duplicates=None, **settings
    )
    for name in ("corners", "border"):
        one, other = (some.predictions[name] for some in (report, by_hand))
        np.testing.assert_array_equal(one.y_score, other.y_score)
    assert report.scores.columns["AUC"] == by_hand.scores.columns["AUC"]
    given = [(np.arange(40), np.arange(40, 80))]
    leaky = shortcut_report(None, X, y, **settings | {"cv": given})
    assert set(leaky.alarms) == {"corners", "border"}
    assert "40 test images have a copy" in " ".join(leaky.reading)


@pytest.mark.parametrize("cv", [5, LeaveOneGroupOut()])
def test_mark_that_the_test_cannot_find(cv):
    """Ten patients of one class each, in folds that leave little to permute."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 200, (60, 16, 16), np.uint8)
    patients = np.arange(60) % 10
    X[patients % 2 == 1, :4, :4] = 255
    report = shortcut_report(
        None,
        X,
        patients % 2,
        groups=patients,
        cv=cv,
        probes=["corners"],
        duplicates=None,
        n_resamples=100,
    )
    assert report.scores.columns["accuracy"][0].value == 1
    assert report.findings == ()
    text = " ".join(report.reading)
    assert "The test cannot decide whether a classifier" in text
    assert "No classifier" not in text


def test_type_of_pixels_does_not_matter():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 200, (60, 16, 16), np.uint8)
    y = np.arange(60) % 2
    X[y == 1, :4, :4] = 255
    settings = {"probes": ["corners"], "duplicates": None, "n_resamples": 100, "cv": 3}
    reports = [
        shortcut_report(None, pixels, y, **settings)
        for pixels in (X, X.astype(np.int64), np.rint(X / 255 * 4095).astype(np.uint16))
    ]
    for report in reports:
        assert report.alarms == ("corners",)
    one, other = (some.predictions["corners"].y_score for some in reports[:2])
    np.testing.assert_array_equal(one, other)


def macro_auc(predictions):
    return roc_auc_score(predictions.y_true, predictions.y_score, multi_class="ovr")


def test_scores_are_those_of_the_predictions(marked_report):
    table = marked_report.scores.columns
    assert list(table["classifier"]) == list(marked_report.predictions)
    estimator = marked_report.predictions["estimator"]
    reference = balanced_accuracy_score(estimator.y_true, estimator.y_pred)
    for row, predictions in enumerate(marked_report.predictions.values()):
        y, labels = predictions.y_true, predictions.y_pred
        balanced = balanced_accuracy_score(y, labels)
        expected = {
            "balanced accuracy": balanced,
            "accuracy": accuracy_score(y, labels),
            "AUC": macro_auc(predictions),
        }
        for column, value in expected.items():
            assert table[column][row].value == pytest.approx(value)
            assert table[column][row].low < value < table[column][row].high
        difference = table["difference"][row]
        if row == 0:
            assert difference is None
        else:
            assert difference.value == pytest.approx(reference - balanced)
    external = macro_auc(estimator) + 0.5
    external -= macro_auc(marked_report.predictions["estimator_shuffled"])
    assert marked_report.external_auc.value == pytest.approx(external)


def test_all_probes_share_the_folds(marked_report, marked_radiographs):
    data = marked_radiographs
    splitter = StratifiedGroupKFold(3, shuffle=True, random_state=1)
    fold = np.empty(90, int)
    for number, (_, test) in enumerate(
        splitter.split(data.images, data.target, data.groups)
    ):
        fold[test] = number
    for predictions in marked_report.predictions.values():
        np.testing.assert_array_equal(predictions.fold, fold[predictions.rows])
        np.testing.assert_array_equal(predictions.y_true, data.target[predictions.rows])


@pytest.fixture
def sized_files(tmp_path):
    """Files of noise: one class has larger images."""
    rng = np.random.default_rng(0)
    y = np.repeat(["covid", "normal"], 30)
    paths = []
    for number, label in enumerate(y):
        width = 40 + number % 5 + 5 * (label == "covid")
        paths.append(str(tmp_path / f"{number}.png"))
        pixels = rng.integers(0, 256, (40, width), np.uint8)
        Image.fromarray(pixels).save(paths[-1])
    return paths, y


def test_size_of_images_is_named(sized_files, capsys, tmp_path):
    paths, y = sized_files
    split = PredefinedSplit(np.where(np.arange(60) % 3, -1, 0))
    report = shortcut_report(
        None,
        paths,
        y,
        cv=split,
        probes=["metadata", "corners", "file_size"],
        n_resamples=100,
        n_permutations=999,
        cache_dir=tmp_path / "cache",
        verbose=1,
    )
    assert report.alarms == ("metadata",)
    assert "The column 'width' alone reaches 1.000" in report.findings[0].message
    columns = report.tables["metadata"].columns
    assert set(columns["column"]) == {"aspect", "width"}
    for row, name in enumerate(columns["column"]):
        predictions = report.column_predictions[name]
        expected = balanced_accuracy_score(predictions.y_true, predictions.y_pred)
        assert columns["balanced accuracy"][row].value == pytest.approx(expected)
        expected = roc_auc_score(
            predictions.y_true == "normal", predictions.y_score[:, 1]
        )
        assert columns["AUC"][row].value == pytest.approx(expected)
    assert len(report.predictions["metadata"]) == 20
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "metadata: 1.000" in captured.err
    assert "scoring: 100%" in captured.err
    # Files are decoded once, for the search for copies and for the probes.
    assert captured.err.count("decoding: 100%") == 1
    cache = tmp_path / "cache"
    ImageInput.from_X(paths).open((128, 128), cache_dir=cache, verbose=1)
    assert "decoding" not in capsys.readouterr().err
    assert "difference" not in report.scores.columns
    assert "No patient ids were passed" in " ".join(report.reading)


def test_source_is_named():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 30)
    report = shortcut_report(
        None,
        rng.random((60, 8, 8)),
        y,
        source=np.where(y == (np.arange(60) % 10 > 0), "a", None) == "a",
        probes=["source"],
        n_resamples=100,
    )
    assert report.alarms == ("source",)
    assert report.chance == 0.5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y": ["a"] * 6}, "y has one class, 'a'"),
        ({"y": ["a", "b"]}, "2"),
        ({"groups": [1, 2]}, "groups"),
        ({"source": ["a"] * 5}, "source"),
        ({"probes": ["frame"]}, "probes must be"),
        ({"probes": []}, "probes is empty"),
        ({"X": np.full((6, 8, 8), np.nan)}, r"NaN or infinite, in .*\. Replace them"),
        ({"cv": [([0, 1, 3, 5], [2, 4])]}, "All 2 test images of cv have the class"),
        ({"significance_level": 0}, r"must lie in \(0, 1\), got 0"),
        ({"significance_level": "x"}, r"must lie in \(0, 1\), got 'x'"),
        ({"n_permutations": 9}, "99 or more, got 9"),
        ({"n_permutations": 199}, "Set n_permutations to 200 or more"),
        ({"significance_level": 0.0005}, "Set n_permutations to 4000 or more"),
        ({"n_permutations": 1e3}, "99 or more, got 1000.0"),
        ({"segmenter": np.zeros((6, 8, 8), int)}, "found in 0 of 6 images"),
    ],
)
def test_wrong_input_is_refused(changes, message):
    X = np.random.default_rng(0).random((6, 8, 8))
    arguments = {"estimator": None, "X": X, "y": list("ababab")}
    arguments |= {"cv": 2} | changes
    with pytest.raises(ValueError, match=message):
        shortcut_report(**arguments)


@pytest.mark.parametrize("estimator", [LinearRegression(), "border"])
def test_what_is_no_classifier_is_refused(estimator):
    X = np.random.default_rng(0).random((6, 8, 8))
    with pytest.raises(TypeError, match="estimator must be a classifier with the meth"):
        shortcut_report(estimator, X, list("ababab"), cv=2)
