r"""
================================================
Rahimzadeh and Attar 2020: training in phases
================================================

The study of M. Rahimzadeh and A. Attar, "A modified deep convolutional neural network
for detecting COVID-19 and pneumonia from chest X-ray images based on the concatenation
of Xception and ResNet50V2", Informatics in Medicine Unlocked 19, 100360, 2020. It
compares two networks and their concatenation in five folds. The training has eight
phases. Each phase has all images of the rare class, and different images of the
frequent classes.

Without ``--data`` the radiographs are synthetic, in the proportions of the published
data set, and the networks are small. The study then runs anywhere in minutes::

    python examples/rahimzadeh2020.py --jobs 2

``--paper`` selects the published networks, image size, epochs, learning rate and
trainable part. They need a GPU and, for the ImageNet weights, a connection to the
internet. ``--data`` names your folder of images, with one sub-folder per class.
``--groups`` finds the patient in a file name::

    python examples/rahimzadeh2020.py --paper --data radiographs --groups "^(person\d+)"

The study needs ``pip install "cxrclf[lite,plot]"`` and
:ref:`study_helpers.py <sphx_glr_auto_examples_study_helpers.py>` in the same folder. It
writes ``scores.csv`` and ``scores.txt``, ``predictions.csv``, ``rare_class.png``,
``learning_curves.png`` and ``study.json`` to the folder ``--out``.
"""

import argparse
import time
from collections import Counter
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from matplotlib.figure import Figure
from sklearn.base import clone
from sklearn.metrics import confusion_matrix

from cxrclf import Augmentation, CXRClassifier, DualBackboneConcat
from cxrclf.images import DecodeStore
from cxrclf.metrics import ScoreTable, classification_table, fold_summary
from cxrclf.nets import make_backbone
from cxrclf.sampling import PhasedBalancedSplit, PhasedClassifier
from study_helpers import (
    COLORS,
    at_least,
    describe_run,
    limits_of,
    load_radiographs,
    make_output_folder,
    plot_mean_and_range,
    split_patients,
    study_parser,
    weights_name,
    write_csv,
    write_results,
)

# %%
# The command
# -----------

PAPER = {
    "backbones": ["Xception", "ResNet50V2"],
    "image_size": 300,
    "epochs": 100,
    "batch_size": 30,
    "learning_rate": 1e-4,
    "trainable": "all",
    "pooling": "flatten",
}


