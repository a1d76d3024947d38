"""The object of a shortcut report: figures, page, pickle."""

import pickle

import numpy as np
import pytest

pytest.importorskip("matplotlib")


@pytest.fixture(autouse=True)
def close():
    from matplotlib import pyplot

    yield
    pyplot.close("all")


def test_figures(marked_report):
    labels = [
        tick.get_text() for tick in marked_report.plot().axes[0].get_yticklabels()
    ]
    assert labels[0] == "estimator"
    assert len(labels) == len(marked_report.predictions)
    titles = [ax.get_title() for ax in marked_report.plot_views().axes if ax.axison]
    assert titles[0] == "image"
    # Each probe but the source sees an image.
    assert len(titles) == len(marked_report.predictions) - 1


def test_page_has_both_figures_and_the_findings(marked_report):
    page = marked_report.to_html()
    assert page.count("<img") == 2
    assert "One image as each probe sees it" in page
    assert "only the four corners of the image" in page


def test_report_can_be_pickled(marked_report):
    again = pickle.loads(pickle.dumps(marked_report))
    assert str(again) == str(marked_report)
    assert again.alarms == marked_report.alarms
    again.plot()


def test_report_without_pictures_has_no_views(marked_report):
    bare = pickle.loads(pickle.dumps(marked_report))
    bare.pictures = {}
    with pytest.raises(ValueError, match="No probe of this report saw an image"):
        bare.plot_views()
    assert bare.to_html().count("<img") == 1


def test_attributes(marked_report):
    assert marked_report.title == "Shortcuts"
    assert marked_report.chance == pytest.approx(1 / 3)
    assert marked_report.confidence_level == 0.95
    assert marked_report.scores is marked_report.tables["scores"]
    assert all(picture.dtype == np.uint8 for picture in marked_report.pictures.values())
