"""The command ``cxrclf study``."""

from pathlib import Path

from cxrclf._cli.assignments import assignment, renaming
from cxrclf._cli.class_folders import join_folders, load_class_folder
from cxrclf._cli.command import (
    add_command,
    add_output_options,
    image_size,
    positive,
    speaks,
)
from cxrclf._cli.network_names import find_networks
from cxrclf._cli.output import check_folder, print_json, print_note, print_text
from cxrclf._cli.study_text import describe_results, list_studies_text, study_to_dict

_REPORT = "report.html"
_SMALL = {
    "backbones": [f"tf_efficientnet_lite{number}" for number in range(3)],
    "image_size": 128,
    "max_epochs": 3,
}
# The CycleGAN of a study: 5,000 iterations at full width take hours on a CPU.
_SMALL_GENERATOR = {"max_iter": 50, "width": 8, "discriminator_width": 8}
_DESCRIPTION = f"""\
Run the study of a paper on your images, and write its report.

"cxrclf study --list" lists the studies, and "cxrclf study NAME --describe" shows the
networks, the settings, the folds and the published scores of one, and what the paper
does not state.

DIR has one subfolder per class: DIR/<class>/<image>. If it is split already
(DIR/train/<class>, DIR/test/<class>), the parts are joined, because the study makes
folds of its own. The default is the honest variant: all images of a patient and all
copies of an image are on one side of a split. --faithful follows the paper to the
letter, with its leaks, and its scores are too good.

OUT gets the results as plain files (StudyResults.load reads them) and {_REPORT}.
After an interruption, the same command continues with the trainings that are missing.
"""
_EXAMPLES = """\
  cxrclf study --list
  cxrclf study makris2020 --describe
  cxrclf study makris2020 --data radiographs --out results --scale small \\
      --groups "^(patient\\d+)"
  cxrclf study makris2020 --data radiographs --out results --network VGG16 \\
      --network Xception --jobs 2
  cxrclf study vgg19_unet --data radiographs --out results --segmenter lungs \\
      --label NORMAL=normal --label COVID=covid
"""


def add_parser(commands):
    """Add the command to the parser.

    Parameters
    ----------
    commands : argparse subparsers
    """
    parser = add_command(
        commands,
        "study",
        run,
        summary="run the study of a paper on your images, and write its report",
        description=_DESCRIPTION,
        failure=None,
        examples=_EXAMPLES,
    )
    add = parser.add_argument
    add("name", metavar="NAME", nargs="?", help="name of the study")
    add("--list", action="store_true", help="list the studies, and run none")
    add("--describe", action="store_true", help="describe the study, and do not run it")
    add("--data", metavar="DIR", nargs="+", help="folders with one subfolder per class")
    add("--out", metavar="OUT", help="folder for the results")
    add(
        "--groups",
        metavar="REGEX",
        help="regular expression that finds the patient id in a file name; without it, "
        "each image counts as a patient, and only copies remain together",
    )
    add(
        "--faithful",
        action="store_true",
        help="follow the paper to the letter, with its leaks",
    )
    _add_choices(add)
    _add_scale(add)
    add(
        "--jobs",
        type=positive,
        default=1,
        metavar="N",
        help="number of trainings at the same time (default: %(default)s)",
    )
    add_output_options(parser, overwrite=False)


def _add_choices(add):
    """Add the options that choose networks, classes and parts of the work."""
    add(
        "--network",
        metavar="NAME",
        action="append",
        dest="networks",
        help="network to train, by its name in the paper; can be repeated (default: "
        "all networks)",
    )
    add(
        "--scheme",
        help="class scheme of the study (default: the scheme with the classes of DIR)",
    )
    add(
        "--label",
        type=renaming,
        action="append",
        metavar="FOLDER=CLASS",
        dest="labels",
        help="class of the study for a subfolder with another name; can be repeated; "
        "other subfolders are then left out",
    )
    add(
        "--segmenter",
        metavar="MODEL",
        help="folder of a saved UNetSegmenter, for the networks that see only lungs",
    )
    add("--no-audit", action="store_true", help="do not audit the folds")
    add("--no-maps", action="store_true", help="do not compute saliency maps")
    add(
        "--maps",
        metavar="METHOD",
        default="gradcam",
        help="method of the saliency maps, as in cxrclf explain (default: gradcam)",
    )
    add(
        "--keep-models",
        action="store_true",
        help="save the classifier of each training, for cxrclf predict and explain",
    )
    add("--no-report", action="store_true", help=f"do not write {_REPORT}")


