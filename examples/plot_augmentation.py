"""
Views of a radiograph
=====================

:class:`~cxrclf.Augmentation` draws a new view of each image in each epoch.
:meth:`~cxrclf.Augmentation.views` returns the views that a training uses.
"""

# %%
# One parameter at a time
# -----------------------
# The first column is the image itself. The other columns are its views in four epochs.

import matplotlib.pyplot as plt

from cxrclf import Augmentation
from cxrclf.datasets import make_chest_radiographs

image = make_chest_radiographs(
    1, classes=("normal",), image_size=192, random_state=2
).images

examples = {
    "rotation=15": Augmentation(rotation=15),
    "shift=0.1": Augmentation(shift=0.1),
    "shear=20": Augmentation(shear=20),
    "zoom=0.2": Augmentation(zoom=0.2),
    "crop=0.2": Augmentation(crop=0.2),
    "horizontal_flip=True": Augmentation(horizontal_flip=True),
    "noise=0.05": Augmentation(noise=0.05),
}


def show(rows):
    """Draw the image and four of its views for each augmentation."""
    _, axes = plt.subplots(
        len(rows), 5, figsize=(8, 1.65 * len(rows)), layout="constrained"
    )
    for row, (name, augmentation) in zip(axes, rows.items(), strict=True):
        views = [augmentation.views(image, epoch=epoch)[0] for epoch in range(4)]
        for axis, view in zip(row, [image[0] / 255, *views], strict=True):
            axis.imshow(view, cmap="gray", vmin=0, vmax=1)
            axis.set(xticks=[], yticks=[])
        row[0].set_ylabel(name, fontsize=8)
    plt.show()


show(examples)

# %%
# Pixels outside the image
# ------------------------
# A view can contain pixels from outside the image. `fill_mode` sets their values.

show(
    {
        mode: Augmentation(rotation=30, shift=0.15, fill_mode=mode)
        for mode in ("nearest", "constant", "reflect", "wrap")
    }
)
