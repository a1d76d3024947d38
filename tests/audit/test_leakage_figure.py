import pytest

from cxrclf.audit import ReportTable
from cxrclf.audit._leakage_figure import draw_leaks
from cxrclf.metrics import Estimate

SPLITS = ReportTable(
    {
        "split": [0, 1],
        "n_train": [30, 30],
        "n_test": [10, 20],
        "same_patient": [5, 0],
        "near_copy": [1, 2],
        "affected": [6, 2],
    }
)
SCORES = ReportTable(
    {
        "test_images": ["all", "without"],
        "n": [30, 22],
        "balanced_accuracy": [Estimate(0.9, 0.8, 0.95), Estimate(0.7, 0.5, 0.85)],
    }
)


@pytest.fixture
def close_figures():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    yield
    pyplot.close("all")


@pytest.mark.usefixtures("close_figures")
def test_bars_are_percentages_of_the_test_images():
    (ax,) = draw_leaks(SPLITS, None).axes
    heights = [bar.get_height() for bar in ax.patches]
    assert heights == [50, 0, 10, 10]
    assert [text.get_text() for text in ax.texts] == ["5", "0", "1", "2"]
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["same patient", "near copy"]


@pytest.mark.usefixtures("close_figures")
def test_scores_stand_beside_the_bars():
    _, ax = draw_leaks(SPLITS, SCORES).axes
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "all (30)",
        "without (22)",
    ]
    intervals = [
        line.get_xdata().tolist() for line in ax.lines if len(line.get_xdata()) == 2
    ]
    assert intervals == [[0.8, 0.95], [0.5, 0.85]]
