import numpy as np
import pytest

from cxrclf.studies._draw_cases import draw_cases

pyplot = pytest.importorskip("matplotlib.pyplot")


def test_images_in_rows_of_three():
    images = np.arange(4, dtype=np.uint8)[:, None, None] * np.ones((1, 8, 6), np.uint8)
    titles = [[f"image {k} of a very long file name.png", "true: $a"] for k in range(4)]
    figure = draw_cases(images, titles)
    assert len(figure.axes) == 6
    drawn = [ax.images[0].get_array()[0, 0] for ax in figure.axes if ax.images]
    assert drawn == [0, 1, 2, 3]
    first, second = figure.axes[3].get_title(loc="left").splitlines()
    assert first == "image 3 of a…ile name.png"
    assert second == r"true: \$a"
    figure.canvas.draw()
    pyplot.close(figure)
