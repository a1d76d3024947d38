"""
Time saved by the feature cache
===============================

A network with a frozen body is trained in five folds in three ways: without a feature
cache, with it, and with the cache and only four views per image. The radiographs are
synthetic and small.
"""

# %%
# Three ways to train
# -------------------
#
# All three train the same head for the same number of epochs. The second way has one
# view per image and epoch, and makes the same predictions as the first. Its cache saves
# time from the second fold on.

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
    "no cache": CXRClassifier(feature_cache=None, **settings),
    "cache": CXRClassifier(**settings),
    "cache, 4 views": CXRClassifier(n_views=4, **settings),
}

# %%
# The views of ``n_views=4`` are the same as those of the first four epochs of the
# second way, so they would be in its cache. A separate cache in memory prevents this,
# and makes the measured times independent.

classifiers["cache, 4 views"].set_params(feature_cache="memory")
folds = list(
    StratifiedKFold(5, shuffle=True, random_state=0).split(data.images, data.target)
)
times, accuracies = {}, {}
for name, classifier in classifiers.items():
    times[name], accuracies[name] = [], []
    for train, test in folds:
        start = time.perf_counter()
        classifier.fit(data.images[train], data.target[train])
        times[name].append(time.perf_counter() - start)
        accuracies[name].append(classifier.score(data.images[test], data.target[test]))
for name, scores in accuracies.items():
    print(f"{name}: accuracy {np.mean(scores):.3f}")

# %%
# The time of each fold
# ---------------------
#
# The times are divided by the time of the first fold without a cache. With the cache,
# the second fold computes only the views of the images that were left out in the first
# fold. The other folds compute none.

figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
width = 0.27
for i, (name, seconds) in enumerate(times.items()):
    places = np.arange(1, 6) + (i - 1) * width
    axes.bar(places, np.array(seconds) / times["no cache"][0], width, label=name)
axes.set(xlabel="fold", ylabel="time (first fold without cache = 1)")
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
plt.show()
