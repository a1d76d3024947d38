"""
Letters, noise and contrast
===========================

Burnt-in letters, noise and brightness differ between hospitals. The transformers of
:mod:`cxrclf.preprocessing` reduce these differences. The figures show synthetic
radiographs before and after. CLAHE and the inpainting need
``pip install "cxrclf[preprocessing]"``.
"""

# %%
# Burnt-in letters
# ----------------
# The four radiographs have letters, and the last one has a wire over the chest.
# :class:`~cxrclf.preprocessing.ArtifactMask` finds regions that are bright, thin,
# sharp, small and not in the middle. :class:`~cxrclf.preprocessing.TextInpainter`
# paints over them.

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
    """Return an image with each text burnt in at its position."""
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
    """Draw rows of images, with a label per row and a title per column."""
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
# The table has one row per image. The first column is the fraction of the pixels of
# letters that are found. The others are the mean difference, in gray levels, between
# these pixels and the image without letters: before and after.

for film, after, mask, text, image in zip(
    marked, cleaned, found, letters, images, strict=True
):
    hidden = image[text].astype(float)
    errors = (np.abs(pixels[text] - hidden).mean() for pixels in (film, after))
    print(f"{mask[text].mean():6.1%}", *(f"{error:6.1f}" for error in errors))

# %%
# The wire stays. Nothing over the lungs is painted over, because a radiologist may need
# to see it. In the fourth image, letters on a background of the same brightness stay
# too. In the first image, a spot that is not a letter is removed with the letters.
# ``WARD 3`` crosses the edge of the film, where the hidden pixels are difficult to
# estimate. By default, the protected region is an ellipse in the middle of the image.
# With a ``segmenter``, it is the lungs that the segmenter finds.
#
# Noise
# -----
# Few photons make a noisy image. Here each gray level stands for four photons.
# :class:`~cxrclf.preprocessing.TotalVariationDenoiser` computes the most probable image
# that varies little away from edges. The lower row shows the removed noise,
# amplified four times.

clean = images[:1]
counts = np.random.default_rng(0).poisson(clean * 4.0)
noisy = np.clip(counts / 4, 0, 255).round().astype(np.uint8)
versions = {"drawn": clean, "noisy": noisy}
for weight in (0.0075, 0.03, 0.1):
    denoiser = TotalVariationDenoiser(weight=weight)
    versions[f"weight={weight}"] = denoiser.fit_transform(noisy)

parts = [version[0, 60:160, 40:140].astype(float) for version in versions.values()]
removed = [128 + 4 * (parts[1] - part) for part in parts]
show([parts, removed], ["detail", "removed"], versions)
for name, version in versions.items():
    error = np.abs(version - clean.astype(float)).mean()
    print(f"{name:14} {error:5.2f} gray levels from the drawn image")

# %%
# The removed part should look like noise. If it shows ribs and vessels, the weight is
# too large. The number above does not show this, and the best weight depends on the
# data set.
#
# Brightness and contrast
# -----------------------
# The rows show one radiograph from three simulated scanners: unchanged, dark, and pale.
# :class:`~cxrclf.preprocessing.IntensityNormalizer` stretches the whole image to the
# full range, and the three become similar. :class:`~cxrclf.preprocessing.CLAHE`
# increases the contrast in each tile, but dark images stay dark.

scans = np.stack([images[1], images[1] // 3, images[1] // 2 + 110])
normalized = IntensityNormalizer().fit_transform(scans)
columns = {
    "scanned": scans,
    "normalized": normalized,
    "CLAHE": CLAHE().fit_transform(scans),
    "normalized, CLAHE": CLAHE().fit_transform(normalized),
}
show(list(zip(*columns.values(), strict=True)), ["unchanged", "dark", "pale"], columns)
for name, versions in columns.items():
    means = versions.mean(axis=(1, 2))
    print(f"{name:18} mean gray level", *(f"{mean:4.0f}" for mean in means))
