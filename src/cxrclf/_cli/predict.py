"""The command ``cxrclf predict``."""

from collections import Counter

from cxrclf._cli.command import add_command, add_output_options, speaks
from cxrclf._cli.image_files import FILES_HELP, find_image_files
from cxrclf._cli.model import add_device, load_classifier
from cxrclf._cli.output import check_writable, print_json, print_text, write_text
from cxrclf._cli.predictions import predict_files
from cxrclf._utils.counts import format_count

_DESCRIPTION = """\
Predict the classes of radiographs with a saved classifier.

MODEL is the folder that CXRClassifier.save or "cxrclf train --out" wrote. The
classifier reads and resizes the files as in its training, also DICOM files.

The result is a table in CSV with a row per image: path, y_pred (the most probable
class), and score_<class> (the probability of each class, in full precision). It is
printed, or written to --out. Files that cannot be read are named and left out. If no
file can be read, this is an error.

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
    files = find_image_files(options.files)
    classifier = load_classifier(options.model, device=options.device)
    classifier.set_params(verbose=int(not options.quiet))
    predictions = predict_files(
        classifier, [file.path for file in files], fail_fast=options.fail_fast
    )
    table = predictions.to_csv()
    if options.out:
        write_text(options.out, table)
    if options.json:
        print_json({"model": options.model, **predictions.to_dict()})
    elif not options.out:
        print_text(table.replace("\r\n", "\n").rstrip("\n"))
    elif speaks(options):
        counts = Counter(predictions.labels)
        n_images = format_count(len(predictions.paths), "image")
        found = ", ".join(f"{name} {counts[name]}" for name in predictions.classes)
        print_text(f"{n_images}: {found}\nWritten: {options.out}")
    return int(bool(predictions.failures))
