from types import SimpleNamespace

import pytest

from cxrclf._cli.study_text import ResultsText, describe_results, list_studies_text
from cxrclf.audit import ReportTable
from cxrclf.metrics import Estimate

NAN = Estimate(float("nan"), float("nan"), float("nan"))


class Results:
    """Results with two published scores."""

    def __init__(self, scheme, published):
        self.description = {"scheme": scheme, "published": published}

    def __str__(self):
        return "The results."

    def compare(self):
        return ReportTable(
            {
                "network": ["VGG16", "VGG16", "VGG19"],
                "class": ["all classes", "covid", "all classes"],
                "published": [0.9, 0.8, 0.7],
                "measured": [Estimate(0.85, 0.8, 0.95), Estimate(0.5, 0.4, 0.6), NAN],
                "difference": ["agrees", "differs", "not measured"],
            }
        )


def test_comparison_as_text():
    results = Results(None, [["VGG16", "accuracy", 0.9, None, None]])
    text = str(describe_results(results))
    assert text.splitlines() == [
        "The results.",
        "",
        "Of 3 published scores, 1 lie in the interval of the measured score, 1 do not, "
        "and 1 were not measured.",
        "network        class  published              measured  difference",
        "VGG16    all classes      0.900  0.850 [0.800, 0.950]      agrees",
    ]


@pytest.mark.parametrize(
    ("scheme", "published", "compared"),
    [
        ("2 classes", [["VGG16", "f1", 0.9, None, "2 classes"]], True),
        ("2 classes", [["VGG16", "f1", 0.9, None, None]], True),
        ("3 classes", [["VGG16", "f1", 0.9, None, "2 classes"]], False),
        (None, [], False),
    ],
)
def test_published_scores_of_the_scheme(scheme, published, compared):
    found = describe_results(Results(scheme, published))
    assert (found.comparison is not None) == compared
    assert ("published" in str(found)) == compared


def test_results_without_published_scores():
    assert str(ResultsText(Results(None, []), None)) == "The results."


def test_list_of_studies():
    studies = [
        SimpleNamespace(name="a", title="First", networks=[1, 2]),
        SimpleNamespace(name="longer", title="Second", networks=[1]),
    ]
    lines = list_studies_text(studies).splitlines()
    assert [line.split() for line in lines] == [
        ["study", "networks"],
        ["a", "First", "2"],
        ["longer", "Second", "1"],
    ]
    assert lines[1].index("First") == lines[2].index("Second")
