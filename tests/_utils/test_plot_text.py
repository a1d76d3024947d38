import pytest

from cxrclf._utils.plot_text import plain_text


@pytest.mark.parametrize("name", ["a$^$.png", "s$x_$1.png", "5 $", "plain"])
def test_names_with_dollar_signs_are_drawn(name):
    figure = pytest.importorskip("matplotlib.figure").Figure()
    text = figure.text(0, 0, plain_text(name))
    figure.canvas.draw()
    width = text.get_window_extent().width
    reference = figure.text(0, 0, name, parse_math=False)
    figure.canvas.draw()
    assert width == reference.get_window_extent().width
