"""
Synthetic radiographs
=====================

:func:`~cxrclf.datasets.make_chest_radiographs` draws frontal chest radiographs with a
known class, known lung fields and known patients. No download, nobody's data: they are
what the examples and the tests of this library run on.
"""

# %%
# The classes
# -----------
# A row a class. The signs are those that a network has to find: consolidations of one
# lobe for pneumonia, faint patches in both lungs for COVID-19, opacities of the apices
# for tuberculosis. Exposure, pose, collimation and side markers are drawn alike for all
# classes, so that they tell nothing.

import matplotlib.pyplot as plt

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
# Patients and lungs
# ------------------
# A patient may have several images: the same chest on another day, in another pose.
# ``masks`` holds the lung fields.

chests = make_chest_radiographs(
    12, classes=("covid",), n_patients=3, image_size=192, random_state=4
)

_, axes = plt.subplots(3, 3, figsize=(5.2, 5.4), layout="constrained")
for row, patient in zip(axes, sorted(set(chests.groups)), strict=True):
    of_patient = chests.groups == patient
    images, masks = chests.images[of_patient], chests.masks[of_patient]
    for axis, image, mask in zip(row, images, masks, strict=False):
        axis.imshow(image, cmap="gray", vmin=0, vmax=255)
        axis.contour(mask, levels=[0.5], colors="tab:orange", linewidths=0.8)
    for axis in row:
        axis.set(xticks=[], yticks=[])
    row[0].set_ylabel(patient)
plt.show()

# %%
# What they are good for
# ----------------------
# They have what matters to software: classes that a linear model on pixels cannot tell
# apart and a network can, patients with several images, imbalance on demand
# (``weights=``), sizes and lung masks. They imitate no disease well enough to say
# anything about patients.
