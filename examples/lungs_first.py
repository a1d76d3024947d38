r"""
===============================================
Lungs first: does the classifier use the lungs?
===============================================

This study starts with files and ends with a classifier that sees the lungs only. A
U-Net is trained on pairs of radiographs and masks, and scored in five folds. Then it
finds the lungs of radiographs without masks. Sheets of images show the outlines, which
you can check. The same classifier is trained on the whole radiographs, on the lungs
only, and on everything except the lungs. The third version contains lung tissue only
where the segmenter missed it.

Without options the radiographs are synthetic, and the study runs anywhere::

    python examples/lungs_first.py --out lungs-first

With options they are yours. The U-Net needs a folder of images and a folder of masks
with the same names. The classifier needs a folder with one sub-folder per class.
``--groups`` finds the patient in a file name, and ``--pair-groups`` in a file name of
the pairs::

    python examples/lungs_first.py --images lungs/images --masks lungs/masks \
        --data radiographs --groups "^(person\d+)"

The study needs ``pip install "cxrclf[lite,plot]"``. It writes ``segmentation.txt``,
``lungs-1.png``, ``lungs-2.png`` and so on, ``classification.txt`` and the trained
segmenter ``unet/`` to the folder ``--out``.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from scipy import stats
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import recall_score
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_val_predict,
    cross_validate,
)

from cxrclf import Augmentation, CXRClassifier, UNetSegmenter
from cxrclf.datasets import (
    load_image_folder,
    load_image_masks,
    make_chest_radiographs,
    save_image_folder,
)
from cxrclf.exceptions import NoLungsWarning
from cxrclf.images import ImageReader
from cxrclf.metrics import segmentation_scorers
from cxrclf.preprocessing import LungMasker

# %%
# The files
# ---------
# The synthetic radiographs are written as files and read back, like real ones.


def draw_files(folder, n_pairs, n_images, seed):
    """Write synthetic pairs and class folders, unless they exist."""
    if (folder / "classes").exists():
        return
    pairs = make_chest_radiographs(n_pairs, random_state=seed)
    for part, pixels in {"images": pairs.images, "masks": pairs.masks}.items():
        (folder / part).mkdir(parents=True, exist_ok=True)
        for k, (image, patient) in enumerate(zip(pixels, pairs.groups, strict=True)):
            name = f"{patient}_{k:03d}.png"
            Image.fromarray(image).save(folder / part / name)
    drawn = make_chest_radiographs(n_images, random_state=seed + 1)
    save_image_folder(
        drawn.images, drawn.target, folder / "classes", groups=drawn.groups
    )


def load_files(args):
    """Return the pairs and the labeled radiographs."""
    if args.data is None:
        folder = args.out / f"synthetic-{args.pairs}-{args.n_images}-{args.seed}"
        draw_files(folder, args.pairs, args.n_images, args.seed)
        args.images, args.masks = folder / "images", folder / "masks"
        args.data = folder / "classes"
        args.groups = args.pair_groups = r"^(patient\d+)"
    pairs = load_image_masks(args.images, args.masks, groups=args.pair_groups)
    return pairs, load_image_folder(args.data, groups=args.groups)


# %%
# The segmenter
# -------------
# The classic U-Net starts with random weights. An encoder that was pretrained on
# photographs needs half as many epochs. The augmentation transforms masks and images
# together.


def make_segmenter(args, encoder):
    """Return the segmenter that is trained in each fold."""
    return UNetSegmenter(
        encoder,
        weights=args.weights,
        width=args.width if encoder is None else None,
        image_size=args.mask_size,
        augmentation=Augmentation(
            rotation=10, shift=0.05, zoom=0.1, horizontal_flip=True
        ),
        max_epochs=args.epochs * (2 if encoder is None else 1),
        largest_components=2,
        fill_holes=True,
        random_state=args.seed,
        cache_dir=args.cache,
        verbose=args.verbose,
    )


def score_segmenter(args, segmenter, pairs):
    """Return a line of scores, mean and standard deviation over five folds."""
    splitter = KFold if pairs.groups is None else GroupKFold
    scores = cross_validate(
        segmenter,
        pairs.data,
        pairs.masks,
        groups=pairs.groups,
        cv=splitter(5, shuffle=True, random_state=args.seed),
        scoring=segmentation_scorers(distances=True),
        n_jobs=args.jobs,
    )
    names = "dice", "iou", "accuracy", "sensitivity", "specificity", "surface_distance"
    with np.errstate(
        invalid="ignore"
    ):  # without predicted lungs, the distance is infinite
        cells = [
            f"{name} {np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}"
            for name in names
            for values in [scores[f"test_{name}"]]
        ]
    return ", ".join([*cells, f"{np.mean(scores['fit_time']):.0f} s per fold"])


# %%
# The outlines
# ------------
# Scores of masks are no proof for images from another source. So look at the outlines
# of the lungs in the radiographs to be classified.

COLUMNS, ROWS = 8, 6


def draw_outlines(images, lungs, names, found):
    """Draw a page of radiographs with the outlines of their lungs."""
    n_rows = -(-len(images) // COLUMNS)
    figure = Figure(figsize=(2 * COLUMNS, 2.2 * n_rows), layout="constrained")
    for axes in figure.subplots(n_rows, COLUMNS, squeeze=False).flat:
        axes.set_axis_off()
    for axes, image, mask, name, ok in zip(
        figure.axes, images, lungs, names, found, strict=False
    ):
        axes.imshow(image, cmap="gray", vmin=0, vmax=255)
        if mask.any():
            axes.contour(mask, levels=[0.5], colors="#E69F00", linewidths=1)
        axes.set_title(name if ok else f"{name}: not found", fontsize=7)
    return figure


def draw_sheets(args, unet, data):
    """Draw the outlines of the lungs in all radiographs."""
    lungs = unet.predict(data.data)
    images = ImageReader(args.mask_size, cache_dir=args.cache).transform(data.data)
    images = (images // (257 if images.dtype == np.uint16 else 1)).astype(np.uint8)
    masker = LungMasker(unet)
    area = lungs.mean(axis=(1, 2))
    found = (masker.min_area <= area) & (area <= masker.max_area)
    names = [f"{label} {k}" for k, label in enumerate(data.target)]
    for page, start in enumerate(range(0, len(images), COLUMNS * ROWS), start=1):
        part = slice(start, start + COLUMNS * ROWS)
        figure = draw_outlines(images[part], lungs[part], names[part], found[part])
        figure.savefig(args.out / f"lungs-{page}.png", dpi=80)


# %%
# The classification
# ------------------
# The segmenter has not seen the labels, so the radiographs can be masked once, before
# the folds. The pipeline ``make_pipeline(LungMasker(FrozenEstimator(unet)), clf)`` does
# the same in each fold. All three versions have the same folds, and the differences
# between them are computed per fold. Images without lungs are left out of all three
# versions.


def masked_versions(args, unet, data):
    """Return three versions of the radiographs with lungs, and their row numbers."""
    segmenter = FrozenEstimator(unet)
    settings = {
        "image_size": args.image_size,
        "cache_dir": args.cache,
        "verbose": args.verbose,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NoLungsWarning)  # such images are left out
        masker = LungMasker(segmenter, **settings)
        lungs = masker.fit_transform(data.data)
        # The dilation removes lung tissue that the segmenter missed at the border.
        rest = LungMasker(segmenter, keep="background", dilation=0.03, **settings)
        rest = rest.fit_transform(data.data)
    whole = ImageReader(args.image_size, cache_dir=args.cache).transform(data.data)
    found = np.setdiff1d(np.arange(len(whole)), masker.without_lungs_)
    versions = {"radiograph": whole, "lungs only": lungs, "without lungs": rest}
    return {name: images[found] for name, images in versions.items()}, found


def score_classifier(args, X, y, groups):
    """Return the accuracy and balanced accuracy of each fold of each repeat."""
    clf = CXRClassifier(
        args.encoder,
        weights=args.weights,
        augmentation=Augmentation(horizontal_flip=True, rotation=5, shift=0.02),
        n_views=8,
        max_epochs=30,
        random_state=args.seed,
        cache_dir=args.cache,
    )
    scores = []
    for repeat in range(args.repeats):
        splitter = StratifiedKFold if groups is None else StratifiedGroupKFold
        splitter = splitter(5, shuffle=True, random_state=args.seed + repeat)
        folds = list(splitter.split(X, y, groups))
        predicted = cross_val_predict(clf, X, y, cv=folds)
        scores += [
            (
                np.mean(predicted[test] == y[test]),
                # Balanced accuracy, without a warning where a fold lacks a class.
                recall_score(
                    y[test],
                    predicted[test],
                    labels=np.unique(y[test]),
                    average="macro",
                ),
            )
            for _, test in folds
        ]
    return np.array(scores)


def interval(values):
    """Return mean and half width of the corrected 95 % confidence interval.

    Folds share training images, so their scores vary less than scores of independent
    samples. Nadeau and Bengio (2003) correct for this: they add the ratio of test to
    training images, here 1/4, to 1/n.
    """
    error = np.std(values, ddof=1) * np.sqrt(1 / len(values) + 1 / 4)
    return np.mean(values), stats.t.ppf(0.975, len(values) - 1) * error


def classification_lines(scores):
    """Return a table of the three versions and their differences."""
    lines = [f"{'':32}{'accuracy':>18}{'balanced accuracy':>20}"]
    rows = dict(scores)
    first, *others = scores
    rows |= {f"{name} - {first}": scores[name] - scores[first] for name in others}
    for name, values in rows.items():
        cells = ["{:.3f} ± {:.3f}".format(*interval(column)) for column in values.T]
        lines.append(f"{name:32}{cells[0]:>18}{cells[1]:>20}")
    return lines


# %%
# From start to end
# -----------------


def parse_arguments(arguments):
    """Return the options."""
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[1],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    option = parser.add_argument
    option("--images", type=Path, help="radiographs that have masks")
    option("--masks", type=Path, help="masks with the names of the images")
    option("--data", type=Path, help="folder with one sub-folder per class")
    option("--groups", help="regular expression that finds the patient in a file name")
    option("--pair-groups", help="the same for the radiographs with masks")
    option(
        "--out", type=Path, default=Path("lungs-first"), help="folder for the results"
    )
    option("--cache", type=Path, help="folder for decoded files")
    option(
        "--pairs",
        type=int,
        default=60,
        help="number of synthetic radiographs with masks",
    )
    option(
        "--n-images",
        type=int,
        default=240,
        help="number of synthetic radiographs to classify",
    )
    option(
        "--encoder", default="tf_efficientnet_lite0", help="name of a network in timm"
    )
    option(
        "--weights",
        choices=["imagenet", "none"],
        default="imagenet",
        help="initial weights of the networks",
    )
    option(
        "--image-size",
        type=int,
        default=224,
        help="side of classified images, in pixels",
    )
    option(
        "--mask-size", type=int, default=128, help="side of segmented images, in pixels"
    )
    option(
        "--width",
        type=int,
        default=16,
        help="channels of the classic U-Net at full size",
    )
    option("--epochs", type=int, default=15, help="epochs of the U-Net with an encoder")
    option("--jobs", type=int, default=1, help="U-Nets to train at once")
    option(
        "--repeats",
        type=int,
        default=1,
        help="repeats of the five folds of the classifier",
    )
    option("--seed", type=int, default=0, help="seed of all random numbers")
    option("--verbose", type=int, default=0, help="1 shows progress")
    option("--no-folds", action="store_true", help="do not cross-validate the U-Nets")
    args = parser.parse_args(arguments)
    args.weights = None if args.weights == "none" else args.weights
    given = [args.images, args.masks, args.data]
    if any(given) and not all(given):
        parser.error("--images, --masks and --data must be used together")
    return args


def main(arguments=None):
    """Run the study."""
    args = parse_arguments(arguments)
    args.out.mkdir(parents=True, exist_ok=True)
    pairs, data = load_files(args)
    print(f"{len(pairs.data)} pairs; {data.DESCR}", flush=True)
    encoders = {"classic U-Net": None, f"{args.encoder} encoder": args.encoder}
    if not args.no_folds:
        lines = []
        for name, encoder in encoders.items():
            segmenter = make_segmenter(args, encoder)
            lines.append(f"{name}: {score_segmenter(args, segmenter, pairs)}")
            print(lines[-1], flush=True)
        (args.out / "segmentation.txt").write_text("\n".join(lines) + "\n")
    start = time.perf_counter()
    unet = make_segmenter(args, args.encoder).fit(pairs.data, pairs.masks)
    unet.save(args.out / "unet")
    print(f"Trained on all pairs in {time.perf_counter() - start:.0f} s", flush=True)
    draw_sheets(args, unet, data)
    versions, found = masked_versions(args, unet, data)
    print(f"{len(data.data) - len(found)} of {len(data.data)} images have no lungs")
    if len(found) < len(data.data) / 2:
        raise SystemExit("Too few to continue: train the U-Net longer (--epochs).")
    groups = None if data.groups is None else data.groups[found]
    scores = {}
    for name, X in versions.items():
        scores[name] = score_classifier(args, X, data.target[found], groups)
        print(f"{name}: accuracy {scores[name][:, 0].mean():.3f}", flush=True)
    lines = classification_lines(scores)
    lines.append(
        f"{args.repeats} × 5 folds; mean ± half of the corrected 95 % interval"
    )
    (args.out / "classification.txt").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
