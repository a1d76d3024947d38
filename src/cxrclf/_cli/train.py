"""The command ``cxrclf train``."""

import argparse
import difflib

from cxrclf._cli.assignments import assignment
from cxrclf._cli.command import (
    add_command,
    add_output_options,
    image_size,
    positive,
    speaks,
)
from cxrclf._cli.model import add_device, check_model_folder
from cxrclf._cli.output import print_json, print_note, print_text
from cxrclf._cli.train_text import describe_training, training_to_dict
from cxrclf._cli.validation import split_validation

_DESCRIPTION = """\
Train a classifier on a folder of radiographs, and save it.

The folder has one subfolder per class: DIR/<class>/<image>. If the images are split
already (DIR/train/<class>, DIR/test/<class>), pass DIR/train. The images of DIR/test
then remain for a test. Audit the images first (cxrclf audit): images of one patient and
copies must not be on both sides of a split, and a classifier can tell classes from
different sources apart without the disease.

A part of the patients (--validation-fraction) is held out, with all copies of their
images. It chooses the best epoch, and its scores are printed. These scores are
optimistic, because the best epoch was chosen by them. They are also uncertain, because
one split tests few patients. Only a cross-validation by patient gives an honest score:
see "cxrclf study", or cross_val_predictions in the User Guide.

The model is a folder for "cxrclf predict", "cxrclf explain" and CXRClassifier.load.
"""
_EXAMPLES = """\
  cxrclf train radiographs --out model --groups "^(patient\\d+)"
  cxrclf train radiographs --out model --backbone densenet201 --trainable all \\
      --epochs 30 --class-weight balanced --set learning_rate=1e-4 \\
      --set augmentation__rotation=10 --set augmentation__horizontal_flip=True
  cxrclf train radiographs --out model --set checkpoint_dir=run   # can be continued
"""
_NO_PATIENTS = (
    "cxrclf: warning: without --groups, each file counts as a patient of its own. If "
    "patients have several images, a patient can be on both sides of the split, and "
    "the scores are too good."
)
_OWN = {
    "callbacks": "it is not a text",
    "validation_fraction": "use --validation-fraction",
    "verbose": "use --quiet",
}


def add_parser(commands):
    """Add the command to the parser.

    Parameters
    ----------
    commands : argparse subparsers
    """
    parser = add_command(
        commands,
        "train",
        run,
        summary="train a classifier on a folder of images, and save it",
        description=_DESCRIPTION,
        failure=None,
        examples=_EXAMPLES,
    )
    add = parser.add_argument
    add("folder", metavar="DIR", help="folder with one subfolder per class, not split")
    add("--out", metavar="MODEL", required=True, help="folder for the classifier")
    add(
        "--groups",
        metavar="REGEX",
        help="regular expression that finds the patient id in a file name; without it, "
        "each image counts as a patient",
    )
    add(
        "--validation-fraction",
        type=_fraction,
        default=0.2,
        metavar="F",
        help="fraction of the patients that is held out, rounded to one in a whole "
        "number; 0 trains on all images (default: %(default)s)",
    )
    _add_parameters(add)
    add(
        "--cache-dir",
        metavar="DIR",
        help="folder for decoded images and features, which a later training reuses",
    )
    add_device(parser)
    add_output_options(parser)


def _add_parameters(add):
    """Add the options that are parameters of CXRClassifier."""
    add(
        "--backbone",
        default="tf_efficientnet_lite0",
        metavar="NAME",
        help="name of a network of timm, or of a paper: xception, resnet50v2, "
        "densenet201, ... (default: %(default)s)",
    )
    add(
        "--weights",
        default="imagenet",
        help="initial weights: imagenet, none (random), or a file "
        "(default: %(default)s)",
    )
    add(
        "--trainable",
        type=_trainable,
        default="head",
        help="trained part of the network: head, all, or the number of its last stages "
        "(default: %(default)s)",
    )
    add(
        "--epochs",
        type=positive,
        default=20,
        metavar="N",
        help="number of passes over the training images (default: %(default)s)",
    )
    add(
        "--image-size",
        type=image_size,
        metavar="SIZE",
        help="pixels of the images that the network gets, such as 224 or 320x256 "
        "(default: size of the network)",
    )
    add(
        "--class-weight",
        choices=("none", "balanced"),
        default="none",
        help="balanced gives rare classes larger weights in the loss "
        "(default: %(default)s)",
    )
    add(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="seed of the split and of the training (default: %(default)s)",
    )
    add(
        "--set",
        type=_parameter,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="parameters",
        help="any other parameter of CXRClassifier; can be repeated",
    )


