"""
Images of a rare class from a CycleGAN
======================================

A CycleGAN learns to translate normal radiographs to radiographs of COVID-19. The
example shows what it changes, measures whether the images are of use, and lets a
classifier judge that has never seen a generated image. The radiographs are synthetic,
so that the opacities of the disease are known. :ref:`generation` explains the method.
"""

# %%
# The data
# --------
#
# There are three normal radiographs for each radiograph of COVID-19.

import warnings

import matplotlib.pyplot as plt
import numpy as np

from cxrclf import CXRClassifier
from cxrclf.datasets import make_chest_radiographs
from cxrclf.exceptions import UselessImagesWarning
from cxrclf.generation import CycleGANGenerator, TranslationDisplay

data = make_chest_radiographs(
    160, classes=("covid", "normal"), weights=(1, 3), image_size=64, random_state=0
)
X, y = data.images, data.target
normal = X[y == "normal"]

# %%
# The training
# ------------
#
# At 64 pixels, 1,000 optimizer steps take about a minute on two cores. After 20 steps,
# the images are of no use, and `quality_` tells why.

short = CycleGANGenerator("normal", max_iter=20, random_state=0)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", UselessImagesWarning)
    short.fit(X, y)
print(short.quality_["covid"])

# %%

generator = CycleGANGenerator("normal", max_iter=1000, random_state=0).fit(X, y)
print(generator.quality_["covid"])

# %%
# What the generator changes
# --------------------------
#
# The synthetic COVID-19 has faint opacities in both lungs, mostly in their outer and
# lower parts. Orange pixels became brighter. Not all changes are the disease: the
# generator also draws at the shoulders and borders.

TranslationDisplay.from_generator(generator, normal[:4])
plt.show()

# %%
# The real opacities, averaged over all images of COVID-19, beside the average change:

change = generator.translate(normal).astype(float) - normal
covid = y == "covid"
figure, axes = plt.subplots(1, 2, figsize=(5, 2.6), layout="constrained")
axes[0].imshow(data.opacities[covid].mean(axis=0), cmap="gray")
axes[0].set_title("real opacities", fontsize=10)
axes[1].imshow(change.mean(axis=0), cmap="PuOr_r", vmin=-40, vmax=40)
axes[1].set_title("average change", fontsize=10)
for ax in axes:
    ax.set(xticks=[], yticks=[])
plt.show()

# %%
# A judge that saw no generated image
# -----------------------------------
#
# A classifier is trained on other real images. It sees normal radiographs of new
# patients before and after their translation.

other = make_chest_radiographs(
    300, classes=("covid", "normal"), image_size=64, random_state=1
)
classifier = CXRClassifier(
    image_size=64,
    trainable="all",
    body_learning_rate=1e-3,
    max_epochs=8,
    random_state=0,
).fit(other.images, other.target)
new = make_chest_radiographs(
    120, classes=("covid", "normal"), image_size=64, random_state=2
)
real = new.images[new.target == "normal"]
for name, images in {
    "real COVID-19": new.images[new.target == "covid"],
    "normal": real,
    "normal, translated": generator.translate(real),
}.items():
    share = np.mean(classifier.predict(images) == "covid")
    print(f"{name}: {share:.0%} are called COVID-19")
