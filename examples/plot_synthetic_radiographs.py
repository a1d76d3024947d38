"""
Synthetic radiographs
=====================

:func:`~cxrclf.datasets.make_chest_radiographs` draws frontal chest radiographs with
known classes, lung fields and patients. They need no download and contain no data of
real people. The examples and the tests of this library use them.
"""

# %%
# The classes
# -----------
# Each row is a class. Its signs are those that a network has to find: consolidations of
# one lobe for pneumonia, faint patches in both lungs for COVID-19, opacities of the
# apices for tuberculosis. Exposure, pose, collimation and side markers have the same
# distribution in all classes, so they contain no information about the class.

import matplotlib.pyplot as plt
import numpy as np

from cxrclf.datasets import make_chest_radiographs

classes = ("normal", "pneumonia", "covid", "tuberculosis")
data = make_chest_radiographs(24, classes=classes, image_size=192, random_state=0)

_, axes = plt.subplots(4, 5, figsize=(8, 6.6), layout="constrained")
for row, name in zip(axes, classes, strict=True):
    for axis, image in zip(row, data.images[data.target == name], strict=False):
        axis.imshow(image, cmap="gray", vmin=0, vmax=255)
        axis.set(xticks=[], yticks=[])
    row[0].set_ylabel(name)
plt.show()

# %%
# Patients, lungs and opacities
# -----------------------------
# A patient may have several images, of the same chest on different days and in
# different poses. ``masks`` contains the lung fields (orange). ``opacities`` contains
# the drawn opacities (blue), so that saliency maps can be compared with them.

chests = make_chest_radiographs(
    12, classes=("covid",), n_patients=3, image_size=192, random_state=4
)

_, axes = plt.subplots(3, 3, figsize=(5.2, 5.4), layout="constrained")
for row, patient in zip(axes, sorted(set(chests.groups)), strict=True):
    of_patient = chests.groups == patient
    for axis, i in zip(row, np.flatnonzero(of_patient), strict=False):
        axis.imshow(chests.images[i], cmap="gray", vmin=0, vmax=255)
        for masks, color in (
            (chests.masks, "orange"),
            (chests.opacities, "deepskyblue"),
        ):
            axis.contour(masks[i], levels=[0.5], colors=color, linewidths=0.8)
    for axis in row:
        axis.set(xticks=[], yticks=[])
    row[0].set_ylabel(patient)
plt.show()

# %%
# Uses and limits
# ---------------
# The synthetic radiographs are made to test software. A network can separate the
# classes, but a linear model on pixels cannot. There are patients with several images,
# a chosen imbalance (``weights=``), different sizes, lung masks and masks of the
# opacities. The diseases are not realistic enough for any conclusion about patients.
