"""Compare the speed and memory of cxrclf with skorch, PyTorch, fastai and Keras.

Each contender runs each task in a new process, in turn. The results are ratios within a
round, and the share of the limit: the bare forward pass in the fastest engine::

    pip install "cxrclf[bench,lite]"
    python benchmarks/compare.py --rounds 3 --json figures.json

Without ``--data`` the radiographs are synthetic. ``--quick`` only checks that all tasks
run. docs/benchmarks.rst describes the method.
"""

import argparse
import dataclasses
import json
import sys
import tempfile
import time
from pathlib import Path

from cxrclf._utils.files import replace_file
from harness.environment import environment
from harness.images import large_files, synthetic_files, synthetic_pairs
from harness.jobs import JobFailedError, run_job
from harness.report import ratios_of, report
from harness.settings import Settings
from harness.tasks import CONTENDERS, GPU_TASKS, TASKS

QUICK = {
    "epochs": 2,
    "measured_epochs": 1,
    "n_folds": 2,
    "tuned_images": 16,
    "tuned_epochs": 2,
    "tuned_batch": 8,
    "calls": 20,
    "passes": 2,
}


def parse_arguments(arguments):
    """Return the options of the command line."""
    every = {**TASKS, **GPU_TASKS}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "tasks", nargs="*", help=f"some of {', '.join(every)}; default: all"
    )
    parser.add_argument(
        "--data", type=Path, help="folder with one sub-folder of images per class"
    )
    parser.add_argument(
        "--pairs",
        type=Path,
        nargs=2,
        metavar=("IMAGES", "MASKS"),
        help="folders of images and of masks with the same file names, to segment",
    )
    parser.add_argument(
        "--contenders",
        nargs="+",
        choices=CONTENDERS,
        default=list(CONTENDERS),
        metavar="NAME",
        help=f"some of: {'; '.join(CONTENDERS)}",
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="file for the raw figures")
    parser.add_argument(
        "--full",
        action="store_true",
        help="run the complete studies of the peers (hours)",
    )
    parser.add_argument(
        "--quick", action="store_true", help="tiny data, to check that all runs"
    )
    parser.add_argument(
        "--images",
        type=int,
        help="number of synthetic images (336), without --data or without --pairs",
    )
    parser.add_argument(
        "--large", type=int, help="number of files of the task predict (200)"
    )
    parser.add_argument("--backbone", help="name of the network in timm")
    parser.add_argument("--weights", choices=["imagenet", "none"], default="imagenet")
    parser.add_argument(
        "--image-size", type=int, help="side in pixels (224; 256 to segment)"
    )
    parser.add_argument("--device", default="cpu", help="cuda runs the tasks for a GPU")
    options = parser.parse_args(arguments)
    available = TASKS if options.device == "cpu" else GPU_TASKS
    unknown = [name for name in options.tasks if name not in available]
    if unknown:
        parser.error(
            f"--device {options.device} has no task {', '.join(unknown)}, but "
            f"{', '.join(available)}"
        )
    if options.device != "cpu" and not _has_gpu():
        parser.error(f"--device {options.device}: torch sees no GPU here")
    for option, folders in ("--data", [options.data]), ("--pairs", options.pairs or []):
        for folder in folders:
            if folder is not None and not folder.is_dir():
                parser.error(f"{option} {folder} is not a folder")
    options.tasks = {name: available[name] for name in options.tasks or available}
    options.unet_size = options.image_size or (96 if options.quick else 256)
    options.image_size = options.image_size or (96 if options.quick else 224)
    options.images = options.images or (24 if options.quick else 336)
    options.large = options.large or (8 if options.quick else 200)
    return options


def _has_gpu():
    import torch

    return torch.cuda.is_available()


