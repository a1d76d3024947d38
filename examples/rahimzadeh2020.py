r"""
================================================
Rahimzadeh and Attar 2020: training in phases
================================================

The study of M. Rahimzadeh and A. Attar, "A modified deep convolutional neural network
for detecting COVID-19 and pneumonia from chest X-ray images based on the concatenation
of Xception and ResNet50V2", Informatics in Medicine Unlocked 19, 100360, 2020: two
networks and their concatenation, five folds, and a training in eight phases, each with
all images of the rare class and other images of the frequent ones.

Without ``--data`` the radiographs are synthetic, in the proportions of the published
data set, and the networks are small, so that the study runs anywhere in minutes::

    python examples/rahimzadeh2020.py --jobs 2

``--paper`` sets networks, image size, epochs, learning rate and what is trained to the
published ones, which take a GPU and, for the ImageNet weights, a connection. The data
are a folder of yours with one sub-folder for each class; ``--groups`` finds the patient
in a file name::

    python examples/rahimzadeh2020.py --paper --data radiographs --groups "^(person\d+)"

It needs ``pip install "cxrclf[lite,plot]"``. All results go to the folder ``--out``:
``scores.csv`` and ``scores.txt``, ``predictions.csv``, ``rare_class.png``,
``learning_curves.png`` and ``study.json``.
"""

import argparse
import csv
import json
import shutil
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from sklearn.base import clone
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from cxrclf import Augmentation, CXRClassifier, DualBackboneConcat
from cxrclf.datasets import (
    load_image_folder,
    make_chest_radiographs,
    save_image_folder,
)
from cxrclf.images import DecodeStore
from cxrclf.metrics import ScoreTable, classification_table, fold_summary
from cxrclf.nets import make_backbone
from cxrclf.sampling import PhasedBalancedSplit, PhasedClassifier

# %%
# The radiographs
# ---------------
# As many of each class as in the paper, or as large a share of fewer images. The
# synthetic images are drawn once: a second study into the same folder finds them there.

PUBLISHED_IMAGES = {"covid": 180, "normal": 8851, "pneumonia": 6054}
SYNTHETIC_PATIENT = r"^(patient\d+)"


