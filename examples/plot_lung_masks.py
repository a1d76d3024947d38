"""
Lung masks
==========

A :class:`~cxrclf.segmentation.UNetSegmenter` is trained on the lung fields of synthetic
radiographs, and scored on other patients. Then
:class:`~cxrclf.preprocessing.LungMasker` uses its masks to remove parts of the images.
"""

# %%
# Train and score
# ---------------
# This is a small U-Net with random initial weights. It halves the image three times and
# has eight channels at full size. Each of three folds trains one U-Net, and scores it
# on the left-out patients.

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
# A mean over images hides the bad ones, so look at single images. All are of the
# patients that the first fold left out. The upper row has the three images with the
# lowest Dice coefficients, and the lower row the three with the highest. The true
# outline is orange, the predicted one is blue.

test = folds[0][1]
unet = scores["estimator"][0]
found = unet.predict(data.images[test])
dice = segmentation_scores(data.masks[test], found, distances=False)["dice"]
order = np.argsort(dice)


def outline(axis, image, title, **masks):
    """Draw an image and outlines of masks. The keyword of a mask is its color."""
    axis.imshow(image, cmap="gray", vmin=0, vmax=255)
    for color, mask in masks.items():
        axis.contour(mask, levels=[0.5], colors=color, linewidths=1)
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
# The network classifies each pixel, and does not count lungs. ``largest_components=2``
# removes all regions except the two largest, and ``fill_holes=True`` fills the holes in
# them. Both parameters change the predictions only, so you can set them after `fit`.
# This example uses a network that was trained for four epochs only, because it makes
# more errors. It shows the three images that change most.

undertrained = clone(unet).set_params(max_epochs=4)
undertrained.fit(data.images[folds[0][0]], data.masks[folds[0][0]])
raw = undertrained.predict(data.images[test])
undertrained.set_params(largest_components=2, fill_holes=True)
tidy = undertrained.predict(data.images[test])

for name in ("dice", "hausdorff"):
    before, after = (
        segmentation_scores(data.masks[test], masks)[name] for masks in (raw, tidy)
    )
    print(f"mean {name:10} {before.mean():6.3f} -> {after.mean():6.3f}")

changed = np.argsort((raw != tidy).sum(axis=(1, 2)))[::-1][:3]
_, axes = plt.subplots(2, 3, figsize=(6.6, 4.8), layout="constrained")
for (upper, lower), i in zip(axes.T, changed, strict=True):
    outline(upper, data.images[test[i]], "as predicted", deepskyblue=raw[i])
    outline(lower, data.images[test[i]], "two, filled", deepskyblue=tidy[i])
plt.show()

# %%
# Two regions are correct for an image with two lungs. They are wrong if there is only
# one lung, or if an opacity divides a lung into two regions.
#
# The outline depends on the disease
# ----------------------------------
# The lowest Dice coefficients above are of lungs with an opacity at their edge. The
# network leaves the opacity out, and so the outline shows the disease. The table has
# the fraction of the true lungs that is found in each class, over all three folds: the
# mean, and the lowest value of an image.

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
# Input of a classifier
# ---------------------
# :class:`~cxrclf.preprocessing.LungMasker` returns the lungs, the box around them,
# both, or everything except the lungs. The segmenter is already trained. A
# ``FrozenEstimator`` prevents another training.

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
# The background still shows the lungs as dark shapes. So the score of a classifier on
# the background is an upper bound for letters, borders and shoulders *together* with
# the shape of the lungs. :ref:`lungs_only` uses these images in a cross-validation.
