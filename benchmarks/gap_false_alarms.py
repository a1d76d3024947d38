"""False alarms of gaps between subgroups, by simulation.

Run ``python benchmarks/gap_false_alarms.py``. It prints one line per design: the share
of simulated studies without any real difference in which the p-value of a gap is below
0.05, for each score.
"""

import argparse

import numpy as np

from cxrclf.metrics import subgroup_table

SCORES = ("sensitivity_1", "auc_1", "balanced_accuracy")
# Subgroups, patients per class and subgroup, and largest number of images per patient.
DESIGNS = [(2, 30, 1), (2, 60, 1), (4, 30, 1), (4, 60, 1), (2, 30, 6), (4, 30, 6)]


def draw(n_groups, n_patients, most_images, rng):
    """Return true classes, scores, patients and subgroups of one study."""
    n = 2 * n_groups * n_patients
    patients = np.repeat(np.arange(n), rng.integers(1, most_images + 1, n))
    codes = patients % 2
    scores = np.sqrt(0.7) * rng.normal(size=n)[patients] + 1.5 * codes
    scores += np.sqrt(0.3) * rng.normal(size=len(codes))
    return codes, scores, patients, patients // (2 * n_patients)


def measure(design, n_studies):
    """Return the share of studies with a false alarm, by score."""
    rng = np.random.default_rng(1)
    alarms = dict.fromkeys(SCORES, 0)
    for _ in range(n_studies):
        codes, scores, patients, subgroup = draw(*design, rng)
        table = subgroup_table(
            codes,
            (scores > 0.75).astype(int),
            scores,
            by={"site": subgroup},
            groups=patients,
            scores=SCORES,
        )
        for name in SCORES:
            alarms[name] += table.gaps["site", name].p_value < 0.05
    return {name: int(count) / n_studies for name, count in alarms.items()}


def main(arguments=None):
    """Print the false alarms of all designs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=400)
    options = parser.parse_args(arguments)
    for design in DESIGNS:
        found = measure(design, options.studies)
        line = ", ".join(f"{name} {share:.3f}" for name, share in found.items())
        n_groups, n_patients, most_images = design
        print(
            f"{n_groups} subgroups of {n_patients} patients per class, 1 to "
            f"{most_images} images: {line}",
            flush=True,
        )


if __name__ == "__main__":
    main()
