r"""
===========================================
Five-fold study of an imbalanced data set
===========================================

From a folder of radiographs to a table with means and standard deviations: five
stratified folds that keep each patient on one side, oversampling of the rare class
inside the training folds, a pretrained network with augmentation, and predictions for
every image by a network that has not seen its patient.

Without ``--data`` the radiographs are synthetic, so that the study runs anywhere::

    python examples/five_fold_study.py --out demo-results

With ``--data`` they are yours, one sub-folder for each class. ``--groups`` finds the
patient in a file name, here ``person17`` in ``person17_bacteria_56.jpeg``::

    python examples/five_fold_study.py --data radiographs --groups "^(person\d+)"

It needs ``pip install "cxrclf[lite,plot]"``. All results go to the folder ``--out``:
``scores.csv`` and ``scores.txt``, ``predictions.csv``, ``confusion_matrix.png``,
``roc.png``, ``learning_curves.png`` and ``study.json``.
"""

import argparse
import csv
import json
import shutil
import tempfile
import time
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline
from joblib import Parallel, delayed
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from sklearn.base import clone
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    RocCurveDisplay,
    balanced_accuracy_score,
    confusion_matrix,
)
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from cxrclf import Augmentation, CXRClassifier
from cxrclf.datasets import (
    load_image_folder,
    make_chest_radiographs,
    save_image_folder,
)
from cxrclf.images import DecodeStore
from cxrclf.metrics import classification_table, fold_summary
from cxrclf.nets import make_backbone

# %%
# The radiographs
# ---------------
# Three classes, of which COVID-19 is rare, and two patients for three images. The
# synthetic images are written as files and read back, as real ones are. They are drawn
# once: a second study into the same folder finds them there.

SYNTHETIC_CLASSES = {"covid": 0.12, "normal": 0.50, "pneumonia": 0.38}
SYNTHETIC_PATIENT = r"^(patient\d+)"


def draw_radiographs(folder, n_images, seed):
    """Write synthetic radiographs to a folder, unless they are there already."""
    if not folder.exists():
        drawn = make_chest_radiographs(
            n_images,
            classes=list(SYNTHETIC_CLASSES),
            weights=list(SYNTHETIC_CLASSES.values()),
            random_state=seed,
        )
        part = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(part, ignore_errors=True)  # of a study that was interrupted
        save_image_folder(drawn.images, drawn.target, part, groups=drawn.groups)
        part.replace(folder)
    return folder


def load_radiographs(args):
    """Return a Bunch of paths, classes and, where known, patients."""
    if args.data is not None:
        return load_image_folder(args.data, groups=args.groups)
    folder = args.out / f"radiographs-{args.images}-seed{args.seed}"
    draw_radiographs(folder, args.images, args.seed)
    return load_image_folder(folder, groups=args.groups or SYNTHETIC_PATIENT)


# %%
# The folds
# ---------
# Images of one patient look alike. Where they lie on both sides of a split, a network
# that recognises the patient is taken for one that recognises the disease. So the folds
# are grouped by patient wherever patients are known.


def make_folds(data, n_folds, seed):
    """Return a list of (training rows, left-out rows)."""
    units = data.data[:, 0] if data.groups is None else data.groups
    for name in data.target_names:
        n_units = len(set(units[data.target == name]))
        if n_units < n_folds:
            noun = "images" if data.groups is None else "patients"
            raise ValueError(
                f"Class {name!r} has fewer {noun} ({n_units}) than folds ({n_folds}), "
                f"so that it would be missing from one. Add {noun} of this class, or "
                "ask for fewer --folds."
            )
    splitter = StratifiedKFold if data.groups is None else StratifiedGroupKFold
    folds = splitter(n_folds, shuffle=True, random_state=seed)
    return list(folds.split(data.data, data.target, data.groups))


# %%
# The pipeline
# ------------
# The sampler repeats rows of the rare classes until all classes are equally frequent.
# It is a step of the pipeline and so sees training rows only. The classifier draws a
# view of its own for each repeat of an image in each epoch, so that no two rows show
# the network the same pixels.
#
# A network trained on photographs has to learn what matters on radiographs: its head
# alone is not enough here. `trainable=2` trains the last two stages as well.


