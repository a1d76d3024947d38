import numpy as np
import pytest

from cxrclf.studies._draw_confusion import draw_confusion

pyplot = pytest.importorskip("matplotlib.pyplot")


def test_counts_and_shares():
    matrix = np.array([[1500, 500], [0, 0]])
    figure = draw_confusion(matrix, ["covid", "$normal"])
    (ax,) = figure.axes
    texts = [text.get_text() for text in ax.texts]
    assert texts == ["1,500\n75 %", "500\n25 %", "0\n0 %", "0\n0 %"]
    assert np.array_equal(ax.images[0].get_array(), [[0.75, 0.25], [0, 0]])
    assert [t.get_text() for t in ax.get_xticklabels()] == ["covid", r"\$normal"]
    assert ax.get_ylabel() == "true class"
    pyplot.close(figure)


def test_text_is_readable_on_its_color():
    shares = np.linspace(0, 100, 26).astype(int)  # in all, one per cell
    matrix = np.stack([shares, 100 - shares], axis=1)[:, :2]
    matrix = np.pad(matrix, ((0, 0), (0, 24)))
    figure = draw_confusion(matrix, [str(k) for k in range(26)])
    (ax,) = figure.axes
    shares = ax.images[0].get_array().ravel()
    for text, share in zip(ax.texts, shares, strict=True):
        background = ax.images[0].cmap(share)[:3]
        level = {"white": 1.0, "black": 0.0}[text.get_color()]
        low, high = sorted([level, luminance(background)])
        assert (high + 0.05) / (low + 0.05) >= 4.5
    pyplot.close(figure)


def luminance(color):
    """Relative luminance of sRGB, as WCAG 2.2 defines it."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color
    ]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))
