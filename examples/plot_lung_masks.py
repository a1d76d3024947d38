"""
Lung masks
==========

A :class:`~cxrclf.segmentation.UNetSegmenter` learns the lung fields of synthetic
radiographs, is scored on patients that it did not see, and tells
:class:`~cxrclf.preprocessing.LungMasker` what to leave of an image.
"""

# %%
# Train and score
# ---------------
# A small U-Net from random weights: three halvings, eight channels at the full size.
# Each of three folds trains one, and scores it on the patients left out.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GroupKFold, cross_validate

from cxrclf import UNetSegmenter
from cxrclf.datasets import make_chest_radiographs
from cxrclf.metrics import segmentation_scorers, segmentation_scores
from cxrclf.preprocessing import LungMasker

data = make_chest_radiographs(90, image_size=96, random_state=0)
unet = UNetSegmenter(
    depth=3,
    width=8,
    learning_rate=3e-3,
    batch_size=4,
    max_epochs=10,
    random_state=0,
)
folds = list(GroupKFold(3).split(data.images, groups=data.groups))
scores = cross_validate(
    unet,
    data.images,
    data.masks,
    cv=folds,
    scoring=segmentation_scorers(distances=True),
    return_estimator=True,
)

for name in ("dice", "iou", "sensitivity", "precision"):
    print(f"{name:24}", *(f"{value:.3f}" for value in scores[f"test_{name}"]))
for name in ("hausdorff_95", "surface_distance"):
    in_pixels = (f"{value:.1f}" for value in scores[f"test_{name}"])
    print(f"{f'{name} (pixels)':24}", *(f"{value:>5}" for value in in_pixels))

# %%
# Outlines
# --------
# A mean over images hides the bad ones, so look at them: of the first fold's patients
# left out, the three images with the lowest Dice coefficients in the upper row, and the
# three with the highest in the lower one. Orange is drawn, blue is found.

test = folds[0][1]
unet = scores["estimator"][0]
found = unet.predict(data.images[test])
dice = segmentation_scores(data.masks[test], found, distances=False)["dice"]
order = np.argsort(dice)


def outline(axis, image, title, **masks):
    """Draw an image, and the outline of each mask in the colour that names it."""
    axis.imshow(image, cmap="gray", vmin=0, vmax=255)
    for colour, mask in masks.items():
        axis.contour(mask, levels=[0.5], colors=colour, linewidths=1)
    axis.set(xticks=[], yticks=[])
    axis.set_title(title, fontsize=9)


_, axes = plt.subplots(2, 3, figsize=(6.6, 4.8), layout="constrained")
for axis, i in zip(axes.flat, [*order[:3], *order[-3:]], strict=True):
    outline(
        axis,
        data.images[test[i]],
        f"Dice {dice[i]:.3f}",
        orange=data.masks[test[i]],
        deepskyblue=found[i],
    )
plt.show()

# %%
# Two lungs without holes
# -----------------------
# The network decides pixel by pixel, and knows nothing of how many lungs there are.
# ``largest_components=2`` keeps the two largest regions, ``fill_holes=True`` closes
# what they enclose. Both apply to predictions and may be set after `fit`. A network
# that was trained for four epochs only has more to be put right; the images are those
# that change most.

hasty = clone(unet).set_params(max_epochs=4)
hasty.fit(data.images[folds[0][0]], data.masks[folds[0][0]])
raw = hasty.predict(data.images[test])
hasty.set_params(largest_components=2, fill_holes=True)
tidy = hasty.predict(data.images[test])

for name in ("dice", "hausdorff"):
    before, after = (
        segmentation_scores(data.masks[test], masks)[name] for masks in (raw, tidy)
    )
    print(f"mean {name:10} {before.mean():6.3f} -> {after.mean():6.3f}")

changed = np.argsort((raw != tidy).sum(axis=(1, 2)))[::-1][:3]
_, axes = plt.subplots(2, 3, figsize=(6.6, 4.8), layout="constrained")
for (upper, lower), i in zip(axes.T, changed, strict=True):
    outline(upper, data.images[test[i]], "as decided", deepskyblue=raw[i])
    outline(lower, data.images[test[i]], "two, filled", deepskyblue=tidy[i])
plt.show()

# %%
# Two regions are right where there are two lungs. Where there is one, or where an
# opacity cuts a lung in two, they are not.
#
# What the outline tells
# ----------------------
# The lower Dice coefficients above are those of lungs with an opacity at their edge,
# which the network leaves out. So an outline tells of a disease, by what is missing.
# This is how much of the drawn lungs is found, class by class, over all three folds:
# the mean, and the lowest of an image.

covered = np.empty(len(data.images))
for (_, test_rows), estimator in zip(folds, scores["estimator"], strict=True):
    predicted = estimator.predict(data.images[test_rows])
    covered[test_rows] = segmentation_scores(
        data.masks[test_rows], predicted, distances=False
    )["sensitivity"]
for name in data.target_names:
    of_class = covered[data.target == name]
    print(f"{name:10} {of_class.mean():.3f} {of_class.min():.3f}")

# %%
# What a classifier may see
# -------------------------
# :class:`~cxrclf.preprocessing.LungMasker` leaves the lungs, the box around them, both,
# or everything but them. The segmenter is trained already, and a ``FrozenEstimator``
# keeps it so.

chosen = data.images[test[order[[5, 15, 25]]]]
frozen = FrozenEstimator(unet)
maskers = {
    "as it is": None,
    'mode="mask"': LungMasker(frozen),
    "dilation=0.03": LungMasker(frozen, dilation=0.03),
    'mode="crop"': LungMasker(frozen, mode="crop"),
    'mode="both"': LungMasker(frozen, mode="both"),
    'keep="background"': LungMasker(frozen, keep="background"),
}
_, axes = plt.subplots(3, 6, figsize=(9.6, 5.1), layout="constrained")
for column, (title, masker) in zip(axes.T, maskers.items(), strict=True):
    shown = chosen if masker is None else masker.fit_transform(chosen)
    for axis, image in zip(column, shown, strict=True):
        outline(axis, image, "")
    column[0].set_title(title, fontsize=9)
plt.show()

# %%
# In the background the lungs are still to be seen, as dark shapes: what a classifier
# scores on it bounds what letters, borders and shoulders tell *together* with the shape
# of the lungs. :ref:`lungs_only` puts these images into a cross-validation.
