r"""
=======================================
Lungs first: what does a score rest on?
=======================================

From files to a classification that sees nothing but lungs. A U-Net learns lungs from
pairs of radiographs and masks; five folds say how well. It then finds the lungs of
radiographs without masks, and a sheet of outlines shows whether a person would accept
them. The same classifier is trained on the radiographs as they are, on their lungs
alone, and on everything but the lungs: what it scores on the last of these it owes to
lung tissue only as far as the segmenter overlooked it.

Without options the radiographs are synthetic, so that it runs anywhere::

    python examples/lungs_first.py --out lungs-first

With options they are yours: a folder of images and one of masks with the same names for
the U-Net, and one sub-folder for each class for the classifier. ``--groups`` finds the
patient in a file name, ``--pair-groups`` in one of the pairs::

    python examples/lungs_first.py --images lungs/images --masks lungs/masks \
        --data radiographs --groups "^(person\d+)"

It needs ``pip install "cxrclf[lite,plot]"``. Results go to the folder ``--out``:
``segmentation.txt``, ``lungs-1.png``, ``lungs-2.png`` and so on, ``classification.txt``
and ``unet/``, the trained segmenter.
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
# The synthetic radiographs are written and read back, as real ones are.


def draw_files(folder, n_pairs, n_images, seed):
    """Write synthetic pairs and class folders, unless they are there already."""
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
    """Return the pairs and the labelled radiographs."""
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
# The classic U-Net learns from nothing but the pairs. With an encoder that was trained
# on photographs, half of the epochs do. Masks move with their images in the
# augmentation.


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
    with np.errstate(invalid="ignore"):  # the distance to no lungs at all is infinite
        cells = [
            f"{name} {np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}"
            for name in names
            for values in [scores[f"test_{name}"]]
        ]
    return ", ".join([*cells, f"{np.mean(scores['fit_time']):.0f} s a fold"])


# %%
# The outlines
# ------------
# Scores of masks say little about images of another source. Here is what a person has
# to look at: the outlines of the lungs in the radiographs to be classified.

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
# The segmenter has not seen the labels, so that the radiographs are masked once, before
# the folds. In a pipeline, ``make_pipeline(LungMasker(FrozenEstimator(unet)), clf)``
# does the same in each fold. All three versions are trained and tested on the same
# folds, and the differences between them are taken fold by fold. Images without lungs
# are left out of all three.


def masked_versions(args, unet, data):
    """Return three versions of the radiographs in which lungs are found, and which."""
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
        # What the segmenter misses at the rim of a lung is no background either.
        rest = LungMasker(segmenter, keep="background", dilation=0.03, **settings)
        rest = rest.fit_transform(data.data)
    whole = ImageReader(args.image_size, cache_dir=args.cache).transform(data.data)
    found = np.setdiff1d(np.arange(len(whole)), masker.without_lungs_)
    versions = {"radiograph": whole, "lungs alone": lungs, "all but lungs": rest}
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
    """Return mean and half width of the corrected 95 % interval over repeated folds.

    Folds share training images, so that their scores vary less than those of
    independent samples would; Nadeau and Bengio (2003) add the share of test to
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
# All of it
# ---------


def parse_arguments(arguments):
    """Return the options."""
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[1],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    option = parser.add_argument
    option("--images", type=Path, help="radiographs that have masks")
    option("--masks", type=Path, help="their masks, of the same names")
    option("--data", type=Path, help="a folder with a sub-folder for each class")
    option("--groups", help="regular expression that finds a patient in a file name")
    option("--pair-groups", help="the same, for the radiographs with masks")
    option("--out", type=Path, default=Path("lungs-first"), help="for the results")
    option("--cache", type=Path, help="a folder that keeps decoded files")
    option("--pairs", type=int, default=60, help="synthetic radiographs with masks")
    option(
        "--n-images", type=int, default=240, help="synthetic radiographs to classify"
    )
    option("--encoder", default="tf_efficientnet_lite0", help="a network of timm")
    option(
        "--weights", choices=["imagenet", "none"], default="imagenet", help="its own"
    )
    option("--image-size", type=int, default=224, help="pixels that are classified")
    option("--mask-size", type=int, default=128, help="pixels that are segmented")
    option("--width", type=int, default=16, help="channels of the classic U-Net")
    option("--epochs", type=int, default=15, help="of the U-Net with an encoder")
    option("--jobs", type=int, default=1, help="folds of the U-Nets at once")
    option("--repeats", type=int, default=1, help="of the classifier's five folds")
    option("--seed", type=int, default=0, help="of everything")
    option("--verbose", type=int, default=0, help="1 shows progress")
    option("--no-folds", action="store_true", help="do not cross-validate the U-Nets")
    args = parser.parse_args(arguments)
    args.weights = None if args.weights == "none" else args.weights
    given = [args.images, args.masks, args.data]
    if any(given) and not all(given):
        parser.error("--images, --masks and --data are given together or not at all")
    return args


def main(arguments=None):
    """Run all parts, and say what came out."""
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
        raise SystemExit("Too few to go on: train the U-Net longer (--epochs).")
    groups = None if data.groups is None else data.groups[found]
    scores = {}
    for name, X in versions.items():
        scores[name] = score_classifier(args, X, data.target[found], groups)
        print(f"{name}: accuracy {scores[name][:, 0].mean():.3f}", flush=True)
    lines = classification_lines(scores)
    lines.append(
        f"{args.repeats} × 5 folds; mean ± half of the corrected 95 % interval."
    )
    (args.out / "classification.txt").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