def make_classifier(args):
    """Return the pipeline that is fitted in each fold."""
    return make_pipeline(
        RandomOverSampler(random_state=args.seed),
        CXRClassifier(
            args.backbone,
            weights=args.weights,
            trainable=args.trainable,
            image_size=args.image_size,
            augmentation=Augmentation(
                rotation=10, shift=0.05, zoom=0.1, horizontal_flip=True
            ),
            learning_rate=1e-2,
            body_learning_rate=3e-3,
            learning_rate_schedule="cosine",
            max_epochs=args.epochs,
            # Its validation set is the left-out fold, here only to draw its curve: it
            # must not choose the weights that are tested on it.
            keep_best=False,
            random_state=args.seed,
            verbose=int(args.jobs == 1),  # the bars of several folds would collide
        ),
    )


# %%
# The study
# ---------
# `sklearn.model_selection.cross_validate` would do for scores alone. Written out, the
# loop over the folds keeps the prediction of each image, and the learning curves.


class Fold(NamedTuple):
    """What is left of a fold."""

    classes: np.ndarray  # (n_classes,), sorted
    probabilities: np.ndarray  # (n_test, n_classes)
    history: dict  # a list with a value an epoch, for each quantity
    seconds: float


class Results(NamedTuple):
    """What is left of a study."""

    classes: np.ndarray  # (n_classes,), sorted
    fold: np.ndarray  # (n_images,), the fold that left each image out, from 1
    probabilities: np.ndarray  # (n_images, n_classes), of the network of that fold
    histories: list
    seconds: list

    @property
    def predicted(self):
        """The most probable class of each image."""
        return self.classes[self.probabilities.argmax(axis=1)]


def run_fold(number, pipeline, data, train, test):
    """Train on the rows `train`, predict the rows `test`."""
    print(f"Fold {number}: training on {len(train)} images", flush=True)
    X, y = data.data, data.target
    start = time.perf_counter()
    pipeline = clone(pipeline).fit(
        X[train],
        y[train],
        cxrclassifier__X_val=X[test],
        cxrclassifier__y_val=y[test],
    )
    return Fold(
        pipeline.classes_,
        pipeline.predict_proba(X[test]),
        pipeline[-1].history_,
        time.perf_counter() - start,
    )


def run_study(pipeline, data, folds, n_jobs):
    """Train and test in each fold, `n_jobs` folds at once."""
    done = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(run_fold)(number, pipeline, data, train, test)
        for number, (train, test) in enumerate(folds, start=1)
    )
    fold_of = np.zeros(len(data.target), dtype=int)
    probabilities = np.zeros((len(data.target), len(data.target_names)))
    histories, seconds = [], []
    for number, (fold, (_, test)) in enumerate(zip(done, folds, strict=True), start=1):
        fold_of[test] = number
        probabilities[test] = fold.probabilities
        histories.append(fold.history)
        seconds.append(fold.seconds)
        score = balanced_accuracy_score(
            data.target[test], fold.classes[fold.probabilities.argmax(axis=1)]
        )
        print(
            f"Fold {number}: balanced accuracy {score:.3f} on {len(test)} images left "
            f"out, after {fold.seconds:.0f} s",
            flush=True,
        )
    return Results(fold.classes, fold_of, probabilities, histories, seconds)


def summarize(data, results):
    """Return the scores of each class as mean and standard deviation over the folds."""
    return fold_summary(
        classification_table(
            data.target[results.fold == fold],
            results.predicted[results.fold == fold],
            results.probabilities[results.fold == fold],
            labels=results.classes,
        )
        for fold in np.unique(results.fold)
    )


def caveat(args, data):
    """Say what the scores rest on."""
    if data.groups is None:
        patients = (
            "Patients are not known: images of one patient may be in the training and "
            "in the test part of a fold, and the scores too high. Name the part of the "
            "file names that tells patients apart with --groups."
        )
    else:
        patients = "No patient is in the training and in the test part of a fold."
    if args.data is None:
        source = "The radiographs are synthetic: the scores say nothing about people."
    else:
        source = (
            "Where classes come from different hospitals, scanners or age groups, a "
            "network may tell these apart instead of diseases."
        )
    return f"{patients}\n{source}"


