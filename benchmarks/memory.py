"""Private memory of a training, against the number of image files.

Run with ``python benchmarks/memory.py``. For each number of files a process of its
own makes that many 224 px radiographs (few different ones, each with noise of its
own), trains on them from the files, and reports its peak of private memory: resident
memory less the pages of mapped files, which the system may drop at any time. It runs
on Linux, where /proc tells these apart.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from PIL import Image

SETTINGS = {
    "frozen EfficientNet-Lite0": {
        "backbone": "tf_efficientnet_lite0",
        "trainable": "head",
    },
    "EfficientNet-Lite0, trained whole": {
        "backbone": "tf_efficientnet_lite0",
        "trainable": "all",
    },
    "small network, trained whole": {
        "backbone": "test_efficientnet",
        "trainable": "all",
    },
}


def private_mebibytes():
    """Return the process's anonymous resident memory."""
    lines = Path("/proc/self/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return sum(int(fields[name].split()[0]) for name in ("RssAnon", "RssShmem")) / 1024


def make_files(folder, n_files):
    """Write distinct 224 px radiographs, and return their paths and labels."""
    from cxrclf.datasets import make_chest_radiographs

    data = make_chest_radiographs(60, image_size=224, random_state=0)
    rng = np.random.default_rng(0)
    paths = []
    for i in range(n_files):
        image = data.images[i % 60]
        noise = rng.integers(-3, 4, size=image.shape)
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
        paths.append(folder / f"{i:06d}.jpg")
        Image.fromarray(image).save(paths[-1], quality=80)
    return np.array(paths, dtype=object)[:, None], data.target[np.arange(n_files) % 60]


def measure(settings, n_files):
    """Train in this process, and print its peak of private memory and its time."""
    from cxrclf import CXRClassifier

    with tempfile.TemporaryDirectory() as folder:
        X, y = make_files(Path(folder), n_files)
        peak, done = [0.0], threading.Event()

        def watch():
            while not done.wait(0.05):
                peak[0] = max(peak[0], private_mebibytes())

        watcher = threading.Thread(target=watch)
        watcher.start()
        started = time.perf_counter()
        CXRClassifier(
            weights=None, image_size=224, max_epochs=1, random_state=0, **settings
        ).fit(X, y)
        done.set()
        watcher.join()
        print(f"{peak[0]:.0f} {time.perf_counter() - started:.0f}")


def main():
    """Print a table of settings and numbers of files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, nargs="+", default=[2_000, 20_000])
    parser.add_argument(
        "--measure", nargs=2, metavar=("SETTING", "N"), help="(internal)"
    )
    arguments = parser.parse_args()
    if arguments.measure:
        name, n_files = arguments.measure
        measure(SETTINGS[name], int(n_files))
        return
    print(f"{'training':35} {'files':>7} {'private MiB, peak':>18} {'seconds':>8}")
    for name in SETTINGS:
        for n_files in arguments.files:
            command = [sys.executable, __file__, "--measure", name, str(n_files)]
            result = subprocess.run(command, capture_output=True, text=True, check=True)
            peak, seconds = result.stdout.split()
            print(f"{name:35} {n_files:7} {peak:>18} {seconds:>8}", flush=True)


if __name__ == "__main__":
    main()
