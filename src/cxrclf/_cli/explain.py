"""The command ``cxrclf explain``."""

import os
from pathlib import Path

from cxrclf._cli.command import add_command, add_output_options, speaks
from cxrclf._cli.image_files import (
    FILES_HELP,
    check_outputs,
    find_image_files,
    name_outputs,
)
from cxrclf._cli.model import add_device, load_classifier
from cxrclf._cli.output import (
    check_writable,
    print_json,
    print_note,
    print_text,
    write_text,
)
from cxrclf._cli.predictions import predict_files
from cxrclf._utils.counts import format_count
from cxrclf._utils.files import replace_file
from cxrclf._utils.optional import import_optional
from cxrclf._utils.plot_text import plain_text

_METHODS = ("gradcam", "gradcam++", "cam", "scorecam", "occlusion", "lime")
_TABLE = "predictions.csv"
_CHARACTERS = 24  # of a file name in the title of an image
_CELL = 2.1  # width of an image in inches
_LIMITS = """\
A map always looks convincing. It proves neither that the method describes the
classifier, nor that the classifier uses the disease: the shape of the lungs and a
shortcut inside them look the same. Measure the maps before you interpret one:
saliency_in_mask, randomization_check and insertion_deletion of cxrclf.inspection."""
_FROZEN = (
    "cxrclf: warning: only the head of this network was trained on radiographs. Maps "
    "of such a network were hardly better than the center of the image (User Guide, "
    "Saliency maps). Train with --trainable all if you want to interpret maps."
)

_DESCRIPTION = f"""\
Draw maps of the image regions that the prediction of a saved classifier rests on.

OUT gets a PNG file per image, with the map on the image, and {_TABLE} with the
probabilities and the name of each PNG file.

{_LIMITS}
They are not for clinical use.
"""
_EXAMPLES = """\
  cxrclf explain model scans --out maps
  cxrclf explain model scans/7.dcm --out maps --target all --method occlusion
"""


def add_parser(commands):
    """Add the command to the parser.

    Parameters
    ----------
    commands : argparse subparsers
    """
    parser = add_command(
        commands,
        "explain",
        run,
        summary="draw maps of the regions that predictions rest on",
        description=_DESCRIPTION,
        failure="if some files could not be read",
        examples=_EXAMPLES,
    )
    add = parser.add_argument
    add("model", metavar="MODEL", help="folder of a saved classifier")
    add("files", metavar="FILES", nargs="+", help=FILES_HELP)
    add("--out", metavar="OUT", required=True, help="folder for the PNG files")
    add(
        "--method",
        choices=_METHODS,
        default="gradcam",
        metavar="METHOD",
        help=f"method of the maps: {', '.join(_METHODS)}; the last two need 170 and "
        "1,000 predictions per image (default: %(default)s)",
    )
    add(
        "--target",
        metavar="CLASS",
        help="class that is explained, or all for a map of each class (default: the "
        "predicted class of each image)",
    )
    add_device(parser)
    add_output_options(parser)


def run(options):
    """Explain the predictions of images.

    Parameters
    ----------
    options : argparse.Namespace

    Returns
    -------
    int
        Exit status.
    """
    files = find_image_files(options.files)
    outputs = [Path(options.out, name) for name in name_outputs(files, ".png")]
    check_outputs(files, outputs, options.out, options.overwrite)
    check_writable(Path(options.out, _TABLE), options.overwrite)
    import_optional("matplotlib", extra="inspection", purpose="cxrclf explain")
    if options.method == "lime":
        import_optional("skimage", extra="inspection", purpose="--method lime")
    classifier = load_classifier(options.model, device=options.device)
    target = _find_target(options.target, classifier)
    classifier.set_params(verbose=int(not options.quiet))
    if classifier.trainable in ("head", 0):
        print_note(_FROZEN)
    predictions = predict_files(classifier, [file.path for file in files])
    classifier.set_params(verbose=0)  # the bar of the maps counts the images
    names = {file.path: out for file, out in zip(files, outputs, strict=True)}
    images = [names[path] for path in predictions.paths]
    _draw_maps(classifier, predictions.paths, images, target, options)
    columns = {"map": [os.path.relpath(image, options.out) for image in images]}
    write_text(Path(options.out, _TABLE), predictions.to_csv(columns))
    if options.json:
        values = {"method": options.method, **predictions.to_dict(columns)}
        print_json({"model": options.model, "out": options.out, **values})
    elif speaks(options):
        text = (
            f"Written: {format_count(len(images), 'map')} and {_TABLE} in {options.out}"
        )
        print_text(f"{_LIMITS}\n\n{text}")
    return int(bool(predictions.failures))


def _find_target(name, classifier):
    """Return the class with a name, "all", or None for the predicted class."""
    labels = {str(label): label for label in classifier.classes_.tolist()}
    if name is None or (name == "all" and name not in labels):
        return name
    if name not in labels:
        raise ValueError(
            f"--target {name} is not a class of the model. Its classes are "
            f"{', '.join(labels)}. Use all for a map of each class."
        )
    return labels[name]


def _draw_maps(classifier, paths, images, target, options):
    """Write a PNG file with the map or the maps of each image."""
    from matplotlib.figure import Figure
    from tqdm import tqdm

    from cxrclf.inspection import SaliencyDisplay

    height, width = classifier.image_size_
    n_maps = len(classifier.classes_) if target == "all" else 1
    size = _CELL * (n_maps + 1) + 0.9, max(_CELL * height / width + 0.3, 2.6)
    pairs = zip(paths, images, strict=True)
    for path, image in tqdm(
        pairs,
        total=len(paths),
        desc="explaining",
        unit="image",
        disable=options.quiet,
    ):
        figure = Figure(figsize=size, layout="compressed")
        display = SaliencyDisplay.from_estimator(
            classifier, [path], target, method=options.method, figure=figure
        )
        display.axes_[0, 0].set_title(_shorten(Path(path).name), fontsize=10)
        with replace_file(image, sweep=False) as temporary:
            figure.savefig(temporary, format="png", dpi=150)


def _shorten(name):
    """Return a file name that fits above an image."""
    half = (_CHARACTERS - 1) // 2
    short = name if len(name) <= _CHARACTERS else f"{name[:half]}…{name[-half:]}"
    return plain_text(short)