def positive(text):
    """Convert text to a number greater than 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number greater than 0")
    return number


def make_parser():
    """Return the parser of the command line."""
    parser = study_parser(
        "Repeat the study of Rahimzadeh and Attar 2020. As published, each fold is "
        "tested on all images that it was not trained on, so the test sets overlap."
    )
    parser.set_defaults(out="rahimzadeh2020", image_size=96, images=1000)
    add = parser.add_argument
    paper = ", ".join(f"{name} {value}" for name, value in PAPER.items())
    add("--paper", action="store_true", help=f"use the published settings: {paper}")
    add("--rare", help="class that is in every phase; default: the smallest class")
    add("--checkpoint-dir", type=Path, help="folder from which a killed study resumes")
    add("--phases", type=at_least(1), default=8, help="number of phases")
    add("--epochs", type=at_least(1), default=4, help="number of epochs per phase")
    add(
        "--backbones",
        nargs=2,
        metavar="NAME",
        default=["tf_efficientnet_lite0", "tf_efficientnet_lite1"],
        help="names of two networks in timm",
    )
    add(
        "--weights",
        nargs="+",
        type=weights_name,
        default=["imagenet"],
        help="imagenet, none, or a file of weights; one entry per network, or one for "
        "both",
    )
    add(
        "--pooling",
        choices=["mean", "flatten"],
        default="mean",
        help="pooling of the last feature map",
    )
    add(
        "--learning-rate",
        type=positive,
        default=1e-3,
        help="learning rate of the whole network",
    )
    add(
        "--batch-size",
        type=at_least(1),
        default=8,
        help="batch size of a single network",
    )
    add("--leaky-validation", action="store_true", help="validate on test images")
    return parser


def parse_args(argv=None):
    """Return the settings. An option on the command line overrides `--paper`."""
    parser = make_parser()
    if parser.parse_args(argv).paper:
        parser.set_defaults(**PAPER)
    return parser.parse_args(argv)


# %%
# The phases
# ----------
# In the paper, the training set of a fold has 149 COVID-19 images. All of them are in
# each of the eight phases. Each phase also has 250 normal and 200 pneumonia images that
# no other phase has. In addition, 34 pneumonia images are in all phases. The sums are
# 2,000 normal and 1,634 pneumonia images.
#
# Other data sets keep these proportions. The most frequent class has the quota of the
# normal images, and each other frequent class has the quota of pneumonia. With n images
# of the rare class, a training set has n · 2,000 / 149 or n · 1,634 / 149 images of a
# frequent class, or all that there are. In a class with the quota of pneumonia,
# 34 / 1,634 of the images are in all phases. The phases share the other images evenly,
# and the remainder is tested.

PUBLISHED_IMAGES = {"covid": 180, "normal": 8851, "pneumonia": 6054}
PUBLISHED_RARE = 149  # images of the rare class in a training set


class Quota(NamedTuple):
    """Number of images of a class in a phase, as published."""

    own: int  # in this phase only
    shared: int  # in all phases


MOST_FREQUENT, OTHERS = Quota(250, 0), Quota(200, 34)


def find_quotas(data, rare):
    """Return the published quota of each frequent class."""
    counts = Counter(data.target.tolist())
    frequent = [name for name in data.target_names if name != rare]
    most_frequent = max(frequent, key=counts.get)
    return {
        name: MOST_FREQUENT if name == most_frequent else OTHERS for name in frequent
    }


def scale_quota(name, n, quota, n_phases):
    """Return the quota for `n` images of a class, in the published proportions."""
    shared = quota.shared * n // (n_phases * quota.own + quota.shared)
    if n - shared < n_phases:
        raise ValueError(
            f"The images of class {name!r} in a training set ({n}) are too few for "
            f"{n_phases} phases. Add images, or ask for fewer --phases or --folds."
        )
    return Quota((n - shared) // n_phases, shared)


def make_split(y, quotas, args):
    """Return the split of training rows with classes `y` into phases."""
    scaled = {
        name: scale_quota(name, int(np.sum(y == name)), quota, args.phases)
        for name, quota in quotas.items()
    }
    return PhasedBalancedSplit(
        args.phases,
        per_phase={name: quota.own for name, quota in scaled.items()},
        shared={name: quota.shared for name, quota in scaled.items()},
        random_state=args.seed,
    )


# %%
# The folds
# ---------
# A fold trains on the images that its phases need, and tests on all others. In the
# paper these are 31 of the 180 COVID-19 images, 4,420 of 6,054 pneumonia images and
# 6,851 of 8,851 normal images. An image of the rare class is tested in at most one
# fold, other images in several. Patients stay on one side, if they are known. So images
# of a patient in the training set that no phase needs are not used.
#
# The best epoch is the one with the highest accuracy on a validation set. The authors
# drew this set from the test set. So they chose the epoch that is best for the images
# that they then tested. Here the validation set is a tenth of the training set, and the
# phases use the rest. ``--leaky-validation`` repeats the choice of the authors: all
# test images of the rare class and 300 images of each other class, in proportion.

TESTED_RARE = Fraction(31, 180)  # of five folds
VALIDATION_SHARE = 0.1
LEAKY_VALIDATION = 300
LEAK = (
    "Warning: the validation sets are drawn from the test sets, as in the paper. The "
    "epochs are chosen by images that the networks are then tested on, so the scores "
    "are too high."
)
PURPOSES = ("train on", "choose the best epoch by", "test on")


class Rows(NamedTuple):
    """Row numbers of a fold."""

    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray


class Fold(NamedTuple):
    """Rows and phases of a fold."""

    rows: Rows
    split: PhasedBalancedSplit  # of the training rows


def draw_rows(rows, patients, n, rng):
    """Draw all rows of some patients: at most `n` rows, but at least one patient."""
    found, sizes = np.unique(patients[rows], return_counts=True)
    drawn, total = [], 0
    for i in rng.permutation(len(found)):
        if not drawn or total + sizes[i] <= n:
            drawn.append(found[i])
            total += sizes[i]
    return rows[np.isin(patients[rows], drawn)]


def without_patients_of(others, rows, patients):
    """Return the rows of patients without a row among the others."""
    return rows[~np.isin(patients[rows], patients[others])]


def draw_validation(y, patients, train, test, rare, args, rng):
    """Return the rows of a validation set."""
    source = test if args.leaky_validation else train
    n_rare = np.sum(y[train] == rare)
    valid = []
    for name in np.unique(y):
        rows = source[y[source] == name]
        if not args.leaky_validation:
            n = round(VALIDATION_SHARE * len(rows))
        elif name == rare:
            n = len(rows)
        else:
            n = LEAKY_VALIDATION * n_rare // PUBLISHED_RARE
        valid.append(draw_rows(rows, patients, n, rng))
    return np.concatenate(valid)


def divide_rows(y, patients, left_out, rare, quotas, args, rng):
    """Return the rows of a fold. Its test set contains the rows `left_out`."""
    everything = np.arange(len(y))
    is_rare = y == rare
    n_tested = -(-5 * TESTED_RARE * int(is_rare.sum()) // args.folds)  # rounded up
    tested = draw_rows(left_out[is_rare[left_out]], patients, n_tested, rng)
    left_out = np.concatenate([tested, left_out[~is_rare[left_out]]])
    pool = without_patients_of(left_out, everything, patients)
    train = [pool[is_rare[pool]]]
    n_rare = len(train[0])
    for name, quota in quotas.items():
        rows = pool[y[pool] == name]
        published = args.phases * quota.own + quota.shared
        n = min(len(rows), n_rare * published // PUBLISHED_RARE)
        scaled = scale_quota(name, n, quota, args.phases)
        n = args.phases * scaled.own + scaled.shared
        train.append(draw_rows(rows, patients, n, rng))
    train = np.concatenate(train)
    test = without_patients_of(train, everything, patients)
    valid = draw_validation(y, patients, train, test, rare, args, rng)
    return Rows(without_patients_of(valid, train, patients), valid, test)


def make_folds(data, rare, args):
    """Return the folds. Each class is in each set of each fold."""
    units = data.data[:, 0] if data.groups is None else data.groups
    patients = np.unique(units, return_inverse=True)[1]
    quotas = find_quotas(data, rare)
    folds = []
    for number, (_, left_out) in enumerate(
        split_patients(data, args.folds, args.seed), start=1
    ):
        rng = np.random.default_rng([args.seed, number])
        rows = divide_rows(data.target, patients, left_out, rare, quotas, args, rng)
        for chosen, purpose in zip(rows, PURPOSES, strict=True):
            missing = set(data.target_names) - set(data.target[chosen])
            if missing:
                noun = "images" if data.groups is None else "patients"
                raise ValueError(
                    f"Fold {number} has no image of {sorted(missing)} to {purpose}. "
                    f"Add {noun}, or ask for fewer --folds."
                )
        folds.append(Fold(rows, make_split(data.target[rows.train], quotas, args)))
    return folds


# %%
# All errors in the settings and in the files show before the first training.


def prepare(args):
    """Check the settings, and return the radiographs, the rare class and the folds."""
    make_output_folder(args.out, args.data)
    if args.checkpoint_dir:
        make_output_folder(args.checkpoint_dir, args.data, "--checkpoint-dir")
    if len(set(args.backbones)) < 2:
        raise ValueError("Name two different networks with --backbones.")
    if len(args.weights) == 1:
        args.weights *= 2
    if len(args.weights) != 2:
        raise ValueError("Give --weights one entry for both networks, or one for each.")
    for name, weights in zip(args.backbones, args.weights, strict=True):
        make_backbone(name, weights=weights, image_size=args.image_size)
    data = load_radiographs(args, PUBLISHED_IMAGES)
    if len(data.target_names) < 2:
        raise ValueError(f"There is one class only, {data.target_names}: add another.")
    counts = Counter(data.target.tolist())
    rare = args.rare or min(data.target_names, key=counts.get)
    if rare not in counts:
        raise ValueError(
            f"--rare {rare!r} is not one of the classes {data.target_names}."
        )
    folds = make_folds(data, rare, args)
    print(data.DESCR, flush=True)
    # Decode all files once for all folds. The error names every unreadable file.
    DecodeStore(args.image_size).fetch(data.data, n_jobs=-1, verbose=1)
    return data, rare, folds


def print_folds(args, data, folds):
    """Print what each fold does with the images."""
    if args.leaky_validation:
        print(LEAK)
    for number, fold in enumerate(folds, start=1):
        sizes = [
            f"{len(rows)} images to {purpose}"
            for rows, purpose in zip(fold.rows, PURPOSES, strict=True)
        ]
        n_unused = len(data.target) - len(np.unique(np.concatenate(fold.rows)))
        print(
            f"Fold {number}: {', '.join(sizes)}, {n_unused} not used\n"
            f"{fold.split.plan(data.target[fold.rows.train])}",
            flush=True,
        )


# %%
# The networks
# ------------
# The settings are the published ones: Nadam, cross-entropy, batches of 30 images (20
# for the concatenation), pixels divided by 255 without another normalization, dropout
# 0.5 before the output (in the code of the authors), and one learning rate for the
# whole network. The last feature map is averaged. ``--pooling flatten`` flattens it, as
# published: the output layer then has a hundred times as many weights at 300 pixels.
#
# A rotation of 0-360° is the same as one of -180° to 180°. The paper has a "shift range
# 5 %" beside a "width/height shift 5 %". In the code of the authors it is
# `shear_range=0.05`. Keras reads this number as degrees, so the shear is almost
# nothing. It is the same here.

AUGMENTATION = Augmentation(
    rotation=180,
    shift=0.05,
    shear=0.05,
    zoom=0.05,
    horizontal_flip=True,
    vertical_flip=True,
)


def make_networks(args):
    """Return the three classifiers by name."""
    settings = {
        "trainable": args.trainable,
        "dropout": 0.5,
        "pooling": args.pooling,
        "normalization": "unit",
        "image_size": args.image_size,
        "augmentation": AUGMENTATION,
        "optimizer": "nadam",
        "learning_rate": args.learning_rate,
        "body_learning_rate": args.learning_rate,
        "max_epochs": args.epochs,
        "monitor": "valid_accuracy",
        "random_state": args.seed,
        "checkpoint_dir": args.checkpoint_dir,
        "verbose": int(args.jobs == 1),  # progress bars of several would overlap
    }
    networks = {
        name: CXRClassifier(
            name, weights=weights, batch_size=args.batch_size, **settings
        )
        for name, weights in zip(args.backbones, args.weights, strict=True)
    }
    networks["concatenation"] = DualBackboneConcat(
        args.backbones,
        weights=args.weights,
        batch_size=max(1, args.batch_size * 2 // 3),
        **settings,
    )
    return networks


# %%
# The study
# ---------
# Each network is trained in each fold, on the same phases.


class Training(NamedTuple):
    """Outcome of one network in one fold."""

    network: str
    fold: int  # from 1
    probabilities: np.ndarray  # (n_test, n_classes), classes sorted
    history: dict  # per quantity, a list with one value per epoch
    best_epoch: int  # from 1, over all phases
    seconds: float


def train_network(name, network, number, fold, data):
    """Train on the phases of a fold, and predict its test set."""
    start = time.perf_counter()
    X, y = data.data, data.target
    train, valid, test = fold.rows
    phased = PhasedClassifier(clone(network), fold.split)
    phased.fit(X[train], y[train], X_val=X[valid], y_val=y[valid])
    return Training(
        name,
        number,
        phased.predict_proba(X[test]),
        phased.history_,
        phased.best_epoch_,
        time.perf_counter() - start,
    )


def predicted_classes(data, training):
    """Return the most probable class of each test image."""
    return np.array(data.target_names)[training.probabilities.argmax(axis=1)]


def train_networks(networks, data, folds, n_jobs):
    """Train and test all networks in all folds, `n_jobs` trainings at once."""
    done = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(train_network)(name, network, number, fold, data)
        for name, network in networks.items()
        for number, fold in enumerate(folds, start=1)
    )
    trainings = []
    for training in done:
        trainings.append(training)
        y = data.target[folds[training.fold - 1].rows.test]
        accuracy = np.mean(predicted_classes(data, training) == y)
        print(
            f"{training.network}, fold {training.fold}: accuracy {accuracy:.3f} on "
            f"{len(y)} test images with the weights of epoch {training.best_epoch} of "
            f"{len(training.history['epoch'])}, after {training.seconds:.0f} s",
            flush=True,
        )
    return trainings


# %%
# Tables
# ------
# The paper has the same tables. They have three counts per class: images of the class
# that are recognized (correct), images of the class that are predicted as another class
# (missed), and images of other classes that are predicted as this class (wrong). They
# also have the scores of each class against the others.

COUNTS = ("correct", "missed", "wrong")
RATES = ("accuracy", "specificity", "sensitivity", "precision")


class Scores(NamedTuple):
    """Scores of one network in one fold."""

    network: str
    fold: int
    counts: dict  # per class: correct, missed and wrong images
    table: ScoreTable


def score_training(data, folds, training):
    """Count and score the predictions of a network for the test set of its fold."""
    y = data.target[folds[training.fold - 1].rows.test]
    predicted = predicted_classes(data, training)
    matrix = confusion_matrix(y, predicted, labels=data.target_names)
    correct = np.diag(matrix)
    missed, wrong = matrix.sum(axis=1) - correct, matrix.sum(axis=0) - correct
    counts = zip(correct.tolist(), missed.tolist(), wrong.tolist(), strict=True)
    return Scores(
        training.network,
        training.fold,
        dict(zip(data.target_names, counts, strict=True)),
        classification_table(y, predicted, labels=data.target_names),
    )


def by_network(items):
    """Group trainings or scores by the name of their network."""
    networks = {}
    for item in items:
        networks.setdefault(item.network, []).append(item)
    return networks


def summarize_networks(scores):
    """Return mean and standard deviation over the folds for each network."""
    return {
        name: fold_summary(one.table for one in of_network)
        for name, of_network in by_network(scores).items()
    }


def write_scores(path, data, scores):
    """Write one row per network, fold and class, then means and deviations."""
    rows = []
    for one in scores:
        for name in data.target_names:
            rates = [one.table[name, rate] for rate in RATES]
            rows.append([one.network, one.fold, name, *one.counts[name], *rates])
        rows.append([one.network, one.fold, "overall", "", "", ""])
        rows[-1] += [one.table.overall["accuracy"], "", "", ""]
    for network, summary in summarize_networks(scores).items():
        for what in ("mean", "sd"):
            for name in data.target_names:
                rates = [getattr(summary[name, rate], what) for rate in RATES]
                rows.append([network, what, name, "", "", "", *rates])
            rows.append([network, what, "overall", "", "", ""])
            rows[-1] += [getattr(summary.overall["accuracy"], what), "", "", ""]
    # The precision of a class that is never predicted is nan, and its cell is empty.
    rows = [["" if cell != cell else cell for cell in row] for row in rows]
    write_csv(path, ["network", "fold", "class", *COUNTS, *RATES], rows)


def format_table(rows):
    """Return rows of cells as text with aligned columns."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in cells
    )
    return "\n".join(line.rstrip() for line in lines)