def make_settings(options, folder):
    """Draw the data into `folder`, and return the settings of all jobs."""
    kinds = {_kind(task) for task in options.tasks}
    data = options.data or folder / "data"
    if options.data is None and kinds != {"segment"}:
        say(f"drawing {options.images} radiographs")
        synthetic_files(data, options.images, 2 * options.image_size)
    pairs = options.pairs or (folder / "images", folder / "masks")
    if options.pairs is None and "segment" in kinds:
        say(f"drawing {options.images} radiographs and their masks")
        synthetic_pairs(*pairs, options.images, 2 * options.unet_size)
    large = folder / "large"
    if "predict" in options.tasks:
        say(f"enlarging {options.large} radiographs")
        large_files(large, data, options.large)
    settings = Settings(
        data=str(data.absolute()),
        large=str(large),
        weights=None if options.weights == "none" else options.weights,
        images=str(pairs[0].absolute()),
        masks=str(pairs[1].absolute()),
        image_size=options.image_size,
        unet_size=options.unet_size,
        full=options.full,
        device=options.device,
        **(QUICK if options.quick else {}),
    )
    if options.backbone is not None:
        settings = dataclasses.replace(settings, backbone=options.backbone)
    return settings


def measure(options, settings, save):
    """Run all jobs, and return the runs and the failures as lists of dicts.

    All jobs together may run for hours, so `save` gets the lists after each job.
    """
    runs, failures = [], []
    jobs = list(schedule(options.tasks, options.contenders, options.rounds))
    for count, (number, task, name) in enumerate(jobs, start=1):
        if any(f["task"] == task and f["contender"] == name for f in failures):
            continue  # it would fail again
        contender = CONTENDERS[name]
        own = dataclasses.replace(settings, **contender.settings)
        what = f"[{count}/{len(jobs)}] round {number}, {task}: {name}"
        say(f"{what} ...")
        started = time.perf_counter()
        job = {"task": task, "contender": name, "round": number}
        try:
            figures = run_job(contender.module, _kind(task), own)
        except JobFailedError as error:
            failures.append({**job, "reason": str(error)})
            say(f"{what} failed: {error}")
        else:
            runs.append({**job, "figures": figures})
            say(f"{what} took {time.perf_counter() - started:.0f} s")
        save(runs, failures)
    return runs, failures


def schedule(tasks, contenders, n_rounds):
    """Iterate over (round, task, contender), with a new first contender each round."""
    for number in range(n_rounds):
        for name, task in tasks.items():
            chosen = [c for c in task.contenders if c in contenders]
            first = number % max(1, len(chosen))
            for contender in chosen[first:] + chosen[:first]:
                yield number + 1, name, contender


def _kind(task):
    return task.removeprefix("gpu_")


def say(text):
    """Print progress to the error output, separate from the results."""
    print(text, file=sys.stderr, flush=True)


def write(path, content):
    """Write a JSON file, unless `path` is None."""
    if path is not None:
        with replace_file(path) as temporary:
            temporary.write_text(json.dumps(content, indent=1))


def main(arguments=None):
    """Run the comparisons and print their tables."""
    options = parse_arguments(arguments)
    described = environment(options.device)

    def save(runs, failures, **more):
        content = {"environment": described, "settings": dataclasses.asdict(settings)}
        content |= {"runs": runs, "failures": failures, **more}
        write(options.json, content)

    with tempfile.TemporaryDirectory(prefix="benchmark-data-") as folder:
        settings = make_settings(options, Path(folder))
        runs, failures = measure(options, settings, save)
    ratios = {}
    for name, task in options.tasks.items():
        own = [run for run in runs if run["task"] == name]
        failed = {f["contender"]: f["reason"] for f in failures if f["task"] == name}
        ratios[name] = ratios_of(task, own)
        print(report(task, own, failed))
    if options.quick:
        print("--quick: the figures only show that the benchmarks run.")
    print("\n".join(f"{name}: {value}" for name, value in described.items()))
    save(runs, failures, ratios=ratios)


if __name__ == "__main__":
    main()
