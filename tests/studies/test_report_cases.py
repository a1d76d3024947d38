import numpy as np
import pytest

from cxrclf.metrics import Predictions
from cxrclf.studies._report_cases import choose_cases, choose_images, tabulate_errors
from study_results import make_study_results


@pytest.fixture(scope="module")
def fits():
    return make_study_results(["weak"], n=90, strength=1.0, audit=False).fits


def test_worst_cases_of_all_folds(fits):
    cases = choose_cases(fits, "worst", 4)
    found = [
        (float(p), int(row))
        for fit in fits
        for p, row, kind in zip(
            fit.examples.probability, fit.examples.rows, fit.examples.kind, strict=True
        )
        if kind == "worst"
    ]
    assert cases.rows.tolist() == [row for _, row in sorted(found, reverse=True)[:4]]
    assert cases.images.shape == (4, 16, 16)
    assert all(a != b for a, b in zip(cases.y_true, cases.y_pred, strict=True))


def test_typical_cases_alternate_between_classes(fits):
    cases = choose_cases(fits, "typical", 3)
    present = {
        true
        for fit in fits
        for true, kind in zip(fit.examples.y_true, fit.examples.kind, strict=True)
        if kind == "typical"
    }
    assert set(cases.y_true) == present
    assert cases.y_true == cases.y_pred


def test_an_image_occurs_once(fits):
    assert choose_cases([*fits, *fits], "worst", 99).rows.size == len(
        set(choose_cases(fits, "worst", 99).rows.tolist())
    )


def test_no_examples():
    fits = make_study_results(["a"], audit=False, examples=False).fits
    assert choose_cases(fits, "worst", 4) is None


def test_errors_with_the_highest_probability_first():
    proba = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.7, 0.3]])
    predictions = Predictions(
        ["a", "a", "a", "b"],
        ["a", "b", "b", "a"],
        proba,
        rows=[3, 2, 1, 0],
        fold=[0, 0, 1, 1],
    )
    table = tabulate_errors(predictions, ["w", "x", "y", "z"])
    assert table["image"] == ["y", "w", "x"]
    assert table["fold"] == ["1", "2", "2"]
    assert table["probability of the predicted class"] == [0.8, 0.7, 0.6]
    assert table["probability of the true class"] == [0.2, 0.3, 0.4]
    assert table.caption.startswith("3 of 3 wrong predictions")


def test_errors_without_scores():
    table = tabulate_errors(Predictions(["a", "b"], ["b", "b"]), ["x", "y"])
    assert table.columns == {
        "image": ["x"],
        "true class": ["a"],
        "predicted class": ["b"],
    }


def test_images_of_each_class(fits):
    rows, labels, images = choose_images(fits, 2, 12)
    assert labels == sorted(labels)
    assert max(map(labels.count, labels)) <= 2
    known = {
        int(row): (str(label), image)
        for fit in fits
        for row, label, image in zip(
            fit.examples.rows, fit.examples.y_true, fit.examples.images, strict=True
        )
    }
    for row, label, image in zip(rows, labels, images, strict=True):
        assert known[row][0] == label
        assert np.array_equal(known[row][1], image)
    assert len(set(choose_images(fits, 9, 3)[1])) == len(choose_images(fits, 9, 3)[0])
    none = make_study_results(["a"], audit=False, examples=False).fits
    assert choose_images(none, 2, 12) is None