def describe_scores(data, scores, rare):
    """Return the tables as text, the rare class first."""
    blocks = []
    for name in sorted(data.target_names, key=lambda name: name != rare):
        rows = [["network", "fold", *COUNTS, *RATES]]
        for one in scores:
            rates = [f"{one.table[name, rate]:.3f}" for rate in RATES]
            rows.append([one.network, one.fold, *one.counts[name], *rates])
        blocks.append(f"Class {name}\n{format_table(rows)}")
    rows = [["network", "fold", "accuracy"]]
    for one in scores:
        rows.append([one.network, one.fold, f"{one.table.overall['accuracy']:.3f}"])
    blocks.append(f"All classes\n{format_table(rows)}")
    for network, summary in summarize_networks(scores).items():
        blocks.append(f"{network}\n{summary}")
    if any("nan" in block for block in blocks):
        blocks.append("nan: a class that is never predicted has no precision.")
    return "\n\n".join(blocks)


def write_predictions(path, data, folds, trainings):
    """Write one row per network, fold and test image."""
    rows = []
    for training in trainings:
        test = folds[training.fold - 1].rows.test
        columns = [
            [training.network] * len(test),
            [training.fold] * len(test),
            data.data[test, 0],
            [""] * len(test) if data.groups is None else data.groups[test],
            data.target[test],
            predicted_classes(data, training),
            *training.probabilities.T,
        ]
        rows += zip(*columns, strict=True)
    header = ["network", "fold", "path", "patient", "true", "predicted"]
    header += [f"probability_{name}" for name in data.target_names]
    write_csv(path, header, rows)


