"""
What a classifier looks at
==========================

This example draws saliency maps of a trained :class:`~cxrclf.CXRClassifier`: Grad-CAM
for each class, LIME, and the images of one patient over several days. The radiographs
are synthetic, so it is known where the opacities are.
"""

# %%
# A classifier
# ------------
# The whole network is trained, because a frozen body that was pretrained on photographs
# has maps of little use (see :ref:`sphx_glr_auto_examples_plot_saliency_measures.py`).

import matplotlib.pyplot as plt
import numpy as np

from cxrclf import CXRClassifier
from cxrclf.datasets import make_chest_radiographs
from cxrclf.inspection import (
    Lime,
    LimeDisplay,
    Occlusion,
    SaliencyDisplay,
    SaliencySeriesDisplay,
    saliency_maps,
)

train = make_chest_radiographs(300, image_size=224, random_state=0)
test = make_chest_radiographs(60, image_size=224, random_state=1)
clf = CXRClassifier(
    trainable="all",
    body_learning_rate=1e-3,
    learning_rate_schedule="cosine",
    max_epochs=8,
    random_state=0,
)
clf.fit(train.images, train.target)
print(f"accuracy on other patients: {clf.score(test.images, test.target):.2f}")

# %%
# Grad-CAM of all classes
# -----------------------
# The maps of one image have one scale, so compare them along a row. No layer has to be
# named.

predicted = clf.predict(test.images)
chosen = [
    np.flatnonzero((test.target == name) & (predicted == name))[0]
    for name in ("covid", "pneumonia", "normal")
]
SaliencyDisplay.from_estimator(clf, test.images[chosen], y=test.target[chosen])
plt.show()

# %%
# LIME
# ----
# The strongest superpixels for and against the predicted class. R² is the part of the
# variation of the predictions that the linear model explains. Look at it first: if it
# is small, the weights do not describe the classifier.

LimeDisplay.from_estimator(
    clf, test.images[chosen[:2]], method=Lime(n_perturbations=500)
)
plt.show()

# %%
# One image, six methods
# ----------------------
# The first four methods use the last feature map, which has 7 × 7 cells here. Occlusion
# and LIME predict many changed images. The outline is the drawn opacity.

image, opacity = test.images[chosen[1]], test.opacities[chosen[1]]
methods = {
    "gradcam": "gradcam",
    "gradcam++": "gradcam++",
    "cam": "cam",
    "scorecam": "scorecam",
    "occlusion": Occlusion(fill="blur"),
    "lime": Lime(n_perturbations=500),
}
_, axes = plt.subplots(1, 6, figsize=(11, 2.2), layout="constrained")
for axis, (name, method) in zip(axes, methods.items(), strict=True):
    (found,) = saliency_maps(clf, image[None], "pneumonia", method=method)
    limit = np.abs(found).max()
    axis.imshow(found, cmap="PuOr_r", vmin=-limit, vmax=limit)
    axis.contour(opacity, [0.5], colors="black", linewidths=1)
    axis.set(xticks=[], yticks=[])
    axis.set_title(name, fontsize=9)
plt.show()

# %%
# Day by day
# ----------
# Three images of one patient on one scale. The percentage is the part of the lungs in
# which the map reaches half of the largest value of the series. It is a reading of the
# map and not a measure of disease. ``lungs`` may also be a fitted
# :class:`~cxrclf.UNetSegmenter`.

patient = make_chest_radiographs(
    3, classes=("covid",), n_patients=1, image_size=224, random_state=4
)
SaliencySeriesDisplay.from_estimator(
    clf, patient.images, [3, 7, 9], "covid", lungs=patient.masks
)
plt.show()
