"""
Six answers to a rare class
===========================

COVID-19 is one radiograph in twenty. Class weights, four ways to show its images more
often, and doing nothing are compared on the same folds, with the same network and the
same number of optimiser steps. The radiographs are synthetic. What each strategy does
is in :ref:`imbalance`.
"""

# %%
# The data
# --------
#
# Patients have several images, and no patient is on both sides of a split. Five folds
# are drawn twice.

import matplotlib.pyplot as plt
import numpy as np
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline
from sklearn.metrics import precision_recall_curve
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

from cxrclf import Augmentation, CXRClassifier
from cxrclf.datasets import make_chest_radiographs
from cxrclf.metrics import classification_table
from cxrclf.sampling import (
    AugmentedOverSampler,
    ImageSampler,
    PhasedBalancedSplit,
    PhasedClassifier,
)

data = make_chest_radiographs(1500, weights=(1, 10, 9), image_size=96, random_state=0)
X, y = data.images, data.target
classes, n_images = np.unique(y, return_counts=True)
print(dict(zip(classes.tolist(), n_images.tolist(), strict=True)))

splits = [
    list(
        StratifiedGroupKFold(5, shuffle=True, random_state=seed).split(
            X, y, data.groups
        )
    )
    for seed in (0, 1)
]

# %%
# Six strategies
# --------------
#
# An epoch over oversampled rows is longer, and one of a phase shorter. So that none of
# them trains more than the others, all take about 400 steps of 32 images, whatever
# number of epochs that makes.

BATCH, STEPS = 32, 400


def network(n_rows, **settings):
    """Return a classifier that takes STEPS steps when an epoch has `n_rows` images."""
    epochs = round(STEPS * BATCH / (0.8 * n_rows))  # four folds of five are trained on
    return CXRClassifier(
        batch_size=BATCH, max_epochs=epochs, random_state=0, **settings
    )


n_resampled = len(classes) * n_images.max()
plan = PhasedBalancedSplit().plan(y)
strategies = {
    "nothing": network(len(y)),
    "class weights": network(len(y), class_weight="balanced"),
    "repeated images": make_pipeline(
        ImageSampler(RandomOverSampler(random_state=0)), network(n_resampled)
    ),
    "transformed copies": make_pipeline(
        AugmentedOverSampler(random_state=0), network(n_resampled)
    ),
    "balanced batches": network(len(y), balanced_batches=True),
    f"{plan.n_phases} balanced phases": PhasedClassifier(
        network(plan.n_phases * plan.phase_size), random_state=0
    ),
}

# %%
# Every image is predicted by the network that did not see it, its patient included, and
# every fold is scored by itself: sensitivity, precision and AUC of COVID-19, and the
# mean F1 of the three classes.

scores, probabilities = {}, {}
for name, classifier in strategies.items():
    scores[name], probabilities[name] = [], []
    for folds in splits:
        proba = cross_val_predict(classifier, X, y, cv=folds, method="predict_proba")
        probabilities[name].append(proba)
        for _, test in folds:
            predicted = classes[proba[test].argmax(axis=1)]
            table = classification_table(y[test], predicted, proba[test])
            scores[name].append(
                [
                    table["covid", "sensitivity"],
                    table["covid", "precision"],
                    table["macro average", "f1"],
                    table["covid", "auc"],
                ]
            )
scores = {name: np.array(rows) for name, rows in scores.items()}
columns = ["sensitivity", "precision", "macro F1", "AUC"]

# %%
# Scores of the folds
# -------------------
#
# A point a fold; below them their mean and standard deviation. The grey line is the
# mean of doing nothing. A fold where COVID-19 is never predicted has no precision, and
# is left out of that mean.

colours = dict(zip(strategies, plt.cm.Dark2.colors, strict=False))
figure, axes = plt.subplots(1, 4, figsize=(10, 3.8), sharey=True, layout="constrained")
for k, (axis, column) in enumerate(zip(axes, columns, strict=True)):
    axis.axvline(np.nanmean(scores["nothing"][:, k]), color="0.8", zorder=0)
    for row, (name, values) in enumerate(scores.items()):
        heights = row - 0.15 + np.linspace(-0.1, 0.1, len(values))
        axis.scatter(values[:, k], heights, s=12, color=colours[name], alpha=0.6)
        axis.errorbar(
            np.nanmean(values[:, k]),
            row + 0.2,
            xerr=np.nanstd(values[:, k], ddof=1),
            fmt="o",
            color=colours[name],
            ms=5,
            capsize=3,
        )
    axis.set_title(column, fontsize=10)
    axis.spines[["top", "right"]].set_visible(False)
