"""
How far can a score be trusted?
===============================

A score of a few patients is uncertain. This example draws the same study many times and
compares intervals that know the patients with intervals that do not. Then it checks
probabilities, corrects them, and asks from which threshold on they are of use.
:ref:`intervals` explains the methods.
"""

# %%
# The same study, forty times
# ---------------------------
# Each study has 30 patients per class with 1 to 8 images each. Images of a patient have
# similar scores: the correlation is 0.7. The true AUC is 0.95 (dotted line). 95 % of
# the intervals should contain it.

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import expit
from scipy.stats import norm

from cxrclf.metrics import (
    ReliabilityDisplay,
    apply_temperature,
    calibration_scores,
    decision_curve,
    fit_temperature,
    fold_thresholds,
    roc_auc_interval,
)


def draw_study(rng, n_patients, distance):
    """Return classes, scores and patients of the images of a study."""
    patients = np.repeat(np.arange(n_patients), rng.integers(1, 9, n_patients))
    y = patients < n_patients // 2
    scores = np.sqrt(0.7) * rng.normal(size=n_patients)[patients]
    scores += np.sqrt(0.3) * rng.normal(size=len(patients))
    return y, scores + distance * y, patients


rng = np.random.default_rng(0)
true_auc = 0.95
distance = np.sqrt(2) * norm.ppf(true_auc)
_, axes = plt.subplots(1, 2, figsize=(8, 4.5), layout="constrained", sharex=True)
studies = [draw_study(rng, 60, distance) for _ in range(40)]
for ax, with_groups in zip(axes, (False, True), strict=True):
    n_missed = 0
    for row, (y, scores, patients) in enumerate(studies):
        found = roc_auc_interval(y, scores, groups=patients if with_groups else None)
        missed = not found.low <= true_auc <= found.high
        n_missed += missed
        color, style = ("#d55e00", "--") if missed else ("#0072b2", "-")
        ax.plot([found.low, found.high], [row, row], color=color, linestyle=style)
        ax.plot(found.value, row, ".", color=color)
    ax.axvline(true_auc, color="0.3", linestyle=":")
    name = "groups=patients" if with_groups else "without groups"
    ax.set(title=f"{name}: {n_missed} of 40 miss", xlabel="AUC", yticks=[])
axes[0].set_ylabel("study")
plt.show()

# %%
# Intervals without the patients are too short. In 4,000 studies like these, they missed
# the true AUC in 31 % of the studies (orange, dashed), and intervals with the patients
# in 4 %.
#
# Are the probabilities right?
# ----------------------------
# A network is often too sure. Here the true logits are multiplied by 2. The temperature
# is fitted on one half of the patients and applied to the other half.

patients = np.arange(800) // 2
logits = 1.5 * rng.normal(size=400)[patients] - 1
y = rng.random(800) < expit(logits)
too_sure = expit(2 * logits)
fit, test = patients < 200, patients >= 200
temperature = fit_temperature(y[fit], too_sure[fit])
corrected = apply_temperature(too_sure[test], temperature)
print(f"temperature {temperature:.2f}")
for name, probabilities in (("before", too_sure[test]), ("after", corrected)):
    table = calibration_scores(y[test], probabilities, groups=patients[test])
    print(
        f"{name:6} slope {table[True, 'slope']:.2f}, ECE {table[True, 'ece'].value:.3f}"
        f" (calibrated probabilities: {table[True, 'ece_null']:.3f})"
    )

figure, axes = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained")
for ax, title, probabilities in (
    (axes[0], "too sure", too_sure[test]),
    (axes[1], f"temperature {temperature:.2f}", corrected),
):
    ReliabilityDisplay.from_predictions(
        y[test], probabilities, groups=patients[test], n_bins=8, ax=ax
    )
    ax.set_title(title)
curve = decision_curve(
    y[test], corrected, groups=patients[test], thresholds=np.arange(1, 80) / 100
)
curve.plot(axes[2])
axes[2].set_title("decision curve")
plt.show()

# %%
# The curve on the right compares the corrected probabilities with two rules that need
# no classifier: examine all patients, or none.
#
# A threshold for a required sensitivity
# --------------------------------------
# The threshold of each fold is chosen on the other folds. Intervals show what it
# reaches on patients that did not take part in its choice.

fold = patients % 5
print(fold_thresholds(y, too_sure, fold, sensitivity=0.9, groups=patients))
