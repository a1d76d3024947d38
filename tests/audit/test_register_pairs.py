import numpy as np
import pytest
import torch
from scipy.ndimage import affine_transform

from cxrclf.audit._copy_candidates import Candidates
from cxrclf.audit._register_pairs import register_pairs
from cxrclf.datasets import make_chest_radiographs

SIDE = 128
TRUE = np.array([[0.95, -0.03, 0.02], [0.04, 0.93, -0.03]])


@pytest.fixture(scope="module")
def radiographs():
    data = make_chest_radiographs(3, n_patients=3, image_size=SIDE, random_state=0)
    return data.images


def warp(image, affine):
    """Warp an image with scipy, in positions (y, x) of pixels."""
    matrix = affine[::-1, 1::-1]
    half = (SIDE - 1) / 2
    shift = affine[::-1, 2] * SIDE / 2
    offset = shift + half - matrix @ [half, half]
    return affine_transform(image, matrix, offset, order=1, mode="nearest")


def make_pairs(moving, fixed, signs):
    identity = torch.eye(2, 3).expand(len(moving), 2, 3)
    return Candidates(np.array(moving), np.array(fixed), identity, torch.tensor(signs))


def test_the_map_of_a_copy_is_found_and_another_patient_dropped(radiographs):
    copy = warp(radiographs[0], TRUE)
    images = np.stack([*radiographs, copy, 255 - copy])
    candidates = make_pairs([1, 0, 0], [3, 3, 4], [1.0, 1.0, -1.0])
    index, maps = register_pairs(images, candidates)
    assert index.tolist() == [1, 2]
    np.testing.assert_allclose(maps[0], TRUE, atol=0.004)
    np.testing.assert_allclose(maps[1], TRUE, atol=0.004)


def test_wrong_sign_is_dropped(radiographs):
    images = np.stack([radiographs[0], radiographs[0]])
    index, maps = register_pairs(images, make_pairs([0], [1], [-1.0]))
    assert len(index) == len(maps) == 0


def test_no_pairs(radiographs):
    empty = np.zeros(0, int)
    candidates = Candidates(empty, empty, torch.zeros(0, 2, 3), torch.zeros(0))
    index, maps = register_pairs(radiographs, candidates)
    assert index.shape == (0,)
    assert maps.shape == (0, 2, 3)