def draw_radiographs(folder, n_images, seed):
    """Write synthetic radiographs to a folder, unless they are there already."""
    if not folder.exists():
        drawn = make_chest_radiographs(
            n_images,
            classes=list(PUBLISHED_IMAGES),
            weights=list(PUBLISHED_IMAGES.values()),
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
# The phases
# ----------
# The published training set of a fold has 149 COVID-19 images, all of them in each of
# the eight phases. Each phase has 250 normal and 200 pneumonia images for itself, and
# 34 pneumonia images are in all phases: 2,000 and 1,634 in all.
#
# Other data sets keep these proportions. The most frequent class takes the part of the
# normal images, each other one that of pneumonia. Beside n images of the rare class, a
# training set has n · 2,000 / 149 or n · 1,634 / 149 images of such a class, or as many
# as there are. Of the latter 34 / 1,634 are in all phases. The others are dealt out
# evenly; what does not come out even is tested.

PUBLISHED_RARE = 149  # images of the rare class in a training set
MOST_FREQUENT, OTHERS = (250, 0), (200, 34)  # own images of a phase, and shared ones


def find_parts(data, rare):
    """Return for each frequent class its own and shared images of a published phase."""
    counts = Counter(data.target.tolist())
    frequent = [name for name in data.target_names if name != rare]
    most_frequent = max(frequent, key=counts.get)
    return {
        name: MOST_FREQUENT if name == most_frequent else OTHERS for name in frequent
    }


def deal_out(name, n, part, n_phases):
    """Return how many of `n` images a phase has for itself, and how many all share."""
    own, common = part
    shared = common * n // (n_phases * own + common)
    if n - shared < n_phases:
        raise ValueError(
            f"The images of class {name!r} in a training set ({n}) are too few for "
            f"{n_phases} phases. Add images, or ask for fewer --phases or --folds."
        )
    return (n - shared) // n_phases, shared


def make_split(y, parts, args):
    """Return how the training rows, of the classes `y`, are cut into phases."""
    numbers = {
        name: deal_out(name, int(np.sum(y == name)), part, args.phases)
        for name, part in parts.items()
    }
    return PhasedBalancedSplit(
        args.phases,
        per_phase={name: own for name, (own, _) in numbers.items()},
        shared={name: shared for name, (_, shared) in numbers.items()},
        random_state=args.seed,
    )


# %%
# The folds
# ---------
# A fold trains on what its phases need and tests on everything else: 31 of the 180
# COVID-19 images, 4,420 of 6,054 with pneumonia and 6,851 of 8,851 normal ones in the
# paper. An image of the rare class is tested in one fold at most, others in several.
# Patients stay on one side where they are known: images of a patient in the training
# set that no phase needs are set aside.
#
# The best epoch is chosen by the accuracy on a validation set. The authors drew it from
# the test set, so that their epoch is the best one for images that it is then scored
# on. Here a tenth of the training set is held out instead, and the rest is dealt out.
# ``--leaky-validation`` does as the authors did: all test images of the rare class and
# 300 of each other class, in proportion.

TESTED_RARE = Fraction(31, 180)  # of five folds
HELD_OUT = 0.1
LEAKY_VALIDATION = 300
LEAK = (
    "Warning: the validation sets are drawn from the test sets, as the authors' were. "
    "The epochs are then chosen by images that they are tested on, and the scores are "
    "optimistic."
)
PURPOSES = ("train on", "choose the best epoch by", "test on")


class Rows(NamedTuple):
    """What a fold does with the rows, by their numbers."""

    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray


class Fold(NamedTuple):
    """The rows of a fold, and the phases."""

    rows: Rows
    split: PhasedBalancedSplit  # of the rows to train on


def draw_rows(rows, patients, n, rng):
    """Draw patients whose rows are `n` together, or fewer; one patient at least."""
    found, sizes = np.unique(patients[rows], return_counts=True)
    drawn, total = [], 0
    for i in rng.permutation(len(found)):
        if not drawn or total + sizes[i] <= n:
            drawn.append(found[i])
            total += sizes[i]
    return rows[np.isin(patients[rows], drawn)]


def rows_apart(rows, others, patients):
    """Return those rows whose patients have none of the other rows."""
    return rows[~np.isin(patients[rows], patients[others])]


def draw_validation(y, patients, train, test, rare, args, rng):
    """Return the rows of a validation set."""
    source = test if args.leaky_validation else train
    n_rare = np.sum(y[train] == rare)
    valid = []
    for name in np.unique(y):
        rows = source[y[source] == name]
        if not args.leaky_validation:
            n = round(HELD_OUT * len(rows))
        elif name == rare:
            n = len(rows)
        else:
            n = LEAKY_VALIDATION * n_rare // PUBLISHED_RARE
        valid.append(draw_rows(rows, patients, n, rng))
    return np.concatenate(valid)


def divide_rows(y, patients, left_out, rare, parts, args, rng):
    """Return the rows of a fold that tests on `left_out` and others."""
    everything = np.arange(len(y))
    is_rare = y == rare
    n_tested = -(-5 * TESTED_RARE * int(is_rare.sum()) // args.folds)  # rounded up
    tested = draw_rows(left_out[is_rare[left_out]], patients, n_tested, rng)
    left_out = np.concatenate([tested, left_out[~is_rare[left_out]]])
    pool = rows_apart(everything, left_out, patients)
    train = [pool[is_rare[pool]]]
    n_rare = len(train[0])
    for name, part in parts.items():
        rows = pool[y[pool] == name]
        own, common = part
        published = args.phases * own + common
        n = min(len(rows), n_rare * published // PUBLISHED_RARE)
        own, shared = deal_out(name, n, part, args.phases)
        train.append(draw_rows(rows, patients, args.phases * own + shared, rng))
    train = np.concatenate(train)
    test = rows_apart(everything, train, patients)
    valid = draw_validation(y, patients, train, test, rare, args, rng)
    return Rows(rows_apart(train, valid, patients), valid, test)


def make_folds(data, rare, args):
    """Return the folds, all of them with all classes in each part."""
    who = data.data[:, 0] if data.groups is None else data.groups
    patients = np.unique(who, return_inverse=True)[1]
    noun = "images" if data.groups is None else "patients"
    for name in data.target_names:
        n_patients = len(set(patients[data.target == name]))
        if n_patients < args.folds:
            raise ValueError(
                f"Class {name!r} has fewer {noun} ({n_patients}) than folds "
                f"({args.folds}), so that it would be missing from one. Add {noun} of "
                "this class, or ask for fewer --folds."
            )
    splitter = StratifiedKFold if data.groups is None else StratifiedGroupKFold
    splitter = splitter(args.folds, shuffle=True, random_state=args.seed)
    parts = find_parts(data, rare)
    folds = []
    for number, (_, left_out) in enumerate(
        splitter.split(data.data, data.target, data.groups), start=1
    ):
        rng = np.random.default_rng([args.seed, number])
        rows = divide_rows(data.target, patients, left_out, rare, parts, args, rng)
        for part, purpose in zip(rows, PURPOSES, strict=True):
            missing = set(data.target_names) - set(data.target[part])
            if missing:
                raise ValueError(
                    f"Fold {number} has no image of {sorted(missing)} to {purpose}. "
                    f"Add {noun}, or ask for fewer --folds."
                )
        split = make_split(data.target[rows.train], parts, args)
        folds.append(Fold(rows, split))
    return folds


# %%
# The networks
# ------------
# The published settings: Nadam, cross-entropy, batches of 30 images and, for the
# concatenation, of two thirds as many, pixels divided by 255 and nothing else, dropout
# 0.5 before the output (the authors' code), one learning rate for the whole network.
# The last map is averaged, or flattened as published with ``--pooling flatten``: at 300
# pixels the output layer then has a hundred times as many weights to learn.
#
# A rotation of 0-360° is that of -180° to 180°. The paper's "shift range 5 %" beside a
# "width/height shift 5 %" is `shear_range=0.05` in the authors' code, which Keras takes
# for degrees: next to nothing, and done here as they did it.

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
        "verbose": int(args.jobs == 1),  # the bars of several would collide
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
    """What is left of a network of a fold."""

    network: str
    fold: int  # from 1
    probabilities: np.ndarray  # (n_test, n_classes), classes sorted
    history: dict  # a list with a value an epoch, for each quantity
    best_epoch: int  # from 1, over all phases
    seconds: float


class Scores(NamedTuple):
    """A network in a fold, in numbers."""

    network: str
    fold: int
    counts: dict  # of class to its numbers of correct, missed and wrong images
    table: ScoreTable


def train_network(name, network, number, fold, data):
    """Train on the phases of a fold, predict its test set."""
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


def predictions(data, training):
    """Return the most probable class of each test image."""
    return np.array(data.target_names)[training.probabilities.argmax(axis=1)]


def run_study(networks, data, folds, n_jobs):
    """Train and test all networks in all folds, `n_jobs` of them at once."""
    done = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(train_network)(name, network, number, fold, data)
        for name, network in networks.items()
        for number, fold in enumerate(folds, start=1)
    )
    trainings = []
    for training in done:
        trainings.append(training)
        y = data.target[folds[training.fold - 1].rows.test]
        accuracy = np.mean(predictions(data, training) == y)
        print(
            f"{training.network}, fold {training.fold}: accuracy {accuracy:.3f} on "
            f"{len(y)} test images with the weights of epoch {training.best_epoch} of "
            f"{len(training.history['epoch'])}, after {training.seconds:.0f} s",
            flush=True,
        )
    return trainings


# %%
# The tables
# ----------
# Those of the paper: images of a class that were recognised (correct), taken for
# another class (missed), and images of other classes taken for it (wrong), and the
# scores of each class against the rest.

COUNTS = ("correct", "missed", "wrong")
RATES = ("accuracy", "specificity", "sensitivity", "precision")


def score(data, folds, training):
    """Count and score what a network predicts of the test set of its fold."""
    y = data.target[folds[training.fold - 1].rows.test]
    predicted = predictions(data, training)
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


def by_network(of_all):
    """Return the trainings, or the scores, of each network by its name."""
    networks = {}
    for one in of_all:
        networks.setdefault(one.network, []).append(one)
    return networks


def summarize(scores):
    """Return the mean and standard deviation over the folds, for each network."""
    return {
        name: fold_summary(one.table for one in of_network)
        for name, of_network in by_network(scores).items()
    }


def write_scores(path, data, scores):
    """Write a row for each network, fold and class, with means and deviations."""
    lines = []

    def add(network, fold, counts, rates, overall):
        for name in data.target_names:
            lines.append([network, fold, name, *counts[name]])
            lines[-1] += [rates[name, rate] for rate in RATES]
        lines.append([network, fold, "overall", "", "", "", overall, "", "", ""])

    no_counts = dict.fromkeys(data.target_names, ("", "", ""))
    summaries = summarize(scores)
    for network, of_network in by_network(scores).items():
        for one in of_network:
            overall = one.table.overall["accuracy"]
            add(network, one.fold, one.counts, one.table, overall)
        summary = summaries[network]
        for what in ("mean", "sd"):
            rates = {
                (name, rate): getattr(summary[name, rate], what)
                for name in data.target_names
                for rate in RATES
            }
            overall = getattr(summary.overall["accuracy"], what)
            add(network, what, no_counts, rates, overall)
    defined = (["" if cell != cell else cell for cell in line] for line in lines)
    write_csv(path, ["network", "fold", "class", *COUNTS, *RATES], defined)


def aligned(lines):
    """Return lines of cells as text, the first column to the left."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            [first.ljust(widths[0])]
            + [cell.rjust(w) for cell, w in zip(rest, widths[1:], strict=True)]
        ).rstrip()
        for first, *rest in lines
    )


def spread(fold_score, n_folds):
    """Return mean ± standard deviation as text."""
    if fold_score.n_folds == 0:
        return "nan"
    some = "" if fold_score.n_folds == n_folds else f" ({fold_score.n_folds})"
    return f"{fold_score.mean:.3f} ± {fold_score.sd:.3f}{some}"


def describe_scores(data, scores, rare):
    """Return the tables as text, the rare class first."""
    summaries, networks = summarize(scores), by_network(scores)
    classes = sorted(data.target_names, key=lambda name: name != rare)
    n_folds = len(scores) // len(networks)
    blocks = []
    for name in classes:
        lines = [["network", "fold", *COUNTS, *RATES]]
        for one in scores:
            counts = map(str, one.counts[name])
            rates = [f"{one.table[name, rate]:.3f}" for rate in RATES]
            lines.append([one.network, str(one.fold), *counts, *rates])
        blocks.append(f"Class {name}\n{aligned(lines)}")
    lines = [["network", *(f"fold {n + 1}" for n in range(n_folds)), "mean ± sd"]]
    for network, of_network in networks.items():
        overall = [f"{one.table.overall['accuracy']:.3f}" for one in of_network]
        mean = spread(summaries[network].overall["accuracy"], n_folds)
        lines.append([network, *overall, mean])
    blocks.append(f"Overall accuracy\n{aligned(lines)}")
    lines = [["network", "class", *RATES]]
    for network, summary in summaries.items():
        for name in classes:
            rates = [spread(summary[name, rate], n_folds) for rate in RATES]
            lines.append([network, name, *rates])
    blocks.append(f"Mean ± standard deviation over {n_folds} folds\n{aligned(lines)}")
    if any("nan" in block for block in blocks):
        blocks.append(
            "nan: the precision of a class that is never predicted.\n"
            "(k): over the k folds in which the precision is a number."
        )
    return "\n\n".join(blocks)


def caveat(args, data):
    """Say what the scores rest on."""
    lines = [LEAK] if args.leaky_validation else []
    if data.groups is None:
        lines.append(
            "Patients are not known: images of one patient may be in the training and "
            "in the test part of a fold, and the scores too high. Name the part of the "
            "file names that tells patients apart with --groups."
        )
    else:
        lines.append("No patient is in the training and in the test part of a fold.")
    if args.data is None:
        lines.append(
            "The radiographs are synthetic: the scores say nothing about people."
        )
    else:
        lines.append(
            "Where classes come from different hospitals, scanners or age groups, a "
            "network may tell these apart instead of diseases."
        )
    return "\n".join(lines)


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


def write_csv(path, header, lines):
    """Write a table."""
    with (
        whole_file(path) as part,
        part.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(lines)


def write_predictions(path, data, folds, trainings):
    """Write a row for each network, fold and test image."""

    def lines():
        for training in trainings:
            test = folds[training.fold - 1].rows.test
            groups = [""] * len(test) if data.groups is None else data.groups[test]
            columns = [
                data.data[test, 0],
                groups,
                data.target[test],
                predictions(data, training),
                *training.probabilities.T,
            ]
            for line in zip(*columns, strict=True):
                yield [training.network, training.fold, *line]

    header = ["network", "fold", "path", "patient", "true", "predicted"]
    header += [f"probability_{name}" for name in data.target_names]
    write_csv(path, header, lines())


def describe_study(args, data, folds, networks, trainings):
    """Return all that is needed to repeat and to judge the study, for a JSON file."""
    packages = ["cxrclf", "numpy", "scikit-learn", "timm", "torch"]
    return {
        "settings": {
            name: str(value) if isinstance(value, Path) else value
            for name, value in vars(args).items()
        },
        "networks": {name: repr(network) for name, network in networks.items()},
        "versions": {name: version(name) for name in packages},
        "data": {"description": data.DESCR, "classes": Counter(data.target.tolist())},
        "caveat": caveat(args, data),
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
# Pictures
# --------
# In the colours of Okabe and Ito, which people with any colour vision tell apart.

COLOURS = ("#0072B2", "#D55E00", "#009E73")


def draw_rare_class(scores, rare):
    """Draw how well each network finds the rare class, a point for each fold."""
    networks = by_network(scores)
    figure = Figure(figsize=(9, 4.4), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, rate in zip(panels, ("sensitivity", "precision"), strict=True):
        for place, (of_network, colour) in enumerate(
            zip(networks.values(), COLOURS, strict=True)
        ):
            values = np.array([one.table[rare, rate] for one in of_network])
            places = place + np.linspace(-0.2, 0.2, len(values))
            axes.scatter(places, values, color=colour, s=45, zorder=3)
            if not np.isnan(values).all():
                axes.hlines(np.nanmean(values), place - 0.3, place + 0.3, color=colour)
        axes.set_xticks(range(len(networks)), list(networks), rotation=15)
        axes.set(title=f"{rate.capitalize()} of {rare}", ylim=(-0.04, 1.04))
        axes.grid(axis="y", alpha=0.3)
    caption = "A point is a fold, the first one leftmost; a line is their mean"
    if any(np.isnan(one.table[rare, "precision"]) for one in scores):
        caption += f".\nNo precision where {rare} is never predicted"
    figure.supxlabel(caption, fontsize=10)
    return figure


def draw_learning_curves(trainings, n_phases):
    """Draw the accuracy over the epochs of all phases, for each network."""
    networks = by_network(trainings)
    figure = Figure(figsize=(9, 2.6 * len(networks) + 0.8), layout="constrained")
    panels = figure.subplots(len(networks), 1, sharex=True)
    for axes, (name, of_network) in zip(panels, networks.items(), strict=True):
        for part, label, colour, line in (
            ("train", "training (augmented)", COLOURS[0], "-"),
            ("valid", "validation", COLOURS[1], "--"),
        ):
            values = np.array([one.history[f"{part}_accuracy"] for one in of_network])
            epochs = np.arange(1, values.shape[1] + 1)
            mean = values.mean(axis=0)
            axes.plot(epochs, mean, color=colour, linestyle=line, label=label)
            axes.fill_between(
                epochs, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.15
            )
        best = [one.best_epoch for one in of_network]
        # One above the other where folds kept the same epoch.
        heights = [0.03 + 0.07 * best[:i].count(epoch) for i, epoch in enumerate(best)]
        axes.plot(best, heights, "k^", clip_on=False, label="epoch that a fold kept")
        for border in np.arange(1, n_phases) * len(epochs) / n_phases + 0.5:
            axes.axvline(border, color="0.5", linewidth=0.8, linestyle=":")
        axes.set(title=name, ylabel="Accuracy", ylim=(0, 1.02))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    panels[-1].set_xlabel("Epoch (dotted: a new phase begins)")
    figure.suptitle(f"Mean and range of {len(best)} folds")
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3
    )
    return figure


# %%
# The command
# -----------
# What can go wrong is found out before any training.


def prepare(args):
    """Check the settings and return the radiographs, the rare class and the folds."""
    if args.data is not None:
        for option in ("out", "checkpoint_dir"):
            folder = getattr(args, option)
            if folder and folder.resolve().is_relative_to(args.data.resolve()):
                raise ValueError(
                    f"{str(folder)!r} would be taken for a class of "
                    f"{str(args.data)!r}. Name a folder elsewhere with "
                    f"--{option.replace('_', '-')}."
                )
    for folder in filter(None, (args.out, args.checkpoint_dir)):
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()  # raises where none can be written
    if len(set(args.backbones)) < 2:
        raise ValueError("Name two different networks with --backbones.")
    args.weights = [None if entry == "none" else entry for entry in args.weights]
    if len(args.weights) == 1:
        args.weights *= 2
    if len(args.weights) != 2:
        raise ValueError("Give --weights one entry for both networks, or one for each.")
    for name, weights in zip(args.backbones, args.weights, strict=True):
        make_backbone(name, weights=weights, image_size=args.image_size)
    data = load_radiographs(args)
    if len(data.target_names) < 2:
        raise ValueError(f"There is one class only, {data.target_names}: add another.")
    counts = Counter(data.target.tolist())
    rare = args.rare or min(data.target_names, key=counts.get)
    if rare not in counts:
        raise ValueError(f"--rare {rare!r} is none of the classes {data.target_names}.")
    folds = make_folds(data, rare, args)
    print(data.DESCR, flush=True)
    # Names all unreadable files. The folds find the others decoded.
    DecodeStore(args.image_size).fetch(data.data, n_jobs=-1, verbose=1)
    return data, rare, folds


def print_plan(args, data, folds):
    """Say what each fold does with the images, before it takes its time."""
    if args.leaky_validation:
        print(LEAK)
    for number, fold in enumerate(folds, start=1):
        sizes = [
            f"{len(rows)} images to {purpose}"
            for rows, purpose in zip(fold.rows, PURPOSES, strict=True)
        ]
        n_aside = len(data.target) - len(np.unique(np.concatenate(fold.rows)))
        print(
            f"Fold {number}: {', '.join(sizes)}, {n_aside} set aside\n"
            f"{fold.split.plan(data.target[fold.rows.train])}",
            flush=True,
        )


def write_results(args, data, rare, folds, networks, trainings):
    """Write tables and pictures, and return the tables as text."""
    scores = [score(data, folds, training) for training in trainings]
    text = f"{describe_scores(data, scores, rare)}\n\n{caveat(args, data)}"
    write_scores(args.out / "scores.csv", data, scores)
    write_predictions(args.out / "predictions.csv", data, folds, trainings)
    study = describe_study(args, data, folds, networks, trainings)
    for name, content in (
        ("scores.txt", f"{text}\n"),
        ("study.json", json.dumps(study, indent=2)),
    ):
        with whole_file(args.out / name) as part:
            part.write_text(content, encoding="utf-8")
    for name, figure in (
        ("rare_class.png", draw_rare_class(scores, rare)),
        ("learning_curves.png", draw_learning_curves(trainings, args.phases)),
    ):
        with whole_file(args.out / name) as part:
            figure.savefig(part, format="png", dpi=150)
    return text


PAPER = {
    "backbones": ["Xception", "ResNet50V2"],
    "image_size": 300,
    "epochs": 100,
    "batch_size": 30,
    "learning_rate": 1e-4,
    "trainable": "all",
    "pooling": "flatten",
}


def at_least(smallest):
    """Return the type of an argument that is a whole number."""

    def parse(text):
        if not text.isdecimal() or int(text) < smallest:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a whole number from {smallest}"
            )
        return int(text)

    return parse


def positive(text):
    """Return a number greater than 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number greater than 0")
    return number


def trained_part(text):
    """Return "head", "all" or a number of stages."""
    return text if text in ("head", "all") else at_least(0)(text)


def make_parser():
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        description="Repeat the study of Rahimzadeh and Attar 2020.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    paper = ", ".join(f"{name} {value}" for name, value in PAPER.items())
    add("--paper", action="store_true", help=f"other defaults, as published: {paper}")
    add("--data", type=Path, help="folder with one sub-folder of images for each class")
    add("--groups", help="regular expression that finds the patient in a file name")
    add("--rare", help="the class that is in every phase; if not given, the smallest")
    add("--out", type=Path, default="rahimzadeh2020", help="folder for the results")
    add("--checkpoint-dir", type=Path, help="where a study that was killed goes on")
    add(
        "--folds",
        type=at_least(2),
        default=5,
        help="number of folds; as published, each is tested on all images that it was "
        "not trained on, so that the test sets overlap",
    )
    add("--phases", type=at_least(1), default=8, help="number of phases")
    add("--epochs", type=at_least(1), default=4, help="epochs of a phase")
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
        default=["imagenet"],
        help="imagenet, none, or a file of weights; one entry for each network, or one "
        "for both",
    )
    add("--trainable", type=trained_part, default=2, help="head, all, or last stages")
    add("--pooling", choices=["mean", "flatten"], default="mean", help="of the map")
    add("--learning-rate", type=positive, default=1e-3, help="of the whole network")
    add("--batch-size", type=at_least(1), default=8, help="of a single network")
    add("--image-size", type=at_least(16), default=96, help="side in pixels")
    add("--leaky-validation", action="store_true", help="validate on test images")
    add("--images", type=at_least(1), default=1000, help="number of synthetic images")
    add("--jobs", type=at_least(1), default=1, help="trainings at once")
    add("--seed", type=at_least(0), default=0, help="decides on all that is random")
    return parser


def parse_args(parser, argv):
    """Return the settings; what is given goes before what `--paper` stands for."""
    if parser.parse_args(argv).paper:
        parser.set_defaults(**PAPER)
    return parser.parse_args(argv)


def main(argv=None):
    """Run the study."""
    parser = make_parser()
    args = parse_args(parser, argv)
    try:
        data, rare, folds = prepare(args)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    print_plan(args, data, folds)
    networks = make_networks(args)
    trainings = run_study(networks, data, folds, args.jobs)
    print(f"\n{write_results(args, data, rare, folds, networks, trainings)}")
    print(f"Tables, predictions and pictures are in {args.out}.")


if __name__ == "__main__":
    main()
