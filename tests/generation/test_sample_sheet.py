"""Sample sheets: their layout."""

import numpy as np
import torch

from cxrclf.generation._sample_sheet import draw_sample_sheet
from unpaired import make_data


class Shift:
    """Makes images brighter in direction 0, and darker in direction 1."""

    def translate(self, direction, images):
        return images + (0.5 if direction == 0 else -0.5)


def test_rows_show_images_their_translations_and_the_way_back():
    images, data = make_data(n=(9, 3))
    sheet = draw_sample_sheet(Shift(), data)
    assert sheet.shape == (6 * 24, 8 * 24)
    assert sheet.dtype == np.uint8
    rows = sheet.reshape(6, 24, 8, 24).swapaxes(1, 2)
    np.testing.assert_array_equal(rows[0], images[0][:8])
    np.testing.assert_array_equal(rows[2], images[0][:8])
    np.testing.assert_array_equal(rows[3, :3], images[1])
    brighter = np.clip(images[0][:8].astype(float) + 63.75, 0, 255)
    np.testing.assert_allclose(rows[1], brighter, atol=0.6)
    assert not rows[3:, 3:].any()


def test_color_images_stay_in_color():
    class Colors:
        keys = [np.zeros(2), np.zeros(2)]

        def take(self, k, rows):
            return torch.zeros(len(rows), 3, 24, 24)

    assert draw_sample_sheet(Shift(), Colors()).shape == (144, 192, 3)
