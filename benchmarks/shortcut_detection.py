"""Measure how often a shortcut report finds planted shortcuts, and false alarms.

Each seed draws synthetic radiographs of three classes, and writes them as files with
random sizes and formats. The report then runs on the clean files, and on files in which
one shortcut was planted::

    python benchmarks/shortcut_detection.py
    python benchmarks/shortcut_detection.py --seeds 3 --shortcuts clean mark
    python benchmarks/shortcut_detection.py --network --images 240

- clean: no shortcut. The classes differ only in the lungs;
- mark: a bright square in a corner of one class, with a side of 6 % of the image, at a
  place that varies by 4 % of the image;
- device: nine of ten images of one class, and one of ten of the others, come from
  another device. Its images are brighter, noisier and larger;
- brightness, noise, size: the same with one of these properties;
- source: the same with equal images. The source is passed to the report.

A shortcut is found if the report has any finding. For the clean files this is a false
alarm. The estimator is a frozen EfficientNet-Lite0 with weights of ImageNet. The probes
were developed on the seeds 0 to 19. The seeds of the table therefore begin at 100.

``--network`` shows that a small network can use the mark. It has random weights, is
trained whole, and predicts random classes, with and without the mark.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.metrics import balanced_accuracy_score

from cxrclf import CXRClassifier
from cxrclf._utils.files import replace_file
from cxrclf.audit import shortcut_report
from cxrclf.datasets import make_chest_radiographs

CLASS = "covid"
SHORTCUTS = ("clean", "mark", "device", "brightness", "noise", "size", "source")
BLIND = (
    "metadata",
    "border",
    "corners",
    "outside_lungs",
    "estimator_outside_lungs",
)


def parse_arguments(arguments):
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=100)
    parser.add_argument("--images", type=int, default=180)
    parser.add_argument("--image-size", type=int, default=96, help="side in pixels")
    parser.add_argument(
        "--shortcuts", nargs="+", choices=SHORTCUTS, default=list(SHORTCUTS)
    )
    parser.add_argument(
        "--network", action="store_true", help="only train a network on the mark"
    )
    parser.add_argument("--epochs", type=int, default=30, help="of this network")
    parser.add_argument("--json", type=Path, help="file for the raw figures")
    return parser.parse_args(arguments)


def add_mark(image, rng):
    """Draw a bright square near the lower left corner."""
    side = len(image)
    size = round(0.06 * side)
    bottom, left = rng.integers(round(0.02 * side), round(0.06 * side) + 1, 2)
    image[side - bottom - size : side - bottom, left : left + size] = 250


def brighten(image, rng):
    """Make an image brighter, as another device does."""
    image[:] = 255 * (image / 255) ** rng.uniform(0.6, 0.8)


def add_noise(image, rng):
    """Add the noise of another device."""
    noisy = image + rng.normal(0, rng.uniform(8, 12), image.shape)
    image[:] = np.clip(noisy, 0, 255)


def plant(shortcut, images, labels, rng):
    """Plant a shortcut in the images, and return the source of each image."""
    source = rng.random(len(labels)) < np.where(labels == CLASS, 0.9, 0.1)
    if shortcut == "mark":
        for row in np.flatnonzero(labels == CLASS):
            add_mark(images[row], rng)
    for row in np.flatnonzero(source):
        if shortcut in ("device", "brightness"):
            brighten(images[row], rng)
        if shortcut in ("device", "noise"):
            add_noise(images[row], rng)
    return source


def write_files(folder, images, larger, rng):
    """Write images as files of random sizes and formats, and return their paths."""
    paths = []
    for number, (pixels, scale) in enumerate(zip(images, larger, strict=True)):
        height, width = pixels.shape
        scale = rng.uniform(1.15, 1.35) if scale else rng.uniform(1, 1.2)
        size = round(width * scale * rng.uniform(0.95, 1.05)), round(height * scale)
        image = Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR)
        if rng.random() < 0.5:
            paths.append(folder / f"{number}.png")
            image.save(paths[-1])
        else:
            paths.append(folder / f"{number}.jpg")
            image.save(paths[-1], quality=int(rng.integers(85, 96)))
    return np.array(paths, dtype=object)


def run(shortcut, seed, args):
    """Return the names of the probes that raise an alarm, and the scores."""
    data = make_chest_radiographs(
        args.images, image_size=args.image_size, random_state=seed
    )
    rng = np.random.default_rng([seed, SHORTCUTS.index(shortcut)])
    source = plant(shortcut, data.images, data.target, rng)
    with tempfile.TemporaryDirectory() as folder:
        larger = source & (shortcut in ("device", "size"))
        paths = write_files(Path(folder), data.images, larger, rng)
        report = shortcut_report(
            CXRClassifier(image_size=args.image_size, max_epochs=10, random_state=0),
            paths,
            data.target,
            groups=data.groups,
            segmenter=data.masks,
            source=source.astype(str) if shortcut == "source" else None,
            probes=[*BLIND, *(["source"] if shortcut == "source" else [])],
            n_resamples=200,
            random_state=seed,
        )
    scores = dict(
        zip(
            report.scores["classifier"],
            [value.value for value in report.scores["balanced accuracy"]],
            strict=True,
        )
    )
    return list(report.alarms), scores


def score_network(args, marked):
    """Return the balanced accuracy of a small network that predicts random classes."""
    data = make_chest_radiographs(
        args.images, image_size=args.image_size, random_state=0
    )
    patients = np.unique(data.groups, return_inverse=True)[1]
    labels = np.where(patients % 2, CLASS, "normal")
    if marked:
        plant("mark", data.images, labels, np.random.default_rng(0))
    train = patients < 0.625 * (patients.max() + 1)
    network = CXRClassifier(
        "test_resnet",
        weights=None,
        trainable="all",
        image_size=args.image_size,
        learning_rate=3e-3,
        batch_size=16,
        max_epochs=args.epochs,
        random_state=0,
    ).fit(data.images[train], labels[train])
    predicted = network.predict(data.images[~train])
    return balanced_accuracy_score(labels[~train], predicted)


def summarize(shortcut, results, seconds):
    """Return the line of a shortcut in the table."""
    n = len(results)
    found = sum(bool(alarms) for alarms, _ in results)
    counts = {
        name: sum(name in alarms for alarms, _ in results)
        for name in dict.fromkeys(name for alarms, _ in results for name in alarms)
    }
    estimator = np.mean([scores["estimator"] for _, scores in results])
    probes = ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"
    return (
        f"{shortcut:11}{found:>4} of {n:<4}{estimator:>9.3f}{seconds:>8.0f} s  {probes}"
    )


def main(arguments=None):
    """Print the table."""
    args = parse_arguments(arguments)
    if args.network:
        for marked in (False, True):
            score = score_network(args, marked)
            print(f"{'with' if marked else 'without'} mark: {score:.3f}", flush=True)
        return
    print("shortcut      found    estimator   time  probes that raise an alarm")
    figures, seeds = {}, range(args.first_seed, args.first_seed + args.seeds)
    for shortcut in args.shortcuts:
        start = time.process_time()
        results = [run(shortcut, seed, args) for seed in seeds]
        figures[shortcut] = results
        print(summarize(shortcut, results, time.process_time() - start), flush=True)
    if args.json is not None:
        with replace_file(args.json) as temporary:
            temporary.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
