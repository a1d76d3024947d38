"""
Six strategies for a rare class
===============================

One radiograph in twenty has COVID-19. The example compares six strategies: class
weights, four ways to use the images of the rare class more often, and no strategy. All
use the same folds, the same network and the same number of optimizer steps. The
radiographs are synthetic. :ref:`imbalance` explains the strategies.
"""

# %%
# The data
# --------
#
# Patients have several images. The images of a patient are in one fold only. There are
# two repeats of five folds.

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
# An epoch is longer with oversampling, and shorter in a phase. So the number of epochs
# differs between the strategies: each trains for about 400 optimizer steps of 32
# images.

BATCH, STEPS = 32, 400


def network(n_rows, **settings):
    """Return a classifier with STEPS optimizer steps, for `n_rows` images per epoch."""
    epochs = round(STEPS * BATCH / (0.8 * n_rows))  # four of five folds are trained on
    return CXRClassifier(
        batch_size=BATCH, max_epochs=epochs, random_state=0, **settings
    )


n_resampled = len(classes) * n_images.max()
plan = PhasedBalancedSplit().plan(y)
strategies = {
    "no strategy": network(len(y)),
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
# Each image is predicted by a network that has not seen its patient. Each fold has its
# own scores: sensitivity, precision and AUC of COVID-19, and the mean F1 of the three
# classes.

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
# Each point is a fold. Mean and standard deviation are below the points. The gray line
# is the mean without a strategy. If COVID-19 is never predicted in a fold, the fold has
# no precision, and the mean does not include it.

colors = dict(zip(strategies, plt.cm.Dark2.colors, strict=False))
figure, axes = plt.subplots(1, 4, figsize=(10, 3.8), sharey=True, layout="constrained")
for k, (axis, column) in enumerate(zip(axes, columns, strict=True)):
    axis.axvline(np.nanmean(scores["no strategy"][:, k]), color="0.8", zorder=0)
    for row, (name, values) in enumerate(scores.items()):
        heights = row - 0.15 + np.linspace(-0.1, 0.1, len(values))
        axis.scatter(values[:, k], heights, s=12, color=colors[name], alpha=0.6)
        axis.errorbar(
            np.nanmean(values[:, k]),
            row + 0.2,
            xerr=np.nanstd(values[:, k], ddof=1),
            fmt="o",
            color=colors[name],
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
# The table has the mean difference to no strategy over the folds, and its standard
# error. The folds share most of their training images, so their scores are not
# independent. The variance of the mean is estimated as 1/10 + 1/4 times the variance of
# the folds [1]_.

print(f"{'':18}", *(f"{column:>15}" for column in columns))
for name, values in scores.items():
    if name != "no strategy":
        gains = values - scores["no strategy"]
        errors = np.nanstd(gains, axis=0, ddof=1) * np.sqrt(1 / len(gains) + 1 / 4)
        cells = zip(np.nanmean(gains, axis=0), errors, strict=True)
        print(f"{name:18}", *(f"{gain:+8.3f} ±{error:.3f}" for gain, error in cells))

# %%
# Differences of less than two standard errors may be due to chance. Class weights,
# balanced batches and phases gain more sensitivity than this, and lose precision.
# Repeated images almost do. No difference in macro F1 is larger than two standard
# errors. The AUC of these four strategies differs from the AUC without a strategy by a
# hundredth at most. Ten folds with 15 images of COVID-19 each are too few to rank the
# strategies.
#
# Another point on the same curve
# -------------------------------
#
# The AUC does not depend on a threshold. Each line shows sensitivity and precision at
# all thresholds for the probability of COVID-19. The point on it shows sensitivity and
# precision of the predicted classes.

figure, axis = plt.subplots(figsize=(6, 4.4), layout="constrained")
truth = np.tile(y == "covid", len(splits))
for name, color in colors.items():
    proba = np.concatenate(probabilities[name])
    precision, sensitivity, _ = precision_recall_curve(truth, proba[:, 0])
    axis.plot(sensitivity, precision, color=color, lw=1, alpha=0.6)
    found = proba.argmax(axis=1) == 0
    axis.plot(
        truth[found].sum() / truth.sum(),
        truth[found].mean(),
        marker="o",
        ms=8,
        mec="white",
        color=color,
        ls="none",
        label=name,
    )
axis.set(xlabel="sensitivity", ylabel="precision", ylim=(0, 1.02))
axis.spines[["top", "right"]].set_visible(False)
axis.legend(frameon=False)
plt.show()

# %%
# All lines except one are close together. With class weights, repeated images, balanced
# batches or phases, the network does not recognize more. It only predicts COVID-19 at a
# lower probability. A lower threshold has the same effect on a network that was trained
# without any strategy.
#
# Transformed copies reveal the class
# -----------------------------------
#
# The line of the transformed copies is lower. In the training of this network, nine of
# ten COVID-19 images were rotated, scaled and shifted, but only one of ten pneumonia
# images, and no normal image. So a transformed image is a sign of COVID-19, and this
# sign is easier to learn than opacities. The table has the percentage of test images of
# each class that are predicted as COVID-19: the original images, then the transformed
# ones.

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
# To avoid this, transform the images of all classes: repeat the images of the rare
# class, and use the :ref:`augmentation <augmentation>` of the classifier, which
# transforms all images.
#
# .. [1] C. Nadeau and Y. Bengio, "Inference for the generalization error", Machine
#    Learning 52, 239-281, 2003.
