import numpy as np
import pytest
from sklearn.model_selection import KFold, StratifiedGroupKFold
from sklearn.neighbors import KNeighborsClassifier

from cxrclf.audit import ReportTable, leakage_report


class Duplicates:
    """Result of a search: rows 1 and 6 are the same, row 7 is row 2, flipped."""

    labels = np.array([0, 1, 2, 3, 4, 5, 1, 2])
    pairs = ReportTable(
        {
            "row_a": [1, 2],
            "row_b": [6, 7],
            "kind": ["exact", "flipped"],
            "correlation": [1.0, 0.98],
        }
    )


X = np.random.default_rng(0).random((8, 6, 6))
Y = np.array(["covid", "normal"] * 4)
GROUPS = np.array(["a", "b", "c", "d", "e", "a", "f", "g"])


def make_report(**parameters):
    return leakage_report(
        X[:5],
        Y[:5],
        X[5:],
        Y[5:],
        groups=GROUPS[:5],
        groups_test=GROUPS[5:],
        **{"duplicates": Duplicates(), **parameters},
    )


def test_report_of_a_test_set():
    report = make_report()
    assert [finding.code for finding in report.findings] == [
        "patient_on_both_sides",
        "copy_on_both_sides",
        "image_under_two_labels",
        "image_of_two_patients",
        "patient_in_two_classes",
    ]
    messages = [finding.message for finding in report.findings]
    assert messages[:3] == [
        "1 of 3 test images (33.3 %) is of a patient who also has training images: a.",
        "2 of 3 test images (66.7 %) are copies of training images: row 6, row 7.",
        "2 images have copies under several labels, for example row 1 (normal) and row "
        "6 (covid).",
    ]
    assert messages[3].endswith(
        "Before a split, join the patients with cxrclf.audit.link_groups."
    )
    assert report.affected.tolist() == [5, 6, 7]
    assert report.tables["splits"].columns == {
        "split": [1],
        "n_train": [5],
        "n_test": [3],
        "same_patient": [1],
        "exact_copy": [1],
        "near_copy": [1],
        "affected": [3],
    }
    assert report.tables["patients"].columns == {
        "split": [1],
        "patient": ["a"],
        "n_train": [1],
        "n_test": [1],
    }
    copies = report.tables["copies"]
    assert copies["test"] == ["row 6", "row 7"]
    assert copies["train"] == ["row 1", "row 2"]
    assert copies["kind"] == ["exact", "flipped"]
    assert copies["test_class"] == ["covid", "normal"]
    assert copies["train_class"] == ["normal", "covid"]
    assert report.tables["labels"]["what"] == ["image", "image", "patient"]
    assert report.exit_status("leakage") == 1


def test_report_of_folds():
    report = leakage_report(
        X, Y, groups=GROUPS, cv=KFold(2), duplicates=Duplicates.labels
    )
    # The second fold is rows 4 to 7: the patient of row 5 is in row 0, and the copies
    # of rows 6 and 7 are in rows 1 and 2. The same rows leak in the first fold.
    assert report.tables["splits"]["affected"] == [3, 3]
    assert report.affected.tolist() == [0, 1, 2, 5, 6, 7]
    assert "copies" not in report.tables  # labels without pairs have no kinds
    assert report.reading[0] == (
        "In the 2 splits, 6 of 8 test images depend on training images."
    )


def test_patients_who_stay_together_do_not_leak():
    report = leakage_report(
        X, Y, groups=GROUPS, cv=StratifiedGroupKFold(2), duplicates=None
    )
    assert report.tables["splits"]["affected"] == [0, 0]
    assert [finding.kind for finding in report.findings] == ["labels"]
    assert report.exit_status("leakage") == 0
    assert "Copies were not searched for" in str(report)


def test_what_was_not_searched_is_in_the_report():
    by_patient = leakage_report(X, Y, groups=range(8), duplicates=None)
    assert not by_patient.findings
    assert by_patient.tables["labels"]["what"] == []
    assert by_patient.reading == (
        "No split was given, so only the labels were checked.",
        "Copies were not searched for.",
    )
    assert leakage_report(X, Y, duplicates=range(8)).reading[1] == (
        "Patients are not known, so other images of the same patient cannot be found."
    )


