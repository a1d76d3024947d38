import numpy as np
import pytest

from cxrclf.studies._report_data import report_data, tabulate_counts
from cxrclf.studies._study_scores import StudyScores
from study_results import make_study_results


@pytest.fixture(scope="module")
def scores():
    return StudyScores(make_study_results(["a"], n=90, audit=False))


def test_counts_of_each_fold_add_up(scores):
    table = tabulate_counts(scores)
    parts = np.array(table["part"])
    covid = np.array(table["covid"])
    assert covid[parts == "test"].sum() == 30
    assert (covid[parts == "test"] + covid[parts == "train"]).tolist() == [30, 30, 30]


def test_examples_of_each_class(scores):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    report = report_data(scores)
    assert report.reading == ("The study has 90 images of 15 patients.",)
    (draw,) = report.figures.values()
    titles = [ax.get_title(loc="left").splitlines() for ax in draw().axes]
    titles = [title for title in titles if title]
    y = scores.results.data.y
    assert titles
    for label, name in titles:
        assert y[int(name.removeprefix("image-").removesuffix(".png"))] == label
    pyplot.close("all")


def test_no_figure_without_images():
    results = make_study_results(["a"], audit=False, examples=False, with_groups=False)
    report = report_data(StudyScores(results))
    assert not report.figures
    assert report.reading == ("The study has 60 images without patient ids.",)
