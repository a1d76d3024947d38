"""Coverage of the intervals of means and of F1 in tables, by simulation.

Run ``python benchmarks/table_coverage.py``. It prints one line per design: the share
of simulated studies in which an interval of 95 % contains the true score. ``resampled``
are quantiles of resampled patients.
"""

import argparse

import numpy as np

from cxrclf._utils.patient_resampling import PatientResampling
from cxrclf.metrics import classification_table

N_CLASSES = 3
SCORES = {
    "balanced accuracy": ("macro average", "sensitivity"),
    "macro f1": ("macro average", "f1"),
    "f1": ("0", "f1"),
    "macro auc": ("macro average", "auc"),
}
_RESAMPLES = 2000


def draw(n_patients, separation, most_images, rng):
    """Return true classes, scores and patients of one study."""
    classes = np.repeat(np.arange(N_CLASSES), n_patients)
    n = len(classes)
    patients = np.repeat(np.arange(n), rng.integers(1, most_images + 1, n))
    codes = classes[patients]
    scores = np.sqrt(0.7) * rng.normal(size=(n, N_CLASSES))[patients]
    scores += np.sqrt(0.3) * rng.normal(size=(len(codes), N_CLASSES))
    scores[np.arange(len(codes)), codes] += separation
    return codes, scores, patients


def resampled_intervals(codes, predicted, patients):
    """Return quantiles of resampled patients, from counts per patient."""
    n = patients.max() + 1
    cells = np.zeros((n, N_CLASSES**2))
    np.add.at(cells, (patients, N_CLASSES * codes + predicted), 1)
    # Patients with the same counts are interchangeable.
    kinds, counts = np.unique(cells, axis=0, return_counts=True)
    drawn = np.random.default_rng(0).multinomial(n, counts / n, size=_RESAMPLES)
    matrices = (drawn @ kinds).reshape(-1, N_CLASSES, N_CLASSES)
    right = np.einsum("bkk->bk", matrices)
    true, found = matrices.sum(axis=2), matrices.sum(axis=1)
    with np.errstate(invalid="ignore"):
        sensitivity, f1 = right / true, 2 * right / (true + found)
    resampling = PatientResampling(len(codes), patients)
    return {
        "balanced accuracy": resampling.interval(sensitivity.mean(axis=1)),
        "macro f1": resampling.interval(f1.mean(axis=1)),
        "f1": resampling.interval(f1[:, 0]),
    }


def measure(n_patients, separation, most_images, truth, n_studies):
    """Return the coverage of each interval."""
    rng = np.random.default_rng(1)
    covered = {}
    for _ in range(n_studies):
        codes, scores, patients = draw(n_patients, separation, most_images, rng)
        predicted = scores.argmax(axis=1)
        table = classification_table(
            codes,
            predicted,
            scores,
            labels=range(N_CLASSES),
            intervals=True,
            groups=patients,
        )
        bounds = {name: table.interval(*cell)[1:] for name, cell in SCORES.items()}
        resampled = resampled_intervals(codes, predicted, patients)
        bounds |= {f"{name}, resampled": of for name, of in resampled.items()}
        for name, (low, high) in bounds.items():
            value = truth[name.removesuffix(", resampled")]
            covered.setdefault(name, []).append(low <= value <= high)
    return {name: float(np.mean(values)) for name, values in covered.items()}


def main(arguments=None):
    """Print the coverage of all designs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=400)
    parser.add_argument("--true-patients", type=int, default=200_000)
    options = parser.parse_args(arguments)
    for separation in (2, 3.5):
        codes, scores, _ = draw(
            options.true_patients, separation, 1, np.random.default_rng(99)
        )
        table = classification_table(codes, scores.argmax(axis=1), scores)
        truth = {name: table[cell] for name, cell in SCORES.items()}
        for n_patients in (15, 30, 60):
            for most_images in (1, 6):
                found = measure(
                    n_patients, separation, most_images, truth, options.studies
                )
                line = ", ".join(f"{name} {value:.3f}" for name, value in found.items())
                print(
                    f"balanced accuracy {truth['balanced accuracy']:.3f}, {n_patients} "
                    f"patients per class, 1 to {most_images} images: {line}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
