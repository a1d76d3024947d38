import re

import pytest

from cxrclf.studies._checklist_items import CLAIM, TRIPOD_AI
from cxrclf.studies._study_facts import describe_facts
from cxrclf.studies._study_scores import StudyScores
from study_results import make_study_results


def test_claim_has_44_items_in_order():
    assert [item.number for item in CLAIM] == [str(k) for k in range(1, 45)]


def test_tripod_ai_has_27_items_with_52_parts():
    # Collins et al., BMJ 385, e078378, 2024: "a 27 item checklist".
    numbers = [re.match(r"(\d+)([a-g]?)$", item.number).groups() for item in TRIPOD_AI]
    assert len(TRIPOD_AI) == 52
    assert sorted({int(number) for number, _ in numbers}) == list(range(1, 28))
    assert [n for n, letter in numbers if letter in ("", "a")] == [
        str(k) for k in range(1, 28)
    ]
    parts = dict(numbers)  # the last letter of each
    assert {
        number: parts[number] for number in ("3", "12", "18", "20", "23", "27")
    } == {
        "3": "c",
        "12": "g",
        "18": "f",
        "20": "c",
        "23": "b",
        "27": "c",
    }


@pytest.mark.parametrize("items", [CLAIM, TRIPOD_AI])
def test_topics_exist(items):
    results = make_study_results(preprocessing="Clahe()")
    topics = ("data", "preprocessing", "networks", "imbalance", "training", "folds")
    results.description["protocol"] = dict.fromkeys([*topics, "metrics"], "Text.")
    facts = describe_facts(StudyScores(results))
    assert {topic for item in items for topic in item.topics} <= facts.keys() | {
        "reproduce",
        "pixels",
    }
    assert all(item.topics or item.missing for item in items)
