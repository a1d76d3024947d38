"""
What does a score rest on?
==========================

A classifier can reach a high score without the disease: it has seen the test images
before, or it recognizes a mark of the hospital. Here both flaws are planted in
synthetic radiographs, and the audit finds them.
"""

# %%
# Radiographs with planted flaws
# ------------------------------
# The images of covid have a letter in a corner, as if they came from another hospital.
# Three images are copies of others: the same pixels, a flipped image, and one with
# another brightness.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import StratifiedKFold

from cxrclf import CXRClassifier
from cxrclf.audit import (
    StratifiedPatientKFold,
    external_validation,
    find_duplicates,
    leakage_report,
    shortcut_report,
)
from cxrclf.datasets import make_chest_radiographs

data = make_chest_radiographs(240, image_size=128, random_state=0)
X, y, groups = data.images.copy(), data.target, data.groups
is_covid = y == "covid"
X[is_covid, 6:18, 6:9] = 230
X[is_covid, 15:18, 6:14] = 230
first, second, third = np.flatnonzero(y == "normal")[:3]
X[np.flatnonzero(y == "normal")[-3:]] = [
    X[first],
    X[second][:, ::-1],
    np.rint(255 * (X[third] / 255) ** 1.5),
]

# %%
# Copies
# ------

duplicates = find_duplicates(X)
print(duplicates)
duplicates.plot()
plt.show()

# %%
# Leakage
# -------
# With folds by image, test images depend on training images.

leakage_report(
    X,
    y,
    groups=groups,
    cv=StratifiedKFold(5, shuffle=True, random_state=0),
    duplicates=duplicates,
)

# %%
# Honest folds keep patients and copies together.

folds = StratifiedPatientKFold(5, shuffle=True, random_state=0, duplicates=duplicates)
print(leakage_report(X, y, groups=groups, cv=folds, duplicates=duplicates))

# %%
# Shortcuts
# ---------
# A classifier that sees only the corners finds covid.

clf = CXRClassifier(image_size=128, max_epochs=20, random_state=0)
shortcuts = shortcut_report(clf, X, y, groups=groups, cv=folds, duplicates=duplicates)
print(shortcuts)
shortcuts.plot()
plt.show()

# %%
# The probes see these parts of an image:

shortcuts.plot_views()
plt.show()

# %%
# External validation
# -------------------
# Another hospital has no letters, and its images are darker.

other = make_chest_radiographs(120, image_size=128, random_state=1)
validation = external_validation(
    clf,
    X,
    y,
    (0.8 * other.images).astype(np.uint8),
    other.target,
    groups=groups,
    groups_ext=[f"other {patient}" for patient in other.groups],
    cv=5,
)
print(validation)
validation.plot()
plt.show()
