import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from cxrclf.audit._copy_geometry import Geometry
from cxrclf.audit._verify_copies import correlate_details, is_copy
from cxrclf.datasets import make_chest_radiographs

SIDE = 128


@pytest.fixture(scope="module")
def radiographs():
    data = make_chest_radiographs(3, n_patients=3, image_size=SIDE, random_state=1)
    return data.images[:2]


def correlate(*images, signs=1.0):
    maps, rows = torch.eye(2, 3)[None], np.array([[0], [1]])
    return correlate_details(np.stack(images), *rows, maps, torch.tensor([signs]))[0]


def test_copies_and_other_images(radiographs):
    image, other = radiographs
    assert correlate(image, image) == pytest.approx(1, abs=1e-4)
    assert correlate(255 - image, image, signs=-1.0) == pytest.approx(1, abs=1e-4)
    assert correlate(other, image) < 0.7


def test_blurred_copy_and_letters(radiographs):
    image = radiographs[0]
    blurred = np.rint(gaussian_filter(image.astype(float), 1.0)).astype(np.uint8)
    assert correlate(blurred, image) > 0.995
    assert correlate(image, blurred) > 0.995
    marked = image.copy()
    marked[20:40, 50:70] = 255
    assert correlate(marked, image) > 0.98


@pytest.mark.parametrize(
    ("angle", "lost", "limit"), [(3, 0, 0.9), (0, 0.05, 0.97), (3, 0.05, 0.985)]
)
def test_more_changes_need_a_higher_correlation(angle, lost, limit):
    geometry = Geometry(False, angle, np.array([[lost, 0], [0, 0]]), np.ones(2))
    assert is_copy(limit + 1e-6, geometry)
    assert not is_copy(limit - 1e-6, geometry)


def test_no_pairs():
    rows = np.zeros(0, int)
    maps, signs = torch.zeros(0, 2, 3), torch.zeros(0)
    images = np.zeros((1, SIDE, SIDE), np.uint8)
    assert correlate_details(images, rows, rows, maps, signs).shape == (0,)
