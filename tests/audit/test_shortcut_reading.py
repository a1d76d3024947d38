"""Sentences about scores: each number is in its place."""

from types import SimpleNamespace

import numpy as np

from cxrclf.audit._shortcut_reading import (
    describe_probe,
    read_external_auc,
    read_notes,
    read_scores,
)
from cxrclf.metrics import Estimate

NONE = Estimate(np.nan, np.nan, np.nan)


def score(value, difference=NONE):
    return SimpleNamespace(
        balanced_accuracy=Estimate(value, value - 0.1, value + 0.1),
        difference=difference,
    )


SCORES = {
    "estimator": score(0.9),
    "border": score(0.7, Estimate(0.2, 0.1, 0.3)),
    "corners": score(0.8, Estimate(0.1, -0.1, 0.3)),
    "thumbnail": score(0.6, Estimate(0.3, 0.2, 0.4)),
    "estimator_lungs": score(0.55, Estimate(0.35, 0.2, 0.4)),
}


def read(scores=SCORES, alarms=("border", "corners"), smallest=0.0):
    return read_scores(scores, alarms, 0.5, "90 images", 0.01, smallest)


def test_estimator_and_its_best_rival_come_first():
    lines = read()
    assert lines[0] == (
        "The estimator reaches a balanced accuracy of 0.900 [0.800, 1.000] on 90 "
        "images. Chance is 0.500."
    )
    assert lines[1] == (
        "Beside the 0.900 of the estimator, a classifier that sees only the four "
        "corners of the image reaches 0.800 [0.700, 0.900]. It sees a disease only "
        "where the lungs reach there. The estimator is not clearly better: the "
        "difference is 0.100 [-0.100, 0.300]."
    )
    assert lines[2] == "These probes beat chance as well: border."
    assert "differ in more than the disease" in lines[3]
    assert lines[4].endswith("on the lungs only reaches 0.550 [0.450, 0.650].")
    assert "a thumbnail of 8 × 8 pixels 0.600 [0.500, 0.700]" in lines[5]
    assert "no evidence of a shortcut" in lines[5]
    assert len(lines) == 6


def test_clear_difference():
    lines = read(alarms=["border"])
    assert lines[1].endswith("The estimator exceeds it by 0.200 [0.100, 0.300].")
    assert not any("as well:" in line for line in lines)


def test_probe_can_be_better_than_the_estimator():
    rival = score(0.95, Estimate(-0.05, -0.2, 0.1))
    lines = read(SCORES | {"corners": rival}, ["corners"])
    assert lines[1].startswith("A classifier that sees only the four corners")


def test_report_without_estimator():
    scores = {name: SCORES[name] for name in ("border", "corners")}
    lines = read(scores)
    assert lines[0] == "The probes predict 90 images. Chance is 0.500."
    assert lines[1].endswith(
        "reaches 0.800 [0.700, 0.900]. It sees a disease only where the lungs reach "
        "there."
    )


def test_quiet_report():
    lines = read(alarms=())
    assert lines[1] == (
        "No classifier that cannot see the disease beats chance, among 2 of them "
        "(border, corners). The significance level of all these tests together is "
        "0.01. This does not prove that there is no shortcut."
    )
    # Without a probe that cannot see the disease, there is nothing to conclude.
    lines = read({name: SCORES[name] for name in ("estimator", "thumbnail")}, ())
    assert len(lines) == 2


def test_test_that_cannot_decide():
    lines = read(alarms=(), smallest=0.0625)
    assert lines[1] == (
        "The test cannot decide whether a classifier that cannot see the disease beats "
        "chance (border, corners): on these folds, a classifier without errors would "
        "have p = 0.062, and the significance level is 0.01. The test needs more "
        "patients, or fewer folds with patients of several classes in each."
    )


def test_message_of_a_finding():
    message = describe_probe("metadata", score(0.8), 0.5, 0.0004, column=("width", 0.7))
    assert message == (
        "A classifier that sees only the headers of the files reaches a balanced "
        "accuracy of 0.800 [0.700, 0.900]. Chance is 0.500 (p < 0.001). The column "
        "'width' alone reaches 0.700."
    )
    message = describe_probe("estimator_outside_lungs", SCORES["border"], 0.5, 0.0123)
    assert message.startswith("A clone of the estimator that sees only the image wit")
    assert "(p = 0.012)" in message
    assert message.endswith("The difference to the estimator is 0.200 [0.100, 0.300].")
    assert "(p undefined)" in describe_probe("border", score(0.8), 0.5, np.nan)


def test_external_auc_and_notes():
    text = read_external_auc(
        Estimate(0.7, 0.6, 0.8), Estimate(0.9, 0.8, 1), Estimate(0.7, 0.6, 0.8)
    )
    assert "is 0.700 [0.600, 0.800]: the AUC 0.900 minus the AUC 0.700 of" in text
    assert read_notes(False, 0, 0, {}) == []
    lines = read_notes(False, 0, 0, {}, n_copies=6, n_dependent=3)
    assert lines[0].startswith("3 test images have a copy, or other images of the")
    assert lines[1].startswith("6 images belong to groups of copies")
    one = read_notes(False, 1, 1, {}, n_dependent=1)
    assert one[0].startswith("1 test image has a copy")
    assert one[1].startswith("No lungs were found in 1 image.")
    assert one[2].startswith("The lungs reach into the border of 1 image.")
    skipped = {"lung_shape": "no masks", "source": "none", "outside_lungs": "no masks"}
    notes = read_notes(True, 3, 4, skipped)
    assert "No patient ids" in notes[0]
    assert "No lungs were found in 3 images." in notes[1]
    assert "The lungs reach into the border of 4 images." in notes[2]
    assert notes[3] == (
        "Probes that were not possible: lung_shape, outside_lungs (no masks); source "
        "(none)."
    )


def test_borders_that_were_not_checked_are_named():
    skipped = {"outside_lungs": "segmenter was not passed"}
    for alarms, expected in ((["border"], True), (["metadata"], False)):
        text = " ".join(read_notes(False, 0, 0, skipped, alarms))
        assert ("the border or the corners was not checked" in text) == expected
    assert "not checked" not in " ".join(read_notes(False, 0, 3, {}, ["border"]))
