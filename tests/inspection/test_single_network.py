"""Classifiers with one network, none or several."""

import numpy as np
import pytest
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from cxrclf.inspection._single_network import find_single_network


def test_network_of_a_pipeline(radiographs, small_classifier):
    classifier = small_classifier(max_epochs=1)
    pipeline = make_pipeline(FunctionTransformer(), classifier)
    pipeline.fit(radiographs.images[:8], radiographs.target[:8])
    assert find_single_network(pipeline, "f") is pipeline[-1]


def test_estimators_without_a_single_network(
    lungs, radiographs, small_classifier, small_segmenter
):
    with pytest.raises(NotFittedError):
        find_single_network(small_classifier(), "f")
    x = np.arange(8.0)[:, None]
    linear = LogisticRegression().fit(x, np.arange(8) % 2)
    with pytest.raises(TypeError, match="f needs .* LogisticRegression has none"):
        find_single_network(linear, "f")
    members = [(name, small_classifier(max_epochs=1)) for name in "ab"]
    voting = VotingClassifier(members, voting="soft")
    voting.fit(radiographs.images[:8], radiographs.target[:8])
    with pytest.raises(TypeError, match="VotingClassifier has none or several"):
        find_single_network(voting, "f")
    segmenter = small_segmenter(max_epochs=1).fit(lungs.images, lungs.masks)
    with pytest.raises(TypeError, match="UNetSegmenter has none"):
        find_single_network(segmenter, "f")
