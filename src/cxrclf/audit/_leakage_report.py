"""Report of leakage between training and test samples."""

import numpy as np

from cxrclf._utils.groups import check_groups
from cxrclf._utils.labels import check_labels
from cxrclf.audit._check_classifier import check_classifier
from cxrclf.audit._check_duplicates import check_duplicates
from cxrclf.audit._leak_warnings import ignore_patient_leaks
from cxrclf.audit._leakage_audit import LeakageAudit
from cxrclf.audit._leakage_figure import draw_leaks
from cxrclf.audit._list_splits import list_splits
from cxrclf.audit._report import Report
from cxrclf.audit._rows import check_lengths, name_rows, stack_rows, stack_values
from cxrclf.images import ImageInput
from cxrclf.metrics import cross_val_predictions


class LeakageReport(Report):
    """Report of leakage between training and test samples.

    :func:`leakage_report` returns this object.

    Attributes
    ----------
    findings : tuple of Finding
        Findings with the codes `patient_on_both_sides`, `copy_on_both_sides` (kind
        "leakage"), `patient_in_two_classes`, `image_under_two_labels` (kind "labels")
        and `image_of_two_patients` (kind "duplicates").
    tables : dict of str to ReportTable
        - "splits": number of affected test images per split. Splits are numbered from
          1;
        - "patients": patients on both sides of a split, if groups are known;
        - "copies": copies on both sides of a split;
        - "labels": images under two labels, and patients in two classes;
        - "scores": scores with and without the affected test images, if there is an
          estimator.
    affected : ndarray of shape (m,) of int
        Rows of the affected test images. In the data of a training set and a test set,
        the rows of the test set follow the rows of the training set.
    predictions : Predictions or None
        Predictions of the test images, if there is an estimator.
    """

    def __init__(self, findings, tables, reading, affected, predictions):
        super().__init__("Leakage", findings, tables, reading)
        self.affected = affected
        self.predictions = predictions

    def plot(self):
        """Draw how many test images are affected, and the scores without them.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        ValueError
            If the report has no splits.
        MissingDependencyError
            If Matplotlib is not installed.
        """
        if "splits" not in self.tables:
            raise ValueError(
                "This report has no splits to draw. Pass cv or X_test to "
                "leakage_report."
            )
        return draw_leaks(self.tables["splits"], self.tables.get("scores"))

    def _figures(self):
        # Two figures, because a page on a phone shows one below the other.
        if "splits" in self.tables:
            yield (
                "Share of the test images that depend on training images.",
                draw_leaks(self.tables["splits"], None),
            )
        if "scores" in self.tables:
            yield (
                "Balanced accuracy of all test images, and without the affected ones.",
                draw_leaks(None, self.tables["scores"]),
            )


