"""Real radiographs with drawn lungs, where they lie beside the checkout."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cxrclf import UNetSegmenter
from cxrclf.datasets import load_image_masks
from cxrclf.images import read_image_sizes
from cxrclf.masks import open_masks


@pytest.fixture(scope="module")
def real_lungs():
    folder = Path(__file__).parents[2].parent / "shared" / "data" / "lungs"
    if not folder.is_dir():
        pytest.skip("real lung masks (../shared/data/lungs) are not here")
    return load_image_masks(folder / "images", folder / "masks")


def test_all_masks_are_read(real_lungs):
    images, masks = np.ravel(real_lungs.data), np.ravel(real_lungs.masks)
    assert len(images) == len(masks) == 109
    sizes = read_image_sizes(masks)
    np.testing.assert_array_equal(read_image_sizes(images), sizes)
    codes = open_masks(masks, 64).gather(range(109))
    shares = codes.mean((1, 2))
    # One of the masks is black. The others hold 9 to 59 % of the image.
    assert [Path(mask).name for mask in masks[shares == 0]] == [
        "covid-19-infection-exclusive-gastrointestinal-symptoms-l.png"
    ]
    assert ((shares[shares > 0] > 0.05) & (shares[shares > 0] < 0.8)).all()
    with Image.open(masks[7]) as image:
        share = (np.asarray(image.convert("L")) > 127).mean()
    # 64 × 64 samples of a share, with a rim of some 400 pixels that may go either way.
    assert shares[7] == pytest.approx(share, abs=0.03)


def test_a_short_training(real_lungs):
    X, y = real_lungs.data[:24], real_lungs.masks[:24]
    unet = UNetSegmenter(
        depth=3,
        width=8,
        image_size=64,
        max_epochs=12,
        learning_rate=5e-3,
        random_state=0,
    ).fit(X, y)
    # Better than to call the middle of every image lung, which scores 0.5 or so.
    assert unet.score(real_lungs.data[24:36], real_lungs.masks[24:36]) > 0.6
    own = unet.predict_masks(X[:3])
    sizes = read_image_sizes(np.ravel(X[:3]))
    assert [mask.shape for mask in own] == [tuple(size) for size in sizes.tolist()]