def test_scores_with_and_without_the_affected_images():
    random = np.random.default_rng(0)
    pixels = random.random((90, 9))
    y = random.choice(["a", "b"], 90)  # noise: only copies can be recognized
    pixels[60:75] = pixels[:15]
    y[60:75] = y[:15]
    labels = np.r_[np.arange(60), np.arange(15), 60:75]
    report = leakage_report(
        pixels[:60],
        y[:60],
        pixels[60:],
        y[60:],
        duplicates=labels,
        estimator=KNeighborsClassifier(1),
    )
    scores = report.tables["scores"]
    assert scores["test_images"] == ["all", "without", "affected"]
    assert scores["n"] == [30, 15, 15]
    fitted = KNeighborsClassifier(1).fit(pixels[:60], y[:60])
    for accuracy, rows in zip(
        scores["accuracy"],
        (slice(60, 90), slice(75, 90), slice(60, 75)),
        strict=True,
    ):
        assert accuracy.value == fitted.score(pixels[rows], y[rows])
        assert accuracy.low <= accuracy.value <= accuracy.high
    assert scores["accuracy"][2].value == 1
    assert report.predictions.rows.tolist() == list(range(60, 90))
    assert "without the affected ones" in report.reading[-2]
    assert "few remain of some classes" in report.reading[-1]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"cv": 3}, "either X_test or cv"),
        ({"groups_test": None}, "Pass both groups and groups_test, or neither"),
        ({"duplicates": [0, 1]}, "duplicates belongs to 2 images, and there are 8"),
        ({"duplicates": "search"}, "duplicates must be 'find'"),
        ({"groups_test": ["a", None, "b"]}, "missing id"),
    ],
)
def test_bad_parameters_with_a_test_set(parameters, message):
    given = {"groups": GROUPS[:5], "groups_test": GROUPS[5:], "duplicates": None}
    with pytest.raises(ValueError, match=message):
        leakage_report(X[:5], Y[:5], X[5:], Y[5:], **(given | parameters))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((X, Y[:4]), "X has 8 images and y has 4 labels"),
        ((X, Y, None, Y), "y_test and groups_test need an X_test"),
        ((X, Y, X), "X_test needs y_test"),
        ((X, [None] * 8), "missing"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        leakage_report(*arguments, duplicates=range(8))


def test_a_report_that_compares_nothing_is_refused():
    with pytest.raises(ValueError, match="Nothing can be compared without groups"):
        leakage_report(X, Y, cv=KFold(2), duplicates=None)


def test_a_report_of_leaked_patients_needs_no_warning():
    report = leakage_report(  # warnings are errors here
        X.reshape(8, 36),
        Y,
        groups=GROUPS,
        cv=[([0, 1, 2, 3], [4, 5, 6, 7])],
        duplicates=None,
        estimator=KNeighborsClassifier(1),
    )
    assert report.findings[0].code == "patient_on_both_sides"
    assert len(report.predictions) == 4


def test_an_estimator_without_a_split_is_refused():
    with pytest.raises(
        ValueError, match="An estimator needs a split. Pass cv or X_test"
    ):
        leakage_report(
            X, Y, groups=GROUPS, duplicates=None, estimator=KNeighborsClassifier(1)
        )


def test_lengths_and_types_of_each_set_are_checked():
    with pytest.raises(ValueError, match="X has 6 images and y has 5 labels"):
        leakage_report(X[:6], Y[:5], X[6:], Y[5:], duplicates=range(8))
    with pytest.raises(ValueError, match="groups_test has text and groups has numbers"):
        leakage_report(
            X[:5],
            Y[:5],
            X[5:],
            Y[5:],
            groups=[1.0, 2, 3, 4, 5],
            groups_test=["1", "2", "3"],
            duplicates=None,
        )
    with pytest.raises(ValueError, match="y has text and y_test has numbers"):
        leakage_report(X[:5], Y[:5], X[5:], [0, 1, 0], duplicates=range(8))
