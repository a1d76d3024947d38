"""
Letters, noise and contrast
===========================

Transformers of :mod:`cxrclf.preprocessing` take out of an image what differs from
hospital to hospital: burnt-in letters, grain, and brightness. Before and after, on
synthetic radiographs. CLAHE and the inpainting need
``pip install "cxrclf[preprocessing]"``.
"""

# %%
# Burnt-in letters
# ----------------
# Four radiographs with letters on them, and a wire over the chest of the last one.
# :class:`~cxrclf.preprocessing.ArtifactMask` finds what is bright, thin, sharp, small
# and away from the middle, and :class:`~cxrclf.preprocessing.TextInpainter` paints it
# over.

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image, ImageDraw

from cxrclf.datasets import make_chest_radiographs
from cxrclf.preprocessing import (
    CLAHE,
    ArtifactMask,
    IntensityNormalizer,
    TextInpainter,
    TotalVariationDenoiser,
)

images = make_chest_radiographs(4, image_size=256, random_state=3).images


def with_letters(image, texts):
    """Return an image with each text burnt in at its place."""
    film = Image.fromarray(image)
    for place, text in texts.items():
        ImageDraw.Draw(film).text(place, text, fill=255)
    return film


films = [
    with_letters(images[0], {(8, 8): "PORTABLE", (8, 236): "AP SUPINE"}),
    with_letters(images[1], {(8, 236): "14:35", (12, 120): "R"}),
    with_letters(images[2], {(10, 2): "WARD 3", (230, 60): "L"}),
    with_letters(images[3], {(10, 236): "SEMI ERECT"}),
]
letters = np.stack(films) != images
ImageDraw.Draw(films[3]).line((60, 20, 110, 120, 90, 200), fill=230, width=2)
marked = np.stack(films)
found = ArtifactMask().fit_transform(marked)
cleaned = TextInpainter().fit_transform(marked)


def show(rows, labels, titles=(), size=1.9):
    """Draw rows of images with a label each, and a title over each column."""
    shape = len(rows), len(rows[0])
    figsize = size * shape[1], size * shape[0]
    _, axes = plt.subplots(*shape, figsize=figsize, layout="constrained")
    for row, label, line in zip(rows, labels, axes, strict=True):
        for axis, image in zip(line, row, strict=True):
            axis.imshow(image, cmap="gray", vmin=0, vmax=255)
            axis.set(xticks=[], yticks=[])
        line[0].set_ylabel(label, fontsize=9)
    for axis, title in zip(axes[0], titles, strict=False):
        axis.set_title(title, fontsize=9)
    plt.show()


show([marked, found * 255, cleaned], ["marked", "found", "painted over"])

# %%
# How many of the letters' pixels are found in each image, and by how many grey levels
# these pixels differ from the image without letters, before and after:

for film, after, mask, text, image in zip(
    marked, cleaned, found, letters, images, strict=True
):
    hidden = image[text].astype(float)
    errors = (np.abs(pixels[text] - hidden).mean() for pixels in (film, after))
    print(f"{mask[text].mean():6.1%}", *(f"{error:6.1f}" for error in errors))

# %%
# The wire stays, as what lies over the lungs does: nothing is painted over there that a
# reader may want to see. Letters on ground as bright as they are stay as well, in the
# fourth image, and a spot that is no letter went with them in the first. ``WARD 3``
# lies across the edge of the film, where what it hides is hard to guess. Give a
# ``segmenter``, and the lungs that it finds are spared in place of an ellipse in the
# middle of the image.
#
# Noise
# -----
# Few photons make a grainy image; here each grey level stands for four of them.
# :class:`~cxrclf.preprocessing.TotalVariationDenoiser` looks for the likeliest image
# with little variation away from edges. Below each part of the image is what was taken
# out of it, four times as strong.

clean = images[:1]
counts = np.random.default_rng(0).poisson(clean * 4.0)
noisy = np.clip(counts / 4, 0, 255).round().astype(np.uint8)
versions = {"drawn": clean, "noisy": noisy}
for weight in (0.0075, 0.03, 0.1):
    denoiser = TotalVariationDenoiser(weight=weight)
    versions[f"weight={weight}"] = denoiser.fit_transform(noisy)

parts = [version[0, 60:160, 40:140].astype(float) for version in versions.values()]
taken = [128 + 4 * (parts[1] - part) for part in parts]
show([parts, taken], ["part", "taken out"], versions)
for name, version in versions.items():
    error = np.abs(version - clean.astype(float)).mean()
    print(f"{name:14} {error:5.2f} grey levels from the drawn image")

# %%
# What is taken out should look like noise. Where ribs and vessels show in it, the
# weight is too large, and the number above does not say so: what is noise in one set is
# lung in another.
#
# Brightness and contrast
# -----------------------
# The same radiograph from three imagined scanners: as it is, dark, and pale.
# :class:`~cxrclf.preprocessing.IntensityNormalizer` stretches the whole image to the
# full range, and makes the three alike. :class:`~cxrclf.preprocessing.CLAHE` raises
# contrast tile by tile, and leaves dark images dark.

scans = np.stack([images[1], images[1] // 3, images[1] // 2 + 110])
normalised = IntensityNormalizer().fit_transform(scans)
columns = {
    "scanned": scans,
    "normalised": normalised,
    "CLAHE": CLAHE().fit_transform(scans),
    "normalised, CLAHE": CLAHE().fit_transform(normalised),
}
show(list(zip(*columns.values(), strict=True)), ["as it is", "dark", "pale"], columns)
for name, versions in columns.items():
    means = versions.mean(axis=(1, 2))
    print(f"{name:18} mean grey level", *(f"{mean:4.0f}" for mean in means))
