"""Planted leakage that a report finds, by simulation.

Run ``python benchmarks/leakage_detection.py``. It prints one line per kind of leakage:
in how many random data sets the report has a finding of the kind "leakage", and in how
many it names exactly the planted test image.
"""

import argparse
import io

import numpy as np
from PIL import Image
from tqdm import tqdm

from cxrclf.audit import leakage_report
from cxrclf.datasets import make_chest_radiographs

KINDS = ("clean", "patient", "exact copy", "flipped copy", "JPEG copy")


def plant(kind, X, groups, train, test):
    """Plant leakage in place, and return the affected test row, or None.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    X : ndarray of shape (n, H, W) of uint8
        Images.
    groups : ndarray of shape (n,)
        Patients.
    train, test : int
        Training row that is copied or whose patient is shared, and the test row.
    """
    if kind == "clean":
        return None
    if kind == "patient":
        groups[test] = groups[train]
    elif kind == "exact copy":
        X[test] = X[train]
    elif kind == "flipped copy":
        X[test] = X[train][:, ::-1]
    else:
        stream = io.BytesIO()
        Image.fromarray(X[train]).save(stream, "JPEG", quality=60)
        X[test] = np.asarray(Image.open(stream))
    return test


def measure(kind, seed, n, side):
    """Return whether there is a finding, and whether the affected rows are right."""
    data = make_chest_radiographs(
        n, n_patients=n, image_size=side, random_state=100 + seed
    )
    X, groups = data.images.copy(), data.groups.astype(object)
    rng = np.random.default_rng(seed)
    rows = rng.permutation(n)
    train, test = np.sort(rows[n // 3 :]), np.sort(rows[: n // 3])
    affected = plant(kind, X, groups, rng.choice(train), rng.choice(test))
    report = leakage_report(
        X, data.target, groups=groups.astype(str), cv=[(train, test)]
    )
    expected = [] if affected is None else [affected]
    return (
        any(finding.kind == "leakage" for finding in report.findings),
        report.affected.tolist() == expected,
    )


def main(arguments=None):
    """Print the number of data sets with a finding, for each kind of leakage."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--images", type=int, default=180)
    parser.add_argument("--image-size", type=int, default=96, help="side in pixels")
    options = parser.parse_args(arguments)
    for kind in KINDS:
        found = [
            measure(kind, seed, options.images, options.image_size)
            for seed in tqdm(range(options.seeds), desc=kind, leave=False)
        ]
        alarms, right = (sum(part) for part in zip(*found, strict=True))
        print(
            f"{kind:12} finding in {alarms} of {options.seeds}, right rows in {right}",
            flush=True,
        )


if __name__ == "__main__":
    main()
