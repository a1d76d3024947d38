import pytest

from cxrclf.metrics import Estimate
from cxrclf.studies._draw_estimates import draw_estimates

pyplot = pytest.importorskip("matplotlib.pyplot")
NAN = float("nan")


@pytest.fixture(autouse=True)
def close():
    yield
    pyplot.close("all")


def test_scores_intervals_and_marks():
    figure = draw_estimates(
        ["a", "$b"],
        [Estimate(0.9, 0.8, 0.95), Estimate(0.5, NAN, NAN)],
        ["network", "probe"],
        "accuracy",
        marks={"published": [0.7, NAN]},
        line=("chance", 0.33),
    )
    (ax,) = figure.axes
    assert [text.get_text() for text in ax.get_yticklabels()] == ["a", r"\$b"]
    drawn = [line.get_xdata() for line in ax.lines]
    assert [0.8, 0.95] in [list(x) for x in drawn]
    assert [text.get_text() for text in ax.texts] == ["0.90", "0.50"]
    (legend,) = figure.legends
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["network", "probe", "published", "chance"]
    assert ax.get_xlim()[0] <= 0.33
    figure.canvas.draw()  # the dollar sign is no mathematics


def test_color_of_a_kind_does_not_depend_on_the_ranks():
    estimates = [Estimate(0.9, 0.8, 1.0), Estimate(0.5, 0.4, 0.6)]
    colors = [
        draw_estimates(
            ["a", "b"], estimates, kinds, "accuracy", order=("network", "x", "probe")
        )
        .axes[0]
        .lines[0]
        .get_color()
        for kinds in (["network", "probe"], ["probe", "network"])
    ]
    assert colors == ["#0072b2", "#999999"]


def test_one_kind_has_no_legend():
    figure = draw_estimates(["a"], [Estimate(0.9, 0.8, 1.0)], ["network"], "accuracy")
    assert not figure.legends
    assert figure.axes[0].get_ylim() == (0.6, -0.6)  # the first name is on top
