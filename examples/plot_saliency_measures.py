"""
Does a saliency map mean anything?
==================================

A map of a network with random weights looks convincing too. Three measures tell maps
apart: the place of the map, a check with randomized weights, and the probability while
pixels are shown or removed. The opacities of synthetic radiographs are known, so the
maps are compared with the truth.
"""

# %%
# A trained and a randomized classifier
# -------------------------------------
# The randomized copy has the same weights in random order.

import matplotlib.pyplot as plt
import numpy as np

from cxrclf import CXRClassifier
from cxrclf.datasets import make_chest_radiographs
from cxrclf.inspection import (
    SaliencyDisplay,
    baseline_maps,
    insertion_deletion,
    randomization_check,
    randomize_weights,
    saliency_in_mask,
    saliency_maps,
)

train = make_chest_radiographs(300, image_size=224, random_state=0)
test = make_chest_radiographs(90, image_size=224, random_state=1)
trained = CXRClassifier(
    trainable="all",
    body_learning_rate=1e-3,
    learning_rate_schedule="cosine",
    max_epochs=8,
    random_state=0,
)
trained.fit(train.images, train.target)
randomized = randomize_weights(trained, random_state=0)
frozen = CXRClassifier(max_epochs=30, random_state=0).fit(train.images, train.target)
classifiers = {"trained": trained, "frozen body": frozen, "randomized": randomized}
for name, clf in classifiers.items():
    print(f"{name:12} accuracy {clf.score(test.images, test.target):.2f}")

# %%
# The same image, explained by the trained and by the randomized classifier:

sick = test.target != "normal"
images, target, groups = test.images[sick], test.target[sick], test.groups[sick]
figure = plt.figure(figsize=(7, 4), layout="constrained")
for part, clf in zip(figure.subfigures(2, 1), (trained, randomized), strict=True):
    SaliencyDisplay.from_estimator(clf, images[:1], y=target[:1], figure=part)
plt.show()

# %%
# Where is the map?
# -----------------
# The share of the map that lies in the opacities, minus the area of the opacities. A
# uniform map scores 0. A method has to be better than the maps that know nothing of the
# classifier: the center and the edges of the image.

scores = {}
for kind in ("center", "edges"):
    scores[kind] = saliency_in_mask(
        baseline_maps(images, kind), test.opacities[sick], groups=groups
    )
for name, clf in classifiers.items():
    for method in ("gradcam", "gradcam++", "cam"):
        maps = saliency_maps(clf, images, target, method=method)
        scores[f"{method}, {name}"] = saliency_in_mask(
            maps, test.opacities[sick], groups=groups
        )

_, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained", sharey=True)
for axis, score in zip(axes, ("share - area", "hit - area"), strict=True):
    for row, found in enumerate(scores.values()):
        value, low, high = found[score]
        axis.plot([low, high], [row, row], color="tab:blue")
        axis.plot(value, row, "o", color="tab:blue")
    axis.axvline(0, color="gray", linewidth=1)
    axis.set(title=score, yticks=range(len(scores)), yticklabels=scores)
axes[0].invert_yaxis()
plt.show()

# %%
# The maps of the whole trained network are in the opacities far more than the baselines
# are. The frozen body has poor maps: its features were learned from photographs. The
# shares of the randomized network are not better than the baselines. Its hit rate may
# be above the area: all images share one draw of random weights, and the intervals
# describe the choice of the patients only.
#
# Randomized weights
# ------------------
# The weights are randomized from the output to the input. The table has rank
# correlations with the maps of the trained network. The maps of a method that shows
# what the network learned lose their similarity. A negative correlation means that a
# region for the class became a region against it.

check = randomization_check(trained, images[:20], target[:20], method="cam")
print(check)

# %%
# Insertion and deletion
# ----------------------
# The probability of the true class, while pixels are shown in the order of the map on a
# blurred image, or removed from the image in this order. Dashed curves have a random
# order of blocks.

maps = saliency_maps(trained, images[:20], target[:20])
curves = insertion_deletion(trained, images[:20], maps, target[:20], groups=groups[:20])
print(curves)

steps = np.linspace(0, 1, 21)
_, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained", sharey=True)
for axis, name in zip(axes, ("insertion", "deletion"), strict=True):
    axis.plot(steps, curves.curves[name].mean(0), label="order of the map")
    axis.plot(steps, curves.curves[f"random {name}"].mean(0), "--", label="random")
    axis.set(title=name, xlabel="fraction of the pixels", ylim=(0, 1))
axes[0].set_ylabel("mean probability")
axes[0].legend()
plt.show()
