"""Scores of saliency maps, and their tables."""

import numpy as np
import pandas as pd
import pytest

from cxrclf._utils.patient_resampling import PatientResampling
from cxrclf.inspection import SaliencyScores


@pytest.fixture
def scores():
    values = {"share": [0.5, 0.25, 0.75, 0.5], "hit": [1, np.nan, 0, 1]}
    return SaliencyScores(values, groups=["a", "b", "b", "c"], n_resamples=100)


def test_mean_and_interval_of_each_score(scores):
    assert scores["share"].value == 0.5
    assert scores["hit"].value == pytest.approx(2 / 3)
    resampling = PatientResampling(4, ["a", "b", "b", "c"], n_resamples=100)
    for name, values in scores.values.items():
        assert scores[name] == resampling.estimate(values)
        assert scores.estimates[name] is scores[name]
    assert scores.n_images == 4
    assert scores.n_patients == 3
    assert scores.n_used == {"share": 4, "hit": 3}
    assert scores.curves == {}


def test_text_shows_the_number_of_defined_values(scores):
    lines = str(scores).splitlines()
    assert lines[0].split() == ["mean", "low", "high", "images"]
    low, high = scores["hit"][1:]
    assert lines[2].split() == ["hit", "0.667", f"{low:.3f}", f"{high:.3f}", "3"]
    assert lines[3] == "4 images of 3 patients, 95 % intervals"
    assert repr(scores) == (
        "<SaliencyScores (share, hit) of 4 images of 3 patients, 95 % intervals>"
    )


def test_frame_has_a_row_per_score(scores):
    frame = scores.to_frame()
    assert list(frame.columns) == ["mean", "low", "high", "images"]
    expected = pd.DataFrame(
        {"mean": [0.5, 2 / 3], "images": [4, 3]}, index=["share", "hit"]
    )
    pd.testing.assert_frame_equal(frame[["mean", "images"]], expected)


def test_values_are_copied():
    values = np.zeros(3)
    scores = SaliencyScores({"share": values})
    values[0] = 1
    assert scores.values["share"][0] == 0


def test_unknown_score(scores):
    with pytest.raises(KeyError, match="No score 'mass'. The scores are"):
        scores["mass"]


@pytest.mark.parametrize(
    "values", [{}, {"a": []}, {"a": [1], "b": [1, 2]}, {"a": [[1, 2]]}, {"a": 1}]
)
def test_values_of_wrong_shape(values):
    with pytest.raises(ValueError, match="one number per image for each score"):
        SaliencyScores(values)


def test_infinity_is_refused():
    with pytest.raises(ValueError, match="must not have infinity. Use nan"):
        SaliencyScores({"a": [1.0, np.inf, 0.0]})
