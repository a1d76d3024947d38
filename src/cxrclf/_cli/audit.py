"""The command ``cxrclf audit``."""

from collections import Counter
from pathlib import Path

import numpy as np

from cxrclf._cli.class_folders import join_folders, load_class_folder
from cxrclf._cli.command import add_command, add_output_options, speaks
from cxrclf._cli.output import check_writable, print_json, print_note, print_text

_KINDS = ("leakage", "duplicates", "labels", "shortcut", "any")

_DESCRIPTION = """\
Audit a folder of radiographs before you train on it.

The folder has one subfolder per class:

    DIR/<class>/<image>

or is split already:

    DIR/train/<class>/<image>  and  DIR/test/<class>/<image>

Images in DIR/val count as training images, or as test images if there is no DIR/test.

The audit finds copies of images, patients and copies on both sides of a split, images
under two labels, and whether classifiers that cannot see a disease predict the classes,
for example from the width of the files or from the border of the images. A folder that
is not split yet has no leakage. The audit then shows what folds by image would leak.
"""
_EXAMPLES = """\
  cxrclf audit chest_xray --groups "^(person\\d+_[a-z]+|(?:NORMAL2-)?IM-\\d+)"
  cxrclf audit data --html audit.html --fail-on leakage --fail-on labels
  cxrclf audit data --json > audit.json
"""


def add_parser(commands):
    """Add the command to the parser.

    Parameters
    ----------
    commands : argparse subparsers
    """
    parser = add_command(
        commands,
        "audit",
        run,
        summary="find copies, leakage and shortcuts in a folder of images",
        description=_DESCRIPTION,
        failure="if there is a finding of a kind that --fail-on names",
        examples=_EXAMPLES,
    )
    parser.add_argument("folder", metavar="DIR", type=Path, help="folder to audit")
    parser.add_argument(
        "--groups",
        metavar="REGEX",
        help="regular expression that finds the patient id in a file name; without it, "
        "patients are not known; end it with |.+ to count each other file as a patient "
        "of its own",
    )
    parser.add_argument(
        "--cv",
        type=int,
        default=5,
        metavar="N",
        help="number of folds if the folder has no test set (default: %(default)s)",
    )
    parser.add_argument(
        "--fail-on",
        action="append",
        choices=_KINDS,
        default=[],
        metavar="KIND",
        help="exit with status 1 if there are findings of this kind: "
        f"{', '.join(_KINDS)}; can be repeated",
    )
    parser.add_argument("--html", metavar="FILE", help="write a page for a browser")
    parser.add_argument(
        "--no-shortcuts", action="store_true", help="do not train the shortcut probes"
    )
    parser.add_argument("--cache-dir", metavar="DIR", help="folder for decoded images")
    add_output_options(parser)


def run(options):
    """Run the audit of a folder.

    Parameters
    ----------
    options : argparse.Namespace

    Returns
    -------
    int
        Exit status.
    """
    if options.html:
        check_writable(options.html, options.overwrite)
    # The imports load torch, which --help does not need.
    from cxrclf.audit import write_page

    title = f"Audit of {options.folder}"
    reports = []
    if speaks(options):
        print_text(title)
    for report in _make_reports(options):
        reports.append(report)
        if speaks(options):
            print_text(f"\n{report}\n")
    if options.html:
        write_page(options.html, reports, title)
    if options.json:
        reports_as_dicts = [report.to_dict() for report in reports]
        print_json({"title": title, "reports": reports_as_dicts})
    elif speaks(options):
        print_text(_summarize(reports, options.html))
    return max(report.exit_status(options.fail_on) for report in reports)


def _summarize(reports, page):
    """Return the last lines: findings by kind, and the page that was written."""
    counts = Counter(finding.kind for report in reports for finding in report.findings)
    found = ", ".join(f"{kind} {count}" for kind, count in counts.items()) or "none"
    return f"Findings: {found}" + (f"\nWritten: {page}" if page else "")


def _make_reports(options):
    """Yield the reports of the audit."""
    from sklearn.model_selection import StratifiedKFold

    from cxrclf.audit import (
        StratifiedPatientKFold,
        find_duplicates,
        leakage_report,
        shortcut_report,
    )

    verbose = int(not options.quiet)
    train, test = load_class_folder(options.folder, options.groups)
    data = train if test is None else join_folders([train, test])
    X, y, groups = data.data, data.target, data.groups
    _check_classes(y, options.folder)
    if test is None:
        _check_folds(y, options.cv)
    if verbose:
        print_note(data.DESCR)
    duplicates = find_duplicates(X, cache_dir=options.cache_dir, verbose=verbose)
    yield duplicates
    if test is None:
        cv = StratifiedKFold(options.cv, shuffle=True, random_state=0)
        honest = StratifiedPatientKFold(
            options.cv, shuffle=True, random_state=0, duplicates=duplicates
        )
    else:
        n = len(train.target)
        cv = honest = [(np.arange(n), np.arange(n, len(y)))]
    leakage = leakage_report(X, y, groups=groups, cv=cv, duplicates=duplicates)
    if test is None:
        # No split exists yet. The report shows what a split by image would leak.
        leakage.title = "Leakage of folds by image"
        leakage.tables.pop("patients", None)  # nearly all, and of no split that exists
        leakage.findings = tuple(
            finding for finding in leakage.findings if finding.kind != "leakage"
        )
        leakage.reading = (
            f"The folder has no test set. If {options.cv} folds were made by image, "
            "test images would depend on training images as follows. Make folds that "
            'keep patients and copies together: "cxrclf study" does, and '
            "StratifiedPatientKFold in Python.",
            *leakage.reading,
        )
    yield leakage
    if not options.no_shortcuts:
        yield shortcut_report(
            None,
            X,
            y,
            groups=groups,
            cv=_list_folds(honest, X, y, groups),
            duplicates=duplicates,
            cache_dir=options.cache_dir,
            verbose=verbose,
        )


def _list_folds(cv, X, y, groups):
    """Return splits as rows. Without patient ids, each image is a patient."""
    if isinstance(cv, list):
        return cv
    return list(cv.split(X, y, np.arange(len(y)) if groups is None else groups))


def _check_classes(y, folder):
    """Refuse a single class before the long work."""
    classes = np.unique(y)
    if len(classes) < 2:
        raise ValueError(
            f"{folder} has images of one class, {classes[0]}. An audit needs one "
            "subfolder for each of two classes or more."
        )


def _check_folds(y, cv):
    """Refuse numbers of folds before the long work."""
    classes, counts = np.unique(y, return_counts=True)
    if cv < 2:
        raise ValueError(f"--cv must be 2 or more, got {cv}.")
    if counts.min() < cv:
        raise ValueError(
            f"--cv {cv} is more than the number of images of the class "
            f"{classes[counts.argmin()]}, {counts.min()}. Use fewer folds."
        )
