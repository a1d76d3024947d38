import numpy as np
import pytest
import torch

from cxrclf.audit._copy_candidates import find_candidates, make_views
from cxrclf.audit._local_contrast import sample_affine


@pytest.fixture(scope="module")
def textures():
    rng = np.random.default_rng(0)
    coarse = torch.from_numpy(rng.random((40, 1, 12, 12), dtype=np.float32))
    large = torch.nn.functional.interpolate(coarse, (32, 32), mode="bicubic")
    return large[:, 0].clamp(0, 1)


def test_view_and_sign_of_a_copy(textures):
    views = make_views()
    number = len(views) // 2 + 5  # a flipped crop
    copy, _ = sample_affine(textures[3:4], views[number][None], 32)
    found = find_candidates(torch.cat([textures, 1 - copy]))
    pairs = list(zip(found.moving.tolist(), found.fixed.tolist(), strict=True))
    position = pairs.index((3, 40))
    torch.testing.assert_close(found.maps[position], views[number])
    assert found.signs[position] == -1


def test_each_pair_is_there_once(textures):
    found = find_candidates(textures)
    assert (found.moving != found.fixed).all()
    pairs = np.sort(np.stack([found.moving, found.fixed]), axis=0).T
    assert len(np.unique(pairs, axis=0)) == len(pairs)
    # Each image has eight neighbors.
    assert (np.bincount(pairs.ravel(), minlength=40) >= 8).all()


def test_views_are_the_largest_changes():
    views = make_views()
    corners = torch.tensor([[-1.0, -1, 1], [1, 1, 1]])
    spans = (views @ corners.T).diff(dim=2)[..., 0].abs()
    assert spans.min() == pytest.approx(1.6)
    assert (views[:, 0, 0] < 0).sum() == len(views) // 2


def test_fewer_than_two_images(textures):
    for n in (0, 1):
        assert len(find_candidates(textures[:n]).moving) == 0
