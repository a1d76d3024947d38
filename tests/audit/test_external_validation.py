import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from cxrclf.audit import external_validation

N, M = 48, 30


def flatten(X):
    return X.reshape(len(X), -1)


def make_set(seed, n):
    """Return images whose brightness depends on the class."""
    random = np.random.default_rng(seed)
    y = np.array(["covid", "normal", "pneumonia"])[np.arange(n) % 3]
    level = {"covid": 60, "normal": 110, "pneumonia": 160}
    X = np.array([random.normal(level[label], 40, (8, 8)) for label in y])
    return X.clip(0, 255).astype(np.uint8), y


X, Y = make_set(0, N)
X_EXT, Y_EXT = make_set(1, M)
GROUPS = [f"a{row // 2}" for row in range(N)]
GROUPS_EXT = [f"b{row // 2}" for row in range(M)]
FOREST = make_pipeline(
    FunctionTransformer(flatten),
    RandomForestClassifier(20, max_depth=2, random_state=0),
)
PARAMETERS = {"cv": 3, "duplicates": None}


def test_numbers_come_from_the_predictions():
    report = external_validation(
        FOREST, X, Y, X_EXT, Y_EXT, groups=GROUPS, groups_ext=GROUPS_EXT, **PARAMETERS
    )
    assert len(report.internal) == N
    assert len(report.external) == M
    fitted = FOREST.fit(X, Y)
    np.testing.assert_allclose(
        report.external.y_score, fitted.predict_proba(X_EXT), rtol=1e-12
    )
    scores = report.tables["scores"]
    row = scores["score"].index("auc")
    for side, predictions in (
        ("internal", report.internal),
        ("external", report.external),
    ):
        expected = roc_auc_score(
            predictions.y_true, predictions.y_score, multi_class="ovr"
        )
        assert scores[side][row].value == pytest.approx(expected, abs=1e-12)
    # All images of a patient are in one fold.
    for patient in set(GROUPS):
        folds = report.internal.fold[np.array(report.internal.groups) == patient]
        assert len(set(folds.tolist())) == 1


def test_external_images_of_internal_patients_are_left_out():
    ids = ["a0", "a0", *GROUPS_EXT[2:]]
    report = external_validation(
        FOREST, X, Y, X_EXT, Y_EXT, groups=GROUPS, groups_ext=ids, **PARAMETERS
    )
    assert len(report.external) == M - 2
    assert report.tables["left_out"]["image"] == [f"row {N}", f"row {N + 1}"]
    assert report.tables["left_out"]["same"] == ["patient", "patient"]
    assert "2 of 30 external images are other images of patients" in str(report)


def test_external_copies_are_left_out():
    labels = np.arange(N + M)
    labels[N + 5] = 7
    report = external_validation(FOREST, X, Y, X_EXT, Y_EXT, cv=3, duplicates=labels)
    assert report.tables["left_out"]["image"] == [f"row {N + 5}"]
    assert "1 of 30 external images is a copy of an internal image" in str(report)
    assert report.exit_status("leakage") == 0


def test_internal_copies_stay_in_one_fold():
    labels = np.arange(N + M)
    labels[:12] = 0
    report = external_validation(FOREST, X, Y, X_EXT, Y_EXT, cv=3, duplicates=labels)
    folds = report.internal.fold[np.argsort(report.internal.rows)]
    assert len(set(folds[:12].tolist())) == 1


def test_other_splitters():
    report = external_validation(
        FOREST,
        X,
        Y,
        X_EXT,
        Y_EXT,
        groups=GROUPS,
        groups_ext=GROUPS_EXT,
        cv=StratifiedGroupKFold(2),
        duplicates=None,
    )
    assert len(set(report.internal.fold.tolist())) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_ext": ["other"] * M}, "classes .'other'., which y lacks"),
        ({"X_ext": X_EXT[:-1]}, "X_ext has 29 images and y_ext has 30 labels"),
        ({"X_ext": X_EXT.astype(float)}, "of shape .* and type float64"),
        ({"groups": GROUPS}, "both groups and groups_ext, or neither"),
        ({"sensitivity": 0.9, "specificity": 0.9}, "either sensitivity or specificity"),
        ({"sensitivity": 1.5}, r"sensitivity must lie in \(0, 1\), got 1.5"),
        ({"estimator": LinearSVC()}, "needs predict_proba"),
        ({"cv": 1}, "cv must be 2 folds or more, got 1"),
        ({"duplicates": [0] * N}, "belongs to 48 images, and there are 78"),
        ({"duplicates": [0] * (N + M)}, "All 30 external images are copies"),
    ],
)
def test_bad_input(change, message):
    given = {"estimator": FOREST, "X": X, "y": Y, "X_ext": X_EXT, "y_ext": Y_EXT}
    with pytest.raises(ValueError, match=message):
        external_validation(**(given | PARAMETERS | change))
