"""Audit of the images and folds of a study, as reports and as a file."""

from cxrclf.audit import Finding, Report, ReportTable, leakage_report, shortcut_report
from cxrclf.metrics import Estimate
from cxrclf.studies._fit_result import read_json, write_json


def audit_study(X, y, groups, folds, duplicates, *, n_jobs, verbose):
    """Return reports of leakage and of shortcuts on the folds of a study.

    Parameters
    ----------
    X : array-like of length n
        Images.
    y : ndarray of shape (n,)
        Class of each image.
    groups : ndarray of shape (n,) or None
        Patient id of each image.
    folds : sequence of Fold
        Folds of the study.
    duplicates : DuplicateReport
        Copies among the images.
    n_jobs : int or None
        Number of probes that are trained at the same time.
    verbose : int
        Whether to show progress bars.

    Returns
    -------
    list of Report
        The shortcut report is missing if test sets overlap: the probes need folds that
        test each image once.
    """
    splits = [(fold.train, fold.test) for fold in folds]
    reports = [
        leakage_report(
            X, y, groups=groups, cv=splits, duplicates=duplicates, verbose=verbose
        )
    ]
    tested = [row for fold in folds for row in fold.test.tolist()]
    if len(set(tested)) == len(tested):
        reports.append(
            shortcut_report(
                None,
                X,
                y,
                cv=splits,
                groups=groups,
                duplicates=duplicates,
                n_jobs=n_jobs,
                verbose=verbose,
            )
        )
    return [
        Report(report.title, report.findings, report.tables, report.reading)
        for report in reports
    ]


def write_reports(path, reports):
    """Write reports to a JSON file."""
    content = [
        report.to_dict()
        | {"captions": {name: table.caption for name, table in report.tables.items()}}
        for report in reports
    ]
    write_json(path, content)


def read_reports(path):
    """Read the file of :func:`write_reports`."""
    return [
        Report(
            report["title"],
            [Finding(**finding) for finding in report["findings"]],
            {
                name: ReportTable(_join(columns), report["captions"][name])
                for name, columns in report["tables"].items()
            },
            report["reading"],
        )
        for report in read_json(path)
    ]


def _join(columns):
    """Return columns of a file with estimates instead of three columns of numbers."""
    joined = {}
    for name, values in columns.items():
        bounds = [columns.get(name + suffix) for suffix in ("_low", "_high")]
        if None not in bounds:
            joined[name] = [
                Estimate(*map(_number, parts))
                for parts in zip(values, *bounds, strict=True)
            ]
        elif not _is_bound(name, columns):
            joined[name] = values
    return joined


def _number(value):
    return float("nan") if value is None else value


def _is_bound(name, columns):
    for suffix in ("_low", "_high"):
        stem = name.removesuffix(suffix)
        if stem != name and {stem, stem + "_low", stem + "_high"} <= columns.keys():
            return True
    return False