def run(options):
    """Train and save a classifier.

    Parameters
    ----------
    options : argparse.Namespace

    Returns
    -------
    int
        Exit status.
    """
    check_model_folder(options.out, options.overwrite)
    # The imports load torch, which --help does not need.
    from cxrclf.datasets import load_image_folder
    from cxrclf.metrics import Predictions

    classifier = _make_classifier(options)
    data = load_image_folder(options.folder, groups=options.groups)
    if not options.quiet:
        print_note(data.DESCR)
    if data.groups is None and options.validation_fraction:
        print_note(_NO_PATIENTS)
    split = split_validation(
        data,
        options.validation_fraction,
        seed=options.seed,
        cache_dir=options.cache_dir,
        verbose=int(not options.quiet),
    )
    train, valid = split
    X, y = data.data, data.target
    validation = {"X_val": X[valid], "y_val": y[valid]} if len(valid) else {}
    classifier.fit(X[train], y[train], **validation)
    table = None
    if len(valid):
        scores = classifier.predict_proba(X[valid])
        table = Predictions(
            y[valid],
            classifier.classes_[scores.argmax(axis=1)],
            scores,
            classes=classifier.classes_,
            groups=None if data.groups is None else data.groups[valid],
        ).table()
    classifier.save(options.out)
    if options.json:
        print_json(training_to_dict(options, classifier, split, table))
    elif speaks(options):
        print_text(describe_training(options, classifier, split, table))
    return 0


def _make_classifier(options):
    """Make the classifier, and check its parameters before any long work."""
    from cxrclf import CXRClassifier
    from cxrclf._torch.device import resolve_device
    from cxrclf.nets import make_backbone

    resolve_device(options.device)
    parameters = dict(options.parameters)
    known = CXRClassifier().get_params()
    for name in parameters:
        if name.partition("__")[0] not in known:
            near = difflib.get_close_matches(name, known)
            raise ValueError(
                f"CXRClassifier has no parameter {name!r}. "
                + (f"Did you mean {' or '.join(near)}?" if near else "Check --set.")
            )
    classifier = CXRClassifier(
        options.backbone,
        weights=None if options.weights == "none" else options.weights,
        trainable=options.trainable,
        image_size=options.image_size,
        class_weight=None if options.class_weight == "none" else options.class_weight,
        max_epochs=options.epochs,
        random_state=options.seed,
        device=options.device,
        cache_dir=options.cache_dir,
        verbose=int(not options.quiet),
    ).set_params(**parameters)
    classifier._validate_params()
    if isinstance(classifier.backbone, str):
        make_backbone(classifier.backbone, weights=classifier.weights)
    return classifier


def _trainable(text):
    """Parse the trained part of the network."""
    if text in ("head", "all"):
        return text
    if text.isdecimal():
        return int(text)
    raise argparse.ArgumentTypeError(
        f"{text!r} is not a part of a network. Pass head, all, or the number of stages."
    )


def _fraction(text):
    """Parse the fraction of the validation set."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 0.5:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a fraction from 0 to 0.5. Pass a number such as 0.2."
        )
    return value


def _parameter(text):
    """Parse a parameter of the classifier that no other option sets."""
    name, value = assignment(text)
    if name in _OWN:
        raise argparse.ArgumentTypeError(f"{name} cannot be set here: {_OWN[name]}.")
    return name, value