def describe_limits(args, data):
    """Return the limits of the scores as text."""
    limits = limits_of(args, data)
    return f"{LEAK}\n{limits}" if args.leaky_validation else limits


def describe_study(args, data, folds, networks, trainings):
    """Return all that is needed to repeat and to judge the study."""
    return {
        **describe_run(args, data),
        "networks": {name: repr(network) for name, network in networks.items()},
        "limits": describe_limits(args, data),
        "folds": [
            {
                "images": {
                    part: Counter(data.target[rows].tolist())
                    for part, rows in fold.rows._asdict().items()
                },
                "phases": asdict(fold.split.plan(data.target[fold.rows.train])),
            }
            for fold in folds
        ],
        "trainings": [
            {
                "network": training.network,
                "fold": training.fold,
                "best_epoch": training.best_epoch,
                "seconds": training.seconds,
                "learning_curves": training.history,
            }
            for training in trainings
        ],
    }


# %%
# Figures
# -------


def draw_rare_class(scores, rare):
    """Draw sensitivity and precision of the rare class, one point per fold."""
    networks = by_network(scores)
    figure = Figure(figsize=(9, 4.4), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, rate in zip(panels, ("sensitivity", "precision"), strict=True):
        for place, of_network in enumerate(networks.values()):
            color = COLORS[place]
            values = np.array([one.table[rare, rate] for one in of_network])
            places = place + np.linspace(-0.2, 0.2, len(values))
            axes.scatter(places, values, color=color, s=45, zorder=3)
            if not np.isnan(values).all():
                axes.hlines(np.nanmean(values), place - 0.3, place + 0.3, color=color)
        axes.set_xticks(range(len(networks)), list(networks), rotation=15)
        axes.set(title=f"{rate.capitalize()} of {rare}", ylim=(-0.04, 1.04))
        axes.grid(axis="y", alpha=0.3)
    caption = "One point per fold, the first fold on the left; a line is their mean"
    if any(np.isnan(one.table[rare, "precision"]) for one in scores):
        caption += f".\nNo precision if {rare} is never predicted"
    figure.supxlabel(caption, fontsize=10)
    return figure


def draw_curves(trainings, n_phases):
    """Draw the accuracy over the epochs of all phases, one panel per network."""
    networks = by_network(trainings)
    figure = Figure(figsize=(9, 2.6 * len(networks) + 0.8), layout="constrained")
    panels = figure.subplots(len(networks), 1, sharex=True)
    for axes, (name, of_network) in zip(panels, networks.items(), strict=True):
        for part, label, color, line in (
            ("train", "training (augmented)", COLORS[0], "-"),
            ("valid", "validation", COLORS[1], "--"),
        ):
            curves = [one.history[f"{part}_accuracy"] for one in of_network]
            plot_mean_and_range(axes, curves, color=color, linestyle=line, label=label)
        best = [one.best_epoch for one in of_network]
        # The marks are stacked where several folds chose the same epoch.
        heights = [0.03 + 0.07 * best[:i].count(epoch) for i, epoch in enumerate(best)]
        axes.plot(best, heights, "k^", clip_on=False, label="chosen epoch of a fold")
        n_epochs = len(of_network[0].history["epoch"])
        for border in np.arange(1, n_phases) * n_epochs / n_phases + 0.5:
            axes.axvline(border, color="0.5", linewidth=0.8, linestyle=":")
        axes.set(title=name, ylabel="Accuracy", ylim=(0, 1.02))
    panels[-1].set_xlabel("Epoch (dotted: start of a new phase)")
    figure.suptitle(f"Mean and range of {len(best)} folds")
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3
    )
    return figure


# %%
# From start to end
# -----------------


def main(argv=None):
    """Run the study."""
    args = parse_args(argv)
    try:
        data, rare, folds = prepare(args)
    except (OSError, ValueError) as error:
        make_parser().error(str(error))
    print_folds(args, data, folds)
    networks = make_networks(args)
    trainings = train_networks(networks, data, folds, args.jobs)

    scores = [score_training(data, folds, training) for training in trainings]
    text = f"{describe_scores(data, scores, rare)}\n\n{describe_limits(args, data)}"
    write_scores(args.out / "scores.csv", data, scores)
    write_predictions(args.out / "predictions.csv", data, folds, trainings)
    write_results(
        args.out,
        text,
        describe_study(args, data, folds, networks, trainings),
        {
            "rare_class": draw_rare_class(scores, rare),
            "learning_curves": draw_curves(trainings, args.phases),
        },
    )
    print(f"\n{text}\nTables, predictions and figures are in {args.out}.")


if __name__ == "__main__":
    main()
