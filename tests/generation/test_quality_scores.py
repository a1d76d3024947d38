"""GenerationQuality: its table, its frame and its reasons."""

from dataclasses import replace

import numpy as np
import pytest

from cxrclf.generation import GenerationQuality
from cxrclf.generation._kernel_distance import KernelDistance
from cxrclf.generation._quality_scores import find_reasons


@pytest.fixture
def good():
    return GenerationQuality(
        n_generated=40,
        n_real=30,
        kernel_distance=KernelDistance(0.1, -0.05, 0.06, 0.01),
        source_distance=KernelDistance(0.4, -0.05, 0.06, 0.001),
        distance_ratio=0.25,
        memorized=0.0,
        diversity=0.9,
        separability=0.99,
        gain=0.8,
        recognized=0.8,
        recognized_interval=(0.65, 0.9),
        recognized_controls=0.1,
        reference_accuracy=0.85,
        change_inside=0.04,
        change_outside=0.02,
        nearest_index=np.zeros(40, int),
        nearest_distance=np.ones(40),
    )


def test_a_good_quality_has_no_reason(good):
    assert find_reasons(good) == ()
    assert good.useful
    assert repr(good) == "<GenerationQuality of 40 images: useful>"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"gain": 0.3}, "too few"),
        ({"memorized": 0.6}, "60% of them copy"),
        ({"diversity": 0.4}, "resemble one another"),
        ({"change_outside": 0.05}, "outside the lungs"),
        ({"reference_accuracy": 0.6, "distance_ratio": 1.1}, "too far"),
        ({"reference_accuracy": None, "gain": None, "distance_ratio": 1.1}, "too far"),
    ],
)
def test_each_fault_has_a_reason(good, values, text):
    poor = replace(good, **values)
    [reason] = find_reasons(poor)
    assert text in reason
    assert not replace(poor, reasons=(reason,)).useful


def test_the_distance_has_a_limit_only_on_request_if_the_classifier_can_judge(good):
    far = replace(good, distance_ratio=1.5)
    assert find_reasons(far) == ()
    assert "1.50, at most 1.2" in find_reasons(far, max_distance=1.2)[0]
    assert "0.25, at most 0.2" in find_reasons(good, max_distance=0.2)[0]


def test_what_cannot_be_judged_is_of_no_use(good):
    unknown = replace(good, distance_ratio=None)
    assert find_reasons(unknown) == ()
    assert "cannot be judged" in find_reasons(unknown, max_distance=0.5)[0]
    inaccurate = replace(unknown, reference_accuracy=0.6)
    assert "cannot be judged" in find_reasons(inaccurate)[0]
    almost_equal = replace(good, reference_accuracy=0.6, distance_ratio=0.95)
    assert "at most 0.667" in find_reasons(almost_equal)[0]


def test_separability_alone_is_no_reason(good):
    assert find_reasons(replace(good, separability=1.0)) == ()


def test_measures_that_are_missing_are_left_out_of_the_table(good):
    text = str(replace(good, change_inside=None, source_distance=None))
    assert "change_inside" not in text
    assert "source_distance" not in text
    row = next(line for line in text.splitlines() if line.startswith("recognized "))
    assert row.split() == ["recognized", "0.8", "0.65", "0.9"]
    assert text.endswith("40 generated and 30 real images; useful")
    poor = replace(good, reasons=("One.", "Two."))
    assert str(poor).endswith("of no use: One. Two.")


def test_the_frame_has_the_same_rows(good):
    frame = good.to_frame()
    assert frame.loc["kernel_distance"].tolist() == [0.1, -0.05, 0.06]
    assert frame.loc["recognized"].tolist() == [0.8, 0.65, 0.9]
    assert np.isnan(frame.loc["diversity", "low"])
    assert len(frame) == 12
