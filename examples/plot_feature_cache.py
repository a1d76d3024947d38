"""
What the feature bank saves
===========================

A frozen network is trained over five folds: without a feature bank, with one, and with
a few views of each image that repeat. The radiographs are synthetic and small.
"""

# %%
# Three ways to train
# -------------------
#
# All of them train the same head for the same number of epochs. The exact bank gives
# the same predictions as none, and what it saves, it saves from the second fold on.

import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import StratifiedKFold

from cxrclf import Augmentation, CXRClassifier
from cxrclf.datasets import make_chest_radiographs

data = make_chest_radiographs(90, image_size=128, random_state=0)
settings = {
    "image_size": 128,
    "augmentation": Augmentation(rotation=15, horizontal_flip=True),
    "max_epochs": 10,
    "random_state": 0,
}
classifiers = {
    "no bank": CXRClassifier(feature_cache=None, **settings),
    "exact bank": CXRClassifier(**settings),
    "bank, 4 views": CXRClassifier(n_views=4, **settings),
}

# %%
# Each is timed on its own. The views of ``n_views=4`` are those of the first four
# epochs of the exact training: a bank of its own, in memory, lets it find none of them.

classifiers["bank, 4 views"].set_params(feature_cache="memory")
folds = list(
    StratifiedKFold(5, shuffle=True, random_state=0).split(data.images, data.target)
)
times, correct = {}, {}
for name, classifier in classifiers.items():
    times[name], correct[name] = [], []
    for train, test in folds:
        started = time.perf_counter()
        classifier.fit(data.images[train], data.target[train])
        times[name].append(time.perf_counter() - started)
        correct[name].append(classifier.score(data.images[test], data.target[test]))
for name, scores in correct.items():
    print(f"{name}: accuracy {np.mean(scores):.3f}")

# %%
# The time of each fold
# ---------------------
#
# As a share of the first fold without a bank. With the bank the second fold computes
# the views of the images that the first one left out, and the others none.

figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
width = 0.27
for i, (name, seconds) in enumerate(times.items()):
    places = np.arange(1, 6) + (i - 1) * width
    axes.bar(places, np.array(seconds) / times["no bank"][0], width, label=name)
axes.set(xlabel="fold", ylabel="time, first fold without a bank = 1")
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
plt.show()