# %%
# Files
# -----
# Each file is complete or not there.


@contextmanager
def whole_file(path):
    """Give a path to write to; the file then takes the place of `path`."""
    part = path.with_name(f"{path.name}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_predictions(path, data, results):
    """Write a row for each image: who it is, its class, and what was predicted."""
    groups = [""] * len(data.target) if data.groups is None else data.groups
    columns = [
        data.data[:, 0],
        groups,
        results.fold,
        data.target,
        results.predicted,
        *results.probabilities.T,
    ]
    header = ["path", "patient", "fold", "true", "predicted"]
    header += [f"probability_{name}" for name in results.classes]
    with (
        whole_file(path) as part,
        part.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(zip(*columns, strict=True))


def describe_study(args, data, folds, pipeline, results):
    """Return all that is needed to repeat and to judge the study, for a JSON file."""
    packages = ["cxrclf", "imbalanced-learn", "numpy", "scikit-learn", "timm", "torch"]
    counts = {
        name: {"images": int(np.sum(data.target == name))} for name in results.classes
    }
    if data.groups is not None:
        for name in results.classes:
            patients = set(data.groups[data.target == name].tolist())
            counts[name]["patients"] = len(patients)
    return {
        "settings": {
            name: str(value) if isinstance(value, Path) else value
            for name, value in vars(args).items()
        },
        "pipeline": repr(pipeline),
        "versions": {name: version(name) for name in packages},
        "data": {"description": data.DESCR, "classes": counts},
        "caveat": caveat(args, data),
        "folds": [
            {"train_images": len(train), "test_images": len(test), "seconds": seconds}
            for (train, test), seconds in zip(folds, results.seconds, strict=True)
        ],
        "learning_curves": results.histories,
    }


# %%
# Pictures
# --------
# In the colours of Okabe and Ito, which people with any colour vision tell apart.

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LINES = ("-", "--", "-.", ":")


def draw_confusion_matrix(data, results):
    """Count how often each class was taken for which, over all folds."""
    counts = confusion_matrix(data.target, results.predicted, labels=results.classes)
    rates = counts / counts.sum(axis=1, keepdims=True)
    side = 2.6 + 0.9 * len(counts)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    display = ConfusionMatrixDisplay(rates, display_labels=results.classes)
    display.plot(
        ax=axes,
        cmap="Blues",
        colorbar=False,
        im_kw={"vmin": 0, "vmax": 1},
        xticks_rotation=45 if len(counts) > 4 else "horizontal",
    )
    for text, count, rate in zip(
        display.text_.flat, counts.flat, rates.flat, strict=True
    ):
        text.set_text(f"{count}\n{rate:.0%}")
        text.set_color("white" if rate > 0.5 else "black")
    axes.set(
        title="Images, and share of the true class",
        xlabel="Predicted class (out of fold)",
        ylabel="True class",
    )
    return figure


def draw_roc(data, results):
    """Draw how well each class is told from the rest, over all folds."""
    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.subplots()
    last = len(results.classes) - 1
    for number, name in enumerate(results.classes):
        display = RocCurveDisplay.from_predictions(
            data.target == name,
            results.probabilities[:, number],
            ax=axes,
            curve_kwargs={
                "color": COLOURS[number % len(COLOURS)],
                "linestyle": LINES[number % len(LINES)],
                "linewidth": 2,
            },
            plot_chance_level=number == last,
            chance_level_kw={"color": "0.6", "linestyle": ":", "label": "chance"},
        )
        display.line_.set_label(f"{name} (AUC {display.roc_auc:.3f})")
    axes.legend(loc="lower right")
    axes.grid(alpha=0.3)
    axes.set(
        title="Each class against the rest, out-of-fold predictions",
        xlabel="False positive rate (1 - specificity)",
        ylabel="True positive rate (sensitivity)",
    )
    return figure


def draw_learning_curves(results):
    """Draw loss and accuracy over the epochs, mean and range of the folds."""
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    for axes, quantity in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for number, (part, label) in enumerate(
            [
                ("train", "training (resampled and augmented)"),
                ("valid", "left-out fold (shown only, nothing chosen by it)"),
            ]
        ):
            values = np.array([h[f"{part}_{quantity}"] for h in results.histories])
            epochs = np.arange(1, values.shape[1] + 1)
            colour = COLOURS[number]
            axes.plot(
                epochs,
                values.mean(axis=0),
                color=colour,
                linestyle=LINES[number],
                marker="o",
                label=label,
            )
            axes.fill_between(
                epochs, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.15
            )
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.set(xlabel="Epoch", ylabel=quantity.capitalize())
    axes.set_ylim(top=1.02)
    figure.suptitle(f"Mean and range of {len(results.histories)} folds")
    figure.legend(
        *axes.get_legend_handles_labels(), loc="outside lower center", ncols=2
    )
    return figure


# %%
# The command
# -----------
# What can go wrong is found out before any training.


def prepare(args):
    """Check the settings and return the radiographs and the folds."""
    if args.data is not None and args.out.resolve().is_relative_to(args.data.resolve()):
        raise ValueError(
            f"The results in {str(args.out)!r} would be taken for a class of "
            f"{str(args.data)!r}. Name a folder elsewhere with --out."
        )
    args.out.mkdir(parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=args.out).close()  # raises where nothing can be written
    make_backbone(args.backbone, weights=args.weights, image_size=args.image_size)
    data = load_radiographs(args)
    folds = make_folds(data, args.folds, args.seed)
    print(data.DESCR, flush=True)
    # Names all unreadable files. The folds find the others decoded.
    DecodeStore(args.image_size).fetch(data.data, n_jobs=-1, verbose=1)
    return data, folds


def write_results(args, data, folds, pipeline, results):
    """Write tables and pictures, and return the table of scores as text."""
    summary = summarize(data, results)
    text = f"{summary}\n\n{caveat(args, data)}"
    summary.to_csv(args.out / "scores.csv")
    write_predictions(args.out / "predictions.csv", data, results)
    study = describe_study(args, data, folds, pipeline, results)
    for name, content in (
        ("scores.txt", f"{text}\n"),
        ("study.json", json.dumps(study, indent=2)),
    ):
        with whole_file(args.out / name) as part:
            part.write_text(content, encoding="utf-8")
    for name, figure in (
        ("confusion_matrix.png", draw_confusion_matrix(data, results)),
        ("roc.png", draw_roc(data, results)),
        ("learning_curves.png", draw_learning_curves(results)),
    ):
        with whole_file(args.out / name) as part:
            figure.savefig(part, format="png", dpi=150)
    return text


def at_least(smallest):
    """Return the type of an argument that is a whole number."""

    def parse(text):
        if not text.isdecimal() or int(text) < smallest:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a whole number from {smallest}"
            )
        return int(text)

    return parse


def trained_part(text):
    """Return "head", "all" or a number of stages."""
    return text if text in ("head", "all") else at_least(0)(text)


def make_parser():
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        description="Cross-validate a classifier of chest radiographs.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--data", type=Path, help="folder with one sub-folder of images for each class")
    add("--groups", help="regular expression that finds the patient in a file name")
    add("--out", type=Path, default="demo-results", help="folder for the results")
    add("--folds", type=at_least(2), default=5, help="number of folds")
    add("--epochs", type=at_least(1), default=6, help="passes over the training rows")
    add("--backbone", default="tf_efficientnet_lite0", help="name of a network in timm")
    add("--weights", default="imagenet", help="imagenet, none, or a file of weights")
    add("--trainable", type=trained_part, default=2, help="head, all, or last stages")
    add("--image-size", type=at_least(16), default=128, help="side in pixels")
    add("--images", type=at_least(1), default=320, help="number of synthetic images")
    add("--jobs", type=at_least(1), default=1, help="folds to train at once")
    add("--seed", type=at_least(0), default=0, help="decides on all that is random")
    return parser


def main(argv=None):
    """Run the study."""
    parser = make_parser()
    args = parser.parse_args(argv)
    if args.weights == "none":
        args.weights = None
    try:
        data, folds = prepare(args)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    pipeline = make_classifier(args)
    results = run_study(pipeline, data, folds, args.jobs)
    print(f"\n{write_results(args, data, folds, pipeline, results)}")
    print(f"Tables, predictions and pictures are in {args.out}.")


if __name__ == "__main__":
    main()