def leakage_report(
    X,
    y,
    X_test=None,
    y_test=None,
    *,
    groups=None,
    groups_test=None,
    cv=None,
    estimator=None,
    duplicates="find",
    cache_dir=None,
    n_threads=None,
    verbose=0,
):
    """Find test samples that are not independent of the training samples.

    A test image is affected if its patient has training images, or if a training image
    is a copy of it: the same pixels, or a near duplicate (see
    :func:`find_duplicates`). Scores of affected images are too good.

    Read more in the :ref:`User Guide <audit>`.

    Parameters
    ----------
    X : array-like of length n
        Images in any form that the estimators accept: all images, or the training set
        if there is an `X_test`.
    y : array-like of shape (n,)
        Class of each image.
    X_test : array-like of length m, default=None
        Images of the test set.
    y_test : array-like of shape (m,), default=None
        Class of each image of the test set.
    groups : array-like of shape (n,), default=None
        Patient id of each image in X. Without it, only copies are found.
    groups_test : array-like of shape (m,), default=None
        Patient id of each image in `X_test`. The same id is the same patient.
    cv : int, splitter or iterable of (train, test), default=None
        Splits of X, as in scikit-learn. Not with an `X_test`. None checks the labels
        only.
    estimator : estimator object, default=None
        Classifier to score with and without the affected test images. It is cloned and
        fitted for each split.
    duplicates : "find", DuplicateReport, array-like of shape (n + m,) or None, \
            default="find"
        Copies among the images. ``"find"`` calls :func:`find_duplicates`. None does not
        use copies.
    cache_dir : path-like, default=None
        Folder of decoded files for :func:`find_duplicates`.
    n_threads : int, default=None
        Number of CPU threads of :func:`find_duplicates`.
    verbose : int, default=0
        Whether to show progress.

    Returns
    -------
    LeakageReport
        Report with the findings. ``print(report)`` shows it.

    Raises
    ------
    ValueError
        If `y` or ids are missing, if lengths differ, if both `X_test` and `cv` are
        given, if only one of the sets has groups, if neither groups nor duplicates are
        used, or if there is an estimator but no split.
    TypeError
        If the estimator is no classifier.

    See Also
    --------
    StratifiedPatientKFold : Folds without this leakage.

    Notes
    -----
    Images of one patient on different days are no copies. Only `groups` can find them.

    Examples
    --------
    >>> import numpy as np
    >>> from cxrclf.audit import leakage_report
    >>> X = np.random.default_rng(0).random((6, 8, 8))
    >>> report = leakage_report(
    ...     X[:4], ["covid", "covid", "normal", "normal"],
    ...     X[4:], ["covid", "normal"],
    ...     groups=["a", "b", "c", "d"], groups_test=["b", "e"], duplicates=None)
    >>> report.findings[0].message
    '1 of 2 test images (50.0 %) is of a patient who also has training images: b.'
    """
    y = check_labels(y, owner="leakage_report")
    n = len(y)
    groups = check_groups(groups, n)
    groups_test = _check_second_set(X_test, y_test, groups, groups_test, cv)
    if groups is None and duplicates is None:
        raise ValueError(
            "Nothing can be compared without groups and without duplicates. Pass "
            "groups, or duplicates='find'."
        )
    if estimator is not None:
        check_classifier(estimator)
        if X_test is None and cv is None:
            raise ValueError("An estimator needs a split. Pass cv or X_test.")
    if X_test is None:
        splits = [] if cv is None else list_splits(cv, X, y, groups)
    else:
        y_test = check_labels(y_test, name="y_test", owner="leakage_report")
        check_lengths(X, y, ("X", "y"))
        check_lengths(X_test, y_test, ("X_test", "y_test"))
        X = stack_rows(X, X_test)
        y = stack_values(y, y_test, ("y", "y_test"))
        if groups is not None:
            groups = stack_values(groups, groups_test, ("groups", "groups_test"))
        splits = [(np.arange(n), np.arange(n, len(y)))]
    images = ImageInput.from_X(X)
    check_lengths(X, y, ("X", "y"))
    duplicates = check_duplicates(
        duplicates, X, len(y), cache_dir=cache_dir, n_threads=n_threads, verbose=verbose
    )
    names = name_rows(images)
    leaks = LeakageAudit(names, y, groups, duplicates, splits)
    tables = {
        "splits": leaks.count(),
        "patients": leaks.list_patients(),
        "copies": leaks.list_copies(),
        "labels": leaks.list_contradictions(),
    }
    reading, predictions = leaks.read(), None
    if estimator is not None:
        with ignore_patient_leaks():
            predictions = cross_val_predictions(
                estimator, X, y, groups=groups, cv=splits, verbose=verbose
            )
        tables["scores"] = leaks.compare_scores(predictions)
        reading += leaks.read_scores(tables["scores"], predictions)
    tables = {name: table for name, table in tables.items() if table is not None}
    return LeakageReport(leaks.find(), tables, reading, leaks.affected, predictions)


def _check_second_set(X_test, y_test, groups, groups_test, cv):
    """Check the parameters of the test set, and return its groups."""
    if X_test is None:
        if y_test is not None or groups_test is not None:
            raise ValueError("y_test and groups_test need an X_test. Pass X_test.")
        return None
    if cv is not None:
        raise ValueError(
            "Pass either X_test or cv: X_test is the only test set, and cv splits X."
        )
    if y_test is None:
        raise ValueError("X_test needs y_test, the class of each of its images.")
    if (groups is None) != (groups_test is None):
        raise ValueError(
            "Pass both groups and groups_test, or neither. Patients of one set alone "
            "cannot be compared."
        )
    return check_groups(groups_test, len(np.asarray(y_test)))
