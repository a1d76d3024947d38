"""The drawn radiograph."""

import numpy as np
from matplotlib.figure import Figure

from cxrclf.inspection._draw_image import draw_image


def test_image_is_gray_from_its_darkest_to_its_brightest_pixel():
    ax = Figure().subplots()
    pixels = np.array([[100, 300, 400], [200, 100, 100]], dtype=np.uint16)
    assert draw_image(ax, pixels) == (-0.5, 2.5, 1.5, -0.5)
    (image,) = ax.images
    assert image.get_clim() == (100, 400)
    assert image.get_extent() == [-0.5, 2.5, 1.5, -0.5]
    colors = image.to_rgba(pixels)[..., :3]
    np.testing.assert_array_equal(colors[0, [0, 2]], [[0] * 3, [1] * 3])
    assert (colors == colors[..., :1]).all()
    assert len(ax.get_xticks()) == len(ax.get_yticks()) == 0
