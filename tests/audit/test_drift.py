import numpy as np
import pytest
from PIL import Image
from scipy.stats import ks_2samp

from cxrclf.audit._drift import measure_drift
from cxrclf.audit._gray_images import load_gray

IS_EXTERNAL = np.arange(60) >= 36


def make_images(seed, brightness=0.0):
    random = np.random.default_rng(seed)
    images = random.random((60, 64, 64)) * 0.5 + random.random((60, 1, 1)) * 0.2
    images[IS_EXTERNAL] += brightness
    return images


def test_brighter_images_are_found():
    X = make_images(0, brightness=0.1)
    table, separability = measure_drift(X, IS_EXTERNAL, np.arange(60))
    assert separability.low > 0.5
    row = table["measure"].index("mean gray level")
    level = load_gray(X, (64, 64)).mean(axis=(1, 2))
    inside, outside = level[~IS_EXTERNAL], level[IS_EXTERNAL]
    assert table["internal_median"][row] == pytest.approx(np.median(inside))
    assert table["external_median"][row] == pytest.approx(np.median(outside))
    assert table["distance"][row] == ks_2samp(inside, outside).statistic
    pooled = np.sqrt((inside.std() ** 2 + outside.std() ** 2) / 2)
    assert table["standardized_difference"][row] == pytest.approx(
        (outside.mean() - inside.mean()) / pooled, rel=1e-4
    )


def test_equal_sets_are_not_told_apart():
    # The interval has 95 %, so one of 20 seeds may fail. This seed is not chosen: it is
    # the first.
    _, separability = measure_drift(make_images(0), IS_EXTERNAL, np.arange(60))
    assert separability.low < 0.5


def test_sizes_of_files_are_measures(tmp_path):
    paths = []
    for row in range(12):
        size = (40, 20) if row < 6 else (20, 20)
        paths.append(tmp_path / f"{row}.png")
        Image.fromarray(np.full(size[::-1], 9 * row, np.uint8)).save(paths[-1])
    table, _ = measure_drift(paths, np.arange(12) >= 6, np.arange(12))
    row = table["measure"].index("aspect ratio of the file")
    assert table["internal_median"][row] == 2
    assert table["external_median"][row] == 1
    assert table["standardized_difference"][row] == -np.inf
    assert table["distance"][row] == 1


def test_few_patients_are_not_classified():
    groups = np.where(IS_EXTERNAL, np.arange(60) % 4, 100 + np.arange(60))
    assert measure_drift(make_images(0), IS_EXTERNAL, groups)[1] is None
