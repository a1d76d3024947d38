r"""
===========================================
Five-fold study of an imbalanced data set
===========================================

This study starts with a folder of radiographs and ends with a table of means and
standard deviations. It has five stratified folds, and each patient is in one fold only.
The rare class is oversampled inside the training folds. A pretrained network is trained
with augmentation. Each image is predicted by a network that has not seen its patient.

Without ``--data`` the radiographs are synthetic, and the study runs anywhere::

    python examples/five_fold_study.py --out demo-results

With ``--data`` they are yours, in one sub-folder per class. ``--groups`` finds the
patient in a file name, here ``person17`` in ``person17_bacteria_56.jpeg``::

    python examples/five_fold_study.py --data radiographs --groups "^(person\d+)"

The study needs ``pip install "cxrclf[lite,plot]"`` and
:ref:`study_helpers.py <sphx_glr_auto_examples_study_helpers.py>` in the same folder. It
writes ``scores.csv`` and ``scores.txt``, ``predictions.csv``, ``confusion_matrix.png``,
``roc.png``, ``learning_curves.png`` and ``study.json`` to the folder ``--out``.
"""

import time
from typing import NamedTuple

import numpy as np
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline
from joblib import Parallel, delayed
from matplotlib.figure import Figure
from sklearn.base import clone
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    RocCurveDisplay,
    balanced_accuracy_score,
    confusion_matrix,
)

from cxrclf import Augmentation, CXRClassifier
from cxrclf.images import DecodeStore
from cxrclf.metrics import classification_table, fold_summary
from cxrclf.nets import make_backbone
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


def make_parser():
    """Return the parser of the command line."""
    parser = study_parser("Cross-validate a classifier of chest radiographs.")
    parser.set_defaults(out="demo-results", image_size=128, images=320)
    add = parser.add_argument
    add("--epochs", type=at_least(1), default=6, help="number of passes over the rows")
    add("--backbone", default="tf_efficientnet_lite0", help="name of a network in timm")
    add(
        "--weights",
        type=weights_name,
        default="imagenet",
        help="imagenet, none, or a file of weights",
    )
    return parser


# %%
# The data
# --------
# There are three classes, COVID-19 is rare, and there are two patients per three
# images. All errors in the settings and in the files show before the first training.

CLASS_WEIGHTS = {"covid": 0.12, "normal": 0.50, "pneumonia": 0.38}


def prepare(args):
    """Check the settings, and return the radiographs and the folds."""
    make_output_folder(args.out, args.data)
    make_backbone(args.backbone, weights=args.weights, image_size=args.image_size)
    data = load_radiographs(args, CLASS_WEIGHTS)
    folds = split_patients(data, args.folds, args.seed)
    print(data.DESCR, flush=True)
    # Decode all files once for all folds. The error names every unreadable file.
    DecodeStore(args.image_size).fetch(data.data, n_jobs=-1, verbose=1)
    return data, folds


# %%
# The pipeline
# ------------
# The sampler repeats rows of the rare classes until all classes are equally frequent.
# It is a step of the pipeline, and so it sees training rows only. The classifier draws
# a different view for each repeat of an image in each epoch. So no two rows show the
# network the same pixels.
#
# The network was trained on photographs, and has to learn what matters on radiographs.
# A new head alone is not enough here. `trainable=2` trains the last two stages as well.


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
            # The validation set is the left-out fold. It serves for the learning curves
            # only, and must not choose the weights that are tested on it.
            keep_best=False,
            random_state=args.seed,
            verbose=int(args.jobs == 1),  # progress bars of several folds would overlap
        ),
    )


# %%
# The study
# ---------
# `sklearn.model_selection.cross_validate` returns scores only. This loop over the folds
# also keeps the prediction of each image, and the learning curves.


class Fold(NamedTuple):
    """Outcome of one fold."""

    probabilities: np.ndarray  # (n_test, n_classes)
    history: dict  # per quantity, a list with one value per epoch
    seconds: float


class Results(NamedTuple):
    """Outcome of the study."""

    classes: np.ndarray  # (n_classes,), sorted
    fold: np.ndarray  # (n_images,), the fold that tests each image, from 1
    probabilities: np.ndarray  # (n_images, n_classes), predicted in that fold
    histories: list
    seconds: list

    @property
    def predicted(self):
        """The most probable class of each image."""
        return self.classes[self.probabilities.argmax(axis=1)]


def run_fold(number, pipeline, data, train, test):
    """Train on the rows `train`, and predict the rows `test`."""
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
        pipeline.predict_proba(X[test]),
        pipeline[-1].history_,
        time.perf_counter() - start,
    )


