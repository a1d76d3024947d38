"""
Helpers of the two studies
==========================

The scripts :ref:`five_fold_study.py <sphx_glr_auto_examples_five_fold_study.py>` and
:ref:`rahimzadeh2020.py <sphx_glr_auto_examples_rahimzadeh2020.py>` import these
functions. Keep this file in the folder of the scripts.
"""

import argparse
import csv
import json
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
from matplotlib.ticker import MaxNLocator
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from cxrclf.datasets import (
    load_image_folder,
    make_chest_radiographs,
    save_image_folder,
)

# %%
# Options of the command line
# ---------------------------


def at_least(smallest):
    """Return an argparse type: a whole number, not below `smallest`."""

    def parse(text):
        if not text.isdecimal() or int(text) < smallest:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a whole number from {smallest}"
            )
        return int(text)

    return parse


def trainable_part(text):
    """Convert the text of ``--trainable``: "head", "all" or a number of stages."""
    return text if text in ("head", "all") else at_least(0)(text)


def weights_name(text):
    """Convert the text of ``--weights``: None stands for random weights."""
    return None if text == "none" else text


def study_parser(description):
    """Return a parser with the options of both studies."""
    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--data", type=Path, help="folder with one sub-folder of images for each class")
    add("--groups", help="regular expression that finds the patient in a file name")
    add("--out", type=Path, help="folder for the results")
    add("--folds", type=at_least(2), default=5, help="number of folds")
    add("--trainable", type=trainable_part, default=2, help="head, all, or last stages")
    add("--image-size", type=at_least(16), help="side of the images in pixels")
    add("--images", type=at_least(1), help="number of synthetic images")
    add("--jobs", type=at_least(1), default=1, help="number of trainings at once")
    add("--seed", type=at_least(0), default=0, help="seed of all random numbers")
    return parser


def make_output_folder(folder, data_folder, option="--out"):
    """Make a folder for results, and check that files can be written to it."""
    if data_folder and folder.resolve().is_relative_to(data_folder.resolve()):
        raise ValueError(
            f"{str(folder)!r} is inside {str(data_folder)!r}, where each sub-folder is "
            f"a class. Name a folder elsewhere with {option}."
        )
    folder.mkdir(parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=folder).close()  # raises an error if not writable


# %%
# Radiographs
# -----------
# The synthetic images are written as files and read back, like real ones. They are
# drawn once: a second study in the same folder reads the files of the first.


def draw_radiographs(folder, n_images, class_weights, seed):
    """Write synthetic radiographs to a folder, unless the folder exists."""
    if folder.exists():
        return
    drawn = make_chest_radiographs(
        n_images,
        classes=list(class_weights),
        weights=list(class_weights.values()),
        random_state=seed,
    )
    # The final name stands for a complete set, also after an interruption.
    incomplete = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(incomplete, ignore_errors=True)
    save_image_folder(drawn.images, drawn.target, incomplete, groups=drawn.groups)
    incomplete.rename(folder)


def load_radiographs(args, class_weights):
    """Return a Bunch of paths, classes and, if known, patients."""
    if args.data is not None:
        return load_image_folder(args.data, groups=args.groups)
    folder = args.out / f"radiographs-{args.images}-seed{args.seed}"
    draw_radiographs(folder, args.images, class_weights, args.seed)
    return load_image_folder(folder, groups=args.groups or r"^(patient\d+)")


# %%
# Folds
# -----
# Images of one patient look alike. If they are on both sides of a split, a network can
# recognize the patient and get a high score without recognizing the disease. So each
# patient is in one fold only, where patients are known.


def split_patients(data, n_folds, seed):
    """Return a list of (training rows, left-out rows), one pair per fold."""
    noun = "images" if data.groups is None else "patients"
    units = data.data[:, 0] if data.groups is None else data.groups
    for name in data.target_names:
        n_units = len(set(units[data.target == name]))
        if n_units < n_folds:
            raise ValueError(
                f"Class {name!r} has fewer {noun} ({n_units}) than folds ({n_folds}), "
                f"and one fold would lack the class. Add {noun} of this class, or "
                "ask for fewer --folds."
            )
    splitter = StratifiedKFold if data.groups is None else StratifiedGroupKFold
    splitter = splitter(n_folds, shuffle=True, random_state=seed)
    return list(splitter.split(data.data, data.target, data.groups))


# %%
# Results
# -------


def limits_of(args, data):
    """Return the limits of the scores as text."""
    if data.groups is None:
        patients = (
            "Patients are not known: images of one patient may be in the training set "
            "and in the test set of a fold, and the scores too high. Use --groups to "
            "name the part of the file names that identifies the patient."
        )
    else:
        patients = "No patient is in both the training set and the test set of a fold."
    if args.data is None:
        source = "The radiographs are synthetic: the scores say nothing about people."
    else:
        source = (
            "If the classes come from different hospitals, scanners or age groups, a "
            "network may recognize these instead of the diseases."
        )
    return f"{patients}\n{source}"


def describe_run(args, data):
    """Return settings, versions and data of a study, ready for a JSON file."""
    packages = ["cxrclf", "imbalanced-learn", "numpy", "scikit-learn", "timm", "torch"]
    counts = {}
    for name in data.target_names:
        of_class = data.target == name
        counts[name] = {"images": int(of_class.sum())}
        if data.groups is not None:
            counts[name]["patients"] = len(set(data.groups[of_class].tolist()))
    return {
        "settings": {
            name: str(value) if isinstance(value, Path) else value
            for name, value in vars(args).items()
        },
        "versions": {name: version(name) for name in packages},
        "data": {"description": data.DESCR, "classes": counts},
    }


def write_csv(path, header, rows):
    """Write a table."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def write_results(folder, text, study, figures):
    """Write scores, description and figures of a study."""
    (folder / "scores.txt").write_text(f"{text}\n", encoding="utf-8")
    (folder / "study.json").write_text(json.dumps(study, indent=2), encoding="utf-8")
    for name, figure in figures.items():
        figure.savefig(folder / f"{name}.png", dpi=150)


# %%
# The colors are from Okabe and Ito. Most people with a color vision deficiency can
# distinguish them.

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


def plot_mean_and_range(axes, curves, **style):
    """Plot the mean of learning curves, and a band from the lowest to the highest."""
    values = np.array(curves)
    epochs = np.arange(1, values.shape[1] + 1)
    (line,) = axes.plot(epochs, values.mean(axis=0), **style)
    low, high = values.min(axis=0), values.max(axis=0)
    axes.fill_between(epochs, low, high, color=line.get_color(), alpha=0.15)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