def _add_scale(add):
    """Add the options that change the networks."""
    add(
        "--scale",
        choices=("small",),
        help="small: EfficientNet-Lite 0, 1 and 2 instead of the first three "
        "backbones, images of 128 pixels and 3 epochs, to try a study in minutes",
    )
    add(
        "--backbone",
        metavar="NAME",
        action="append",
        dest="backbones",
        help="network of timm that replaces the first backbone of the study; the "
        "second option replaces the second one, and so on; other networks are left out",
    )
    add("--epochs", type=positive, metavar="N", help="number of epochs, per phase")
    add(
        "--image-size",
        type=image_size,
        metavar="SIZE",
        help="pixels of the images, such as 224 or 320x256",
    )
    add(
        "--set",
        type=assignment,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="parameters",
        help="any other parameter of the networks, such as weights=None; can be "
        "repeated",
    )


def run(options):
    """Run, list or describe studies.

    Parameters
    ----------
    options : argparse.Namespace

    Returns
    -------
    int
        Exit status.
    """
    if not options.list:
        _check_options(options)
    # The imports load torch, which --help does not need.
    from cxrclf.studies import load_study

    if options.list:
        return _list(options)
    published = load_study(options.name)
    study = _scale(published, options)
    if options.describe:
        return _describe(study, options)
    _check_scheme(study, options.scheme)
    networks = None
    if options.networks is not None:
        networks = find_networks(options.networks, study, published)
    results = _run_study(study, networks, options)
    report = None
    if not options.no_report:
        report = Path(options.out, _REPORT)
        results.report(report)
    values = describe_results(results)
    if options.json:
        paths = {"out": options.out, "report": None if report is None else str(report)}
        print_json({**paths, **values.to_dict()})
    elif speaks(options):
        written = [f"Written: {options.out}"]
        written += [] if report is None else [f"Open in a browser: {report}"]
        print_text("\n".join([str(values), "", *written]))
    return 0


def _run_study(study, networks, options):
    """Run the study on the images of the options."""
    segmenter = None
    if options.segmenter:
        from cxrclf import UNetSegmenter

        segmenter = UNetSegmenter.load(options.segmenter)
    data = _load(options)
    if not options.quiet:
        print_note(data.DESCR)
    try:
        return study.run(
            data.data,
            data.target,
            data.groups,
            networks=networks,
            faithful=options.faithful,
            scheme=options.scheme,
            label_map=None if options.labels is None else dict(options.labels),
            segmenter=segmenter,
            out=options.out,
            n_jobs=options.jobs,
            audit=not options.no_audit,
            explain=not options.no_maps and options.maps,
            keep_models=options.keep_models,
            verbose=int(not options.quiet),
        )
    except KeyboardInterrupt:
        raise KeyboardInterrupt("the same command continues the study") from None


def _check_options(options):
    """Check what the options need, and where the results go."""
    if options.name is None:
        raise ValueError("Pass the name of a study. cxrclf study --list lists them.")
    if options.describe:
        return
    missing = [name for name in ("data", "out") if not getattr(options, name)]
    if missing:
        raise ValueError(
            f"A run needs {' and '.join(f'--{name}' for name in missing)}. Pass "
            "--describe to read about the study only."
        )
    check_folder(options.out)


def _check_scheme(study, name):
    """Refuse a class scheme that the study does not have."""
    if name is None or name in study.schemes:
        return
    cure = "The study has no class schemes. Leave out --scheme."
    if study.schemes:
        cure = f"The schemes are: {', '.join(study.schemes)}."
    raise ValueError(f"--scheme {name} is not in the study. {cure}")


def _list(options):
    from cxrclf.studies import list_studies, load_study

    studies = [load_study(name) for name in list_studies()]
    if options.json:
        rows = [{"name": study.name, "title": study.title} for study in studies]
        print_json({"studies": rows})
    else:
        print_text(list_studies_text(studies))
    return 0


def _describe(study, options):
    if options.faithful:
        if study.faithful is None:
            raise ValueError(f"Study {study.name!r} has no faithful variant.")
        study = study.faithful
    if options.json:
        print_json(study_to_dict(study))
    else:
        print_text(study)
    return 0


def _scale(study, options):
    """Return the study with the parameters of the options."""
    changes = dict(_SMALL) if options.scale == "small" else {}
    if changes and _has_generator(study):
        changes |= _SMALL_GENERATOR
    changes |= dict(options.parameters)
    given = {
        "backbones": options.backbones,
        "image_size": options.image_size,
        "max_epochs": options.epochs,
    }
    changes |= {name: value for name, value in given.items() if value is not None}
    return study.scaled(**changes) if changes else study


def _has_generator(study):
    """Return whether a network of a study trains a generator of images."""
    return any(
        path.endswith("__generator")
        for name in study.networks
        for path in study.networks[name].get_params()
    )


def _load(options):
    """Return the images of all folders and of all parts of a split."""
    parts = []
    for folder in options.data:
        train, test = load_class_folder(folder, options.groups)
        parts += [train] if test is None else [train, test]
    return join_folders(parts)
