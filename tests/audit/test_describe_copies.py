import numpy as np
import pytest
import torch

from cxrclf.audit._copy_geometry import measure_geometry
from cxrclf.audit._describe_copies import describe_copies
from cxrclf.audit._thumbnails import make_thumbnails
from cxrclf.images import ArrayImages

SAME = [[1, 0, 0], [0, 1, 0]]
FLIP = [[-1, 0, 0], [0, 1, 0]]
CROP = [[0.9, 0, 0.1], [0, 1, 0]]
TURN = [[0.998, -0.06, 0], [0.06, 0.998, 0]]


@pytest.mark.parametrize(
    ("affine", "sizes", "sign", "level", "kind"),
    [
        (SAME, (90, 90), 1, 0, "re-encoded"),
        (SAME, (90, 45), 1, 0, "rescaled"),
        (SAME, (90, 90), 1, 40, "gray levels"),
        (TURN, (90, 90), 1, 0, "rotated + gray levels"),
        (CROP, (90, 81), 1, 40, "cropped + rescaled + gray levels"),
        (SAME, (90, 90), -1, None, "inverted"),
        (FLIP, (90, 90), -1, None, "flipped + inverted + gray levels"),
    ],
)
def test_kinds(affine, sizes, sign, level, kind):
    rng = np.random.default_rng(0)
    image = rng.integers(40, 200, (128, 128), dtype=np.uint8)
    copy = 255 - image if level is None else image + np.uint8(level)
    thumbnails = make_thumbnails(ArrayImages(np.stack([image, copy])))
    geometry = measure_geometry(affine, (sizes[0],) * 2, (sizes[1],) * 2)
    maps = torch.tensor([affine], dtype=torch.float32)
    kinds = describe_copies(
        thumbnails, [geometry], [0], [1], maps, torch.tensor([float(sign)])
    )
    assert kinds == [kind]