axes[0].set(yticks=range(len(scores)), yticklabels=scores, xlim=(0, 1))
axes[0].invert_yaxis()
axes[1].set_xlim(0, 1.03)
plt.show()

# %%
# The differences from doing nothing, fold by fold, and their standard errors. The folds
# share most of their training images, so their scores are not independent: the variance
# of the mean is taken as 1/10 + 1/4 of that of the folds [1]_.

print(f"{'':18}", *(f"{column:>15}" for column in columns))
for name, values in scores.items():
    if name != "nothing":
        gains = values - scores["nothing"]
        errors = np.nanstd(gains, axis=0, ddof=1) * np.sqrt(1 / len(gains) + 1 / 4)
        cells = zip(np.nanmean(gains, axis=0), errors, strict=True)
        print(f"{name:18}", *(f"{gain:+8.3f} ±{error:.3f}" for gain, error in cells))

# %%
# Less than two standard errors may be chance. What goes beyond is a gain in sensitivity
# that is paid for in precision: for class weights, balanced batches and phases, and
# nearly so for repeated images. None of the differences in macro F1 does, and the AUC
# of these four differs from that of doing nothing by a hundredth at most. Between the
# strategies themselves ten folds with 15 images of COVID-19 each decide little.
#
# Another point of the same curve
# -------------------------------
#
# The AUC does not depend on a threshold. A line shows the sensitivity and the precision
# at every threshold on the probability of COVID-19, a point those of the predicted
# classes.

figure, axis = plt.subplots(figsize=(6, 4.4), layout="constrained")
truth = np.tile(y == "covid", len(splits))
for name, colour in colours.items():
    proba = np.concatenate(probabilities[name])
    precision, sensitivity, _ = precision_recall_curve(truth, proba[:, 0])
    axis.plot(sensitivity, precision, color=colour, lw=1, alpha=0.6)
    found = proba.argmax(axis=1) == 0
    axis.plot(
        truth[found].sum() / truth.sum(),
        truth[found].mean(),
        marker="o",
        ms=8,
        mec="white",
        color=colour,
        ls="none",
        label=name,
    )
axis.set(xlabel="sensitivity", ylabel="precision", ylim=(0, 1.02))
axis.spines[["top", "right"]].set_visible(False)
axis.legend(frameon=False)
plt.show()

# %%
# All lines but one run close together: weights, repeats, balanced batches and phases do
# not make the network see more, they make it say COVID-19 sooner. A lower threshold
# does the same to a network that was trained without any of them.
#
# What the copies give away
# -------------------------
#
# The line of the transformed copies lies below. Nine in ten of the COVID-19 images that
# this network saw were rotated, scaled and displaced, one in ten of pneumonia and none
# of the normal ones: that an image was transformed is a sign of COVID-19, too, and
# easier to learn than opacities. Of the test images of each class so many are called
# COVID-19 as they are, and so many when they are transformed alike:

train, test = splits[0][0]
views = Augmentation(rotation=15, zoom=0.1, shift=0.05).views(X[test])
print(f"{'':18}", *(f"{label:>12}" for label in classes))
for name in ("repeated images", "transformed copies"):
    classifier = strategies[name].fit(X[train], y[train])
    plain = classifier.predict(X[test]) == "covid"
    moved = classifier.predict(views) == "covid"
    shares = ((plain[y[test] == c].mean(), moved[y[test] == c].mean()) for c in classes)
    print(f"{name:18}", *(f"{a:5.0%}, {b:5.0%}" for a, b in shares))

# %%
# So that transformations tell nothing, all classes need them: repeat the images, and
# give the classifier an :ref:`augmentation <augmentation>`, which draws views of all.
#
# .. [1] C. Nadeau and Y. Bengio, "Inference for the generalization error", Machine
#    Learning 52, 239-281, 2003.
