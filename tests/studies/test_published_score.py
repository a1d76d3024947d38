"""A published score is a plain tuple, which JSON stores as a list."""

import json

from cxrclf.studies import PublishedScore


def test_a_score_survives_json():
    score = PublishedScore("VGG16", "auc", 0.93, label="covid", scheme="2 classes")
    assert PublishedScore(*json.loads(json.dumps(score))) == score


def test_label_and_scheme_are_optional():
    assert PublishedScore("VGG16", "accuracy", 0.9)[3:] == (None, None)
