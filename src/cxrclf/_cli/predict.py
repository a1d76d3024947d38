"""The command ``cxrclf predict``."""

import csv
import io
from collections import Counter

from cxrclf._cli.command import add_command, add_output_options, speaks
from cxrclf._cli.image_files import FILES_HELP, find_image_files
from cxrclf._cli.model import add_device, load_classifier
from cxrclf._cli.output import (
    check_writable,
    print_failures,
    print_json,
    print_text,
)
from cxrclf._utils.files import replace_file
from cxrclf.exceptions import ImageReadError

_DESCRIPTION = """\
Predict the classes of radiographs with a saved classifier.

MODEL is the folder that CXRClassifier.save or "cxrclf train --out" wrote. The
classifier reads and resizes the files as in its training, also DICOM files.

The result is a table in CSV with a row per image: path, y_pred (the most probable
class), and score_<class> (the probability of each class, in full precision). It is
printed, or written to --out. Files that cannot be read are named and left out.

The probabilities are statements about the images of the training. On images of another
hospital they may be wrong, and confident all the same. They are not for clinical use.
"""
_EXAMPLES = """\
  cxrclf predict model new_scans --out predictions.csv
  cxrclf predict model "scans/**/*.dcm" --json > predictions.json
  find archive -name "*.dcm" | cxrclf predict model - > predictions.csv
"""


def add_parser(commands):
    """Add the command to the parser.

    Parameters
    ----------
    commands : argparse subparsers
    """
    parser = add_command(
        commands,
        "predict",
        run,
        summary="predict the classes of images with a saved classifier",
        description=_DESCRIPTION,
        failure="if some files could not be read",
        examples=_EXAMPLES,
    )
    parser.add_argument("model", metavar="MODEL", help="folder of a saved classifier")
    parser.add_argument("files", metavar="FILES", nargs="+", help=FILES_HELP)
    parser.add_argument(
        "--out", metavar="FILE", help="CSV file for the table, instead of printing it"
    )
    parser.add_argument(
        "--fail-fast",
        action="store_true",
        help="stop with an error if a file cannot be read, and predict nothing",
    )
    add_device(parser)
    add_output_options(parser)


def run(options):
    """Predict images.

    Parameters
    ----------
    options : argparse.Namespace

    Returns
    -------
    int
        Exit status.
    """
    if options.out:
        check_writable(options.out, options.overwrite)
    paths = [file.path for file in find_image_files(options.files)]
    classifier = load_classifier(options.model, device=options.device)
    classifier.set_params(verbose=int(not options.quiet))
    paths, scores, failures = predict_readable(
        classifier, paths, fail_fast=options.fail_fast
    )
    labels = classifier.classes_[scores.argmax(axis=1)].tolist()
    classes = classifier.classes_.tolist()
    text = _to_csv(paths, labels, classes, scores.tolist())
    if options.out:
        with replace_file(options.out) as temporary:
            temporary.write_text(text, "utf-8", "surrogateescape", newline="")
    if options.json:
        rows = zip(paths, labels, scores.tolist(), strict=True)
        print_json(
            {
                "model": options.model,
                "classes": classes,
                "predictions": [
                    {
                        "path": path,
                        "y_pred": label,
                        "scores": dict(zip(map(str, classes), row, strict=True)),
                    }
                    for path, label, row in rows
                ],
                "failures": failures,
            }
        )
    elif not options.out:
        print_text(text.replace("\r\n", "\n").rstrip("\n"))
    elif speaks(options):
        counts = Counter(map(str, labels))
        found = ", ".join(f"{name} {counts[str(name)]}" for name in classes)
        print_text(f"{len(paths)} images: {found}\nWritten: {options.out}")
    return int(bool(failures))


def predict_readable(classifier, paths, *, fail_fast=False):
    """Predict the files that can be read, and name the others.

    Parameters
    ----------
    classifier : CXRClassifier or DualBackboneConcat
        Fitted classifier.
    paths : list of str
        Image files.
    fail_fast : bool, default=False
        Whether a file that cannot be read is an error.

    Returns
    -------
    paths : list of str
        Files that were read.
    scores : ndarray of shape (n, n_classes)
        Probabilities of these files.
    failures : dict of str to str
        Reason why each other file was not read.
    """
    import numpy as np

    try:
        return paths, classifier.predict_proba(paths), {}
    except ImageReadError as error:
        if fail_fast:
            raise
        failures = error.failures
    print_failures(failures, len(paths))
    # The other files are decoded already.
    paths = [path for path in paths if path not in failures]
    if not paths:
        return [], np.empty((0, len(classifier.classes_))), failures
    return paths, classifier.predict_proba(paths), failures


def _to_csv(paths, labels, classes, scores):
    """Return the table, in the format of ``cxrclf.metrics.Predictions.to_csv``."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(["path", "y_pred", *(f"score_{name}" for name in classes)])
    for path, label, row in zip(paths, labels, scores, strict=True):
        writer.writerow([path, label, *row])
    return file.getvalue()
