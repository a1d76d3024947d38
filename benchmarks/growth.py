"""Measure how time and memory grow with the number of images.

The tasks are a study with a frozen body in five folds, training of a whole network, and
prediction of masks, which are returned or saved. The files are synthetic radiographs: a
few anatomies with different noise. Each run is a new process with empty caches::

    python benchmarks/growth.py
    python benchmarks/growth.py --task fine_tune --backbone test_efficientnet
    python benchmarks/growth.py --task save_masks --image-size 256 --images 400 1600
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from cxrclf._utils.files import replace_file
from harness.environment import environment
from harness.images import many_files
from harness.jobs import run_job
from harness.settings import Settings


def parse_arguments(arguments):
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--images", type=int, nargs="+", default=[250, 1_000, 4_000, 16_000]
    )
    parser.add_argument(
        "--task",
        choices=["frozen_study", "fine_tune", "predict_masks", "save_masks"],
        default="frozen_study",
    )
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument(
        "--n-views", type=int, help="number of views per image; default: --epochs"
    )
    parser.add_argument("--backbone", default="tf_efficientnet_lite0")
    parser.add_argument("--weights", choices=["imagenet", "none"], default="none")
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--json", type=Path, help="file for the figures")
    return parser.parse_args(arguments)


def measure(options, n_images):
    """Return seconds and memory of the task for `n_images` images."""
    with tempfile.TemporaryDirectory(prefix="benchmark-data-") as folder:
        many_files(folder, n_images, options.image_size)
        settings = Settings(
            data=folder,
            large="",
            backbone=options.backbone,
            weights=None if options.weights == "none" else options.weights,
            image_size=options.image_size,
            unet_size=options.image_size,
            epochs=options.epochs,
            n_views=options.n_views,
            tuned_images=n_images,
            tuned_epochs=options.epochs,
        )
        figures = run_job("with_cxrclf", options.task, settings)
    if "seconds" not in figures:
        rate = figures["overall_images_per_second"]
        figures["seconds"] = n_images * options.epochs / rate
    return {"images": n_images, **figures}


def main(arguments=None):
    """Print one row per number of images."""
    options = parse_arguments(arguments)
    of = "" if "masks" in options.task else f", {options.epochs} epochs"
    print(f"{options.task}, {options.backbone}{of}")
    print(
        f"{'images':>8} {'seconds':>8} {'ms per image':>12} {'private MiB':>12} "
        f"{'resident MiB':>13} {'returned MiB':>13}"
    )
    rows = []
    for n_images in options.images:
        print(f"{n_images} images ...", file=sys.stderr, flush=True)
        row = measure(options, n_images)
        rows.append(row)
        print(
            f"{n_images:8,} {row['seconds']:8,.0f} "
            f"{1e3 * row['seconds'] / n_images:12.1f} {row['private_mib']:12,.0f} "
            f"{row['resident_mib']:13,.0f} {row.get('returned_mib', 0):13,.0f}",
            flush=True,
        )
    described = environment("cpu")
    print("\n".join(f"{name}: {value}" for name, value in described.items()))
    if options.json is not None:
        content = {"environment": described, "rows": rows}
        with replace_file(options.json) as temporary:
            temporary.write_text(json.dumps(content, indent=1))


if __name__ == "__main__":
    main()