def run_folds(pipeline, data, folds, n_jobs):
    """Train and test in each fold, `n_jobs` folds at once."""
    done = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(run_fold)(number, pipeline, data, train, test)
        for number, (train, test) in enumerate(folds, start=1)
    )
    classes = np.array(data.target_names)
    fold_of = np.zeros(len(data.target), dtype=int)
    probabilities = np.zeros((len(data.target), len(classes)))
    histories, seconds = [], []
    for number, (fold, (_, test)) in enumerate(zip(done, folds, strict=True), start=1):
        fold_of[test] = number
        probabilities[test] = fold.probabilities
        histories.append(fold.history)
        seconds.append(fold.seconds)
        score = balanced_accuracy_score(
            data.target[test], classes[fold.probabilities.argmax(axis=1)]
        )
        print(
            f"Fold {number}: balanced accuracy {score:.3f} on {len(test)} left-out "
            f"images, after {fold.seconds:.0f} s",
            flush=True,
        )
    return Results(classes, fold_of, probabilities, histories, seconds)


# %%
# Tables
# ------


def summarize_folds(data, results):
    """Return mean and standard deviation of the scores of each class over the folds."""
    return fold_summary(
        classification_table(
            data.target[results.fold == fold],
            results.predicted[results.fold == fold],
            results.probabilities[results.fold == fold],
            labels=results.classes,
        )
        for fold in np.unique(results.fold)
    )


def write_predictions(path, data, results):
    """Write one row per image: path, patient, fold, class and prediction."""
    columns = [
        data.data[:, 0],
        [""] * len(data.target) if data.groups is None else data.groups,
        results.fold,
        data.target,
        results.predicted,
        *results.probabilities.T,
    ]
    header = ["path", "patient", "fold", "true", "predicted"]
    header += [f"probability_{name}" for name in results.classes]
    write_csv(path, header, zip(*columns, strict=True))


def describe_study(args, data, folds, pipeline, results):
    """Return all that is needed to repeat and to judge the study."""
    return {
        **describe_run(args, data),
        "pipeline": repr(pipeline),
        "limits": limits_of(args, data),
        "folds": [
            {"train_images": len(train), "test_images": len(test), "seconds": seconds}
            for (train, test), seconds in zip(folds, results.seconds, strict=True)
        ],
        "learning_curves": results.histories,
    }


# %%
# Figures
# -------

LINES = ("-", "--", "-.", ":")


def draw_confusion_matrix(data, results):
    """Draw how many images of each class are predicted as each class, in all folds."""
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
    """Draw one ROC curve per class against all others, over all folds."""
    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.subplots()
    last = len(results.classes) - 1
    for number, name in enumerate(results.classes):
        display = RocCurveDisplay.from_predictions(
            data.target == name,
            results.probabilities[:, number],
            ax=axes,
            curve_kwargs={
                "color": COLORS[number % len(COLORS)],
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
        title="Each class against the others, out-of-fold predictions",
        xlabel="False positive rate (1 - specificity)",
        ylabel="True positive rate (sensitivity)",
    )
    return figure


def draw_curves(histories):
    """Draw loss and accuracy per epoch, as mean and range of the folds."""
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    labels = {
        "train": "training (resampled and augmented)",
        "valid": "left-out fold (not used in training)",
    }
    for axes, quantity in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for number, (part, label) in enumerate(labels.items()):
            plot_mean_and_range(
                axes,
                [history[f"{part}_{quantity}"] for history in histories],
                color=COLORS[number],
                linestyle=LINES[number],
                marker="o",
                label=label,
            )
        axes.grid(alpha=0.3)
        axes.set(xlabel="Epoch", ylabel=quantity.capitalize())
    axes.set_ylim(top=1.02)
    figure.suptitle(f"Mean and range of {len(histories)} folds")
    figure.legend(
        *axes.get_legend_handles_labels(), loc="outside lower center", ncols=2
    )
    return figure


# %%
# From start to end
# -----------------


def main(argv=None):
    """Run the study."""
    parser = make_parser()
    args = parser.parse_args(argv)
    try:
        data, folds = prepare(args)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    pipeline = make_classifier(args)
    results = run_folds(pipeline, data, folds, args.jobs)

    summary = summarize_folds(data, results)
    text = f"{summary}\n\n{limits_of(args, data)}"
    summary.to_csv(args.out / "scores.csv")
    write_predictions(args.out / "predictions.csv", data, results)
    write_results(
        args.out,
        text,
        describe_study(args, data, folds, pipeline, results),
        {
            "confusion_matrix": draw_confusion_matrix(data, results),
            "roc": draw_roc(data, results),
            "learning_curves": draw_curves(results.histories),
        },
    )
    print(f"\n{text}\nTables, predictions and figures are in {args.out}.")


if __name__ == "__main__":
    main()
