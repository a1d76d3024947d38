from types import SimpleNamespace

import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, roc_auc_score

from cxrclf._cli.study_text import describe_results, list_studies_text
from study_results import make_study_results

LONG = "efficientnet_lite2 (for Inception ResNet-v2 oversampled)"


def test_main_scores_and_comparison_as_text():
    published = [
        ["strong", "accuracy", 0.5, None, None],
        ["weak", "sensitivity", 0.999, "covid", None],
        ["VGG16", "accuracy", 0.9, None, None],
    ]
    results = make_study_results(published=published)
    lines = str(describe_results(results)).splitlines()
    assert lines[0] == "Small study"
    assert lines[1].split() == ["balanced", "macro"]
    assert lines[2].split() == ["network", "accuracy", "accuracy", "AUC"]
    for name, line in zip(("strong", "weak"), lines[3:5], strict=True):
        found = results.predictions(name)
        y, y_pred, y_score = found.y_true, found.y_pred, found.y_score
        assert line.split()[:2] == [name, f"{accuracy_score(y, y_pred):.3f}"]
        balanced = balanced_accuracy_score(y, y_pred)
        auc = roc_auc_score(y, y_score, multi_class="ovr")
        assert line.split()[-2:] == [f"{balanced:.3f}", f"{auc:.3f}"]
    assert max(map(len, lines)) <= 80
    assert lines[-4:] == [
        "Published scores in the measured interval: 0 of 3 (outside 2, "
        "not measured 1).",
        "",
        "network     score  published              measured",
        f"strong   accuracy      0.500  {lines[3][9:29]}  differs",
    ]


def test_a_long_name_gets_two_lines():
    results = make_study_results((LONG, "weak"))
    lines = str(describe_results(results)).splitlines()
    assert lines[3].startswith("efficientnet_lite2  ")
    assert lines[4] == "  (for Inception ResNet-v2 oversampled)"
    assert max(map(len, lines)) <= 80


def test_a_scaled_study_is_not_compared():
    published = [["strong", "accuracy", 0.123, None, None]]
    scaled = {"backbones": "['one', 'another', 'still another']", "max_epochs": "3"}
    results = make_study_results(published=published, scaled=scaled)
    text = str(describe_results(results))
    assert max(map(len, text.splitlines())) <= 80
    assert "max_epochs=3" in text
    assert "belong to other networks and settings" in text
    assert "0.123" not in text


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
    results = make_study_results(scheme=scheme, published=published)
    found = describe_results(results)
    assert (found.comparison is not None) == compared
    assert ("Published scores" in str(found)) == compared


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
