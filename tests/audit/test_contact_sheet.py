import numpy as np
import pytest

from cxrclf.audit._contact_sheet import draw_contact_sheet


def test_images_have_their_aspect_ratio_and_short_names():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pictures = {
        row: (f"folder/with/a/long/name/image{row}.png", (40, 80), np.zeros((8, 8)))
        for row in range(3)
    }
    figure = draw_contact_sheet([[0, 1, 2]], pictures, {2: (0, "flipped")})
    extents = [ax.images[0].get_extent() for ax in figure.axes]
    assert extents == [[0, 80, 40, 0]] * 3
    title = figure.axes[2].get_title(loc="left")
    assert title == "…h/a/long/name/image2.png\nrow 2, copy of row 0:\nflipped"
    pyplot.close(figure)


def test_names_with_dollar_signs_are_drawn():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pictures = {row: (f"s$x_${row}.png", (8, 8), np.zeros((8, 8))) for row in range(2)}
    figure = draw_contact_sheet(
        [[0, 1]], pictures, {1: (0, "flipped")}, np.array(["a$^$", "b"])
    )
    figure.canvas.draw()
    pyplot.close(figure)


def test_rows_of_pixels_are_named_once():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pictures = {row: (f"row {row}", (8, 8), np.zeros((8, 8))) for row in range(2)}
    figure = draw_contact_sheet([[0, 1]], pictures, {1: (0, "flipped")})
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles == ["row 0", "row 1, copy of row 0:\nflipped"]
    pyplot.close(figure)
