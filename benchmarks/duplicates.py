"""Measure how many planted copies `find_duplicates` finds, and how many are wrong.

Copies of every kind are written as files next to the originals, each copy from another
original::

    python benchmarks/duplicates.py                      # 1,000 synthetic radiographs
    python benchmarks/duplicates.py --folder images      # files of a folder
    python benchmarks/duplicates.py --patients 200 --images 600
    python benchmarks/duplicates.py --images 20000 --size 128 --copies 0   # time only

The columns of the table:

- `recall`: part of the copies that are found;
- `precision`: part of the pairs of a copy with an earlier image that are right. A pair
  is right if both images come from one original, or from originals that are copies.

Pairs among the originals are listed below the table. In a folder of real images, look
at them: they may be real copies. Two synthetic radiographs of one patient are not.
"""

import argparse
import io
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from cxrclf._utils.files import replace_file
from cxrclf._utils.tables import as_markdown
from cxrclf.audit import find_duplicates
from cxrclf.datasets import make_chest_radiographs
from cxrclf.images import read_image

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".dcm")


def parse_arguments(arguments):
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, help="originals, instead of synthetic")
    parser.add_argument("--images", type=int, default=1000, help="synthetic images")
    parser.add_argument("--patients", type=int, help="synthetic patients")
    parser.add_argument("--size", type=int, default=224, help="of synthetic images")
    parser.add_argument("--copies", type=int, default=50, help="per kind, at most")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--threads", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="file for the pairs")
    return parser.parse_args(arguments)


def scale(image, factor):
    size = [max(8, round(side * factor)) for side in image.size]
    return image.resize(size, Image.Resampling.BILINEAR)


def recode(image, quality):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file)


def change_levels(image, function):
    levels = [function(level / 255) * 255 for level in range(256)]
    return image.point([int(np.clip(round(level), 0, 255)) for level in levels])


def apply_gamma(image, gamma):
    return change_levels(image, lambda level: level**gamma)


def crop(image, left, top, right, bottom):
    width, height = image.size
    box = left * width, top * height, (1 - right) * width, (1 - bottom) * height
    return image.crop([round(edge) for edge in box])


def rotate(image, largest, rng):
    angle = rng.uniform(largest / 2, largest) * rng.choice([-1, 1])
    return image.rotate(angle, Image.Resampling.BILINEAR)


def brighten(image, rng):
    shift = rng.choice([-40, 40]) / 255
    return change_levels(image, lambda level: 0.9 * level + shift)


def change_contrast(image, rng):
    factor = rng.choice([0.6, 1.3])
    return change_levels(image, lambda level: (level - 0.5) * factor + 0.5)


def cut_side(image, rng):
    return crop(image, *(0.2 * (np.arange(4) == rng.integers(4))))


def combine(image, rng):
    image = apply_gamma(ImageOps.mirror(rotate(image, 3, rng)), 0.8)
    return recode(scale(image, 0.6), 60)


def combine_inverted(image, rng):
    return ImageOps.invert(recode(crop(image, *rng.uniform(0, 0.08, 4)), 50))


KINDS = {
    "saved as BMP": lambda image, rng: image,
    "rescaled to 50 %": lambda image, rng: scale(image, 0.5),
    "rescaled to 150 %": lambda image, rng: scale(image, 1.5),
    "JPEG, quality 40": lambda image, rng: recode(image, 40),
    "brightness ± 40": brighten,
    "contrast 0.6 or 1.3": change_contrast,
    "gamma 1.5": lambda image, rng: apply_gamma(image, 1.5),
    "gamma 0.67": lambda image, rng: apply_gamma(image, 0.67),
    "flipped": lambda image, rng: ImageOps.mirror(image),
    "inverted": lambda image, rng: ImageOps.invert(image),
    "rotated by 2.5 to 5°": lambda image, rng: rotate(image, 5, rng),
    "cropped by 5 % per side": lambda image, rng: crop(image, *[0.05] * 4),
    "cropped by 0 to 5 %": lambda image, rng: crop(image, *rng.uniform(0, 0.05, 4)),
    "cropped by 10 % per side": lambda image, rng: crop(image, *[0.1] * 4),
    "cropped by 0 to 10 %": lambda image, rng: crop(image, *rng.uniform(0, 0.1, 4)),
    "one side cut by 20 %": cut_side,
    "flipped, rotated, gamma, 60 %, JPEG 60": combine,
    "inverted, cropped by 0 to 8 %, JPEG 50": combine_inverted,
}


def write_originals(options, folder):
    """Return the paths of the originals and their patients, if they are known."""
    if options.folder is not None:
        paths = sorted(
            path
            for path in options.folder.rglob("*")
            if path.suffix.lower() in SUFFIXES
        )
        return paths, None
    data = make_chest_radiographs(
        options.images,
        n_patients=options.patients or options.images,
        image_size=options.size,
        random_state=options.seed,
    )
    paths = [folder / f"original{row}.png" for row in range(len(data.images))]
    for path, pixels in zip(paths, data.images, strict=True):
        Image.fromarray(pixels).save(path, compress_level=1)
    return paths, data.groups


def plant_copies(paths, options, folder):
    """Write copies, and return their paths, kinds and the rows of their originals."""
    rng = np.random.default_rng(options.seed)
    kinds = options.kinds if options.copies else []
    n = min(options.copies, len(paths) // max(len(kinds), 1))
    sources = rng.permutation(len(paths))[: n * len(kinds)]
    copies = []
    for number, source in enumerate(sources):
        kind = kinds[number % len(kinds)]
        pixels = read_image(paths[source])
        if pixels.dtype == np.uint16:
            pixels = (pixels >> 8).astype(np.uint8)
        copy = KINDS[kind](Image.fromarray(pixels), rng).convert("L")
        copies.append((folder / f"copy{number}.bmp", kind, int(source)))
        copy.save(copies[-1][0])
    return copies


def score(report, n_originals, copies, kinds):
    """Return a line of the table per kind."""
    rows_a, rows_b = report.pairs["row_a"], report.pairs["row_b"]
    group = list(range(n_originals))  # linked originals

    def find(row):
        while group[row] != row:
            row = group[row]
        return row

    for row_a, row_b in zip(rows_a, rows_b, strict=True):
        if row_b < n_originals:
            group[find(row_b)] = find(row_a)
    original = [*range(n_originals), *(source for _, _, source in copies)]
    lines = []
    for kind in kinds:
        rows = {
            n_originals + number
            for number, (_, name, _) in enumerate(copies)
            if name == kind
        }
        found, right, wrong, names = set(), 0, 0, Counter()
        for row_a, row_b, name in zip(
            rows_a, rows_b, report.pairs["kind"], strict=True
        ):
            if row_b not in rows:
                continue
            if find(original[row_a]) == find(original[row_b]):
                right += 1
                names[name] += 1
                found.add(row_b)
            else:
                wrong += 1
        if rows:
            recall = f"{len(found) / len(rows):.3f}"
            precision = f"{right / (right + wrong):.3f}" if right + wrong else ""
            common = " ".join(f"{name} ({n})" for name, n in names.most_common(1))
            lines.append([kind, str(len(rows)), recall, precision, common])
    return lines


def main(arguments=None):
    """Plant copies, search them, and print the table."""
    options = parse_arguments(arguments)
    with tempfile.TemporaryDirectory() as folder:
        paths, patients = write_originals(options, Path(folder))
        copies = plant_copies(paths, options, Path(folder))
        start = time.perf_counter()
        files = [str(path) for path in [*paths, *(path for path, _, _ in copies)]]
        report = find_duplicates(files, n_threads=options.threads, verbose=1)
        seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    lines = score(report, len(paths), copies, options.kinds)
    if lines:
        header = ["kind", "copies", "recall", "precision", "most common name"]
        print(as_markdown(header, lines))
    pairs = list(zip(*report.pairs.columns.values(), strict=True))
    originals = [pair for pair in pairs if pair[1] < len(paths)]
    print(
        f"\n{len(files)} images: {seconds:.0f} s, {memory:.1f} GiB. "
        f"{len(originals)} pairs among {len(paths)} originals."
    )
    if patients is not None:
        same = sum(patients[pair[0]] == patients[pair[1]] for pair in originals)
        _, counts = np.unique(patients, return_counts=True)
        total = int((counts * (counts - 1) // 2).sum())
        print(
            f"{same} of {total} pairs of one patient, and {len(originals) - same} "
            "pairs of different patients, are called copies."
        )
    if options.json is not None:
        with replace_file(options.json) as temporary:
            temporary.write_text(
                json.dumps([list(map(str, pair)) for pair in originals]),
                encoding="utf-8",
            )


if __name__ == "__main__":
    sys.exit(main())
