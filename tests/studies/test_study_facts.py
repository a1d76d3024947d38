import dataclasses

import numpy as np
import pytest

from cxrclf.metrics import Predictions
from cxrclf.studies import StudyResults
from cxrclf.studies._study_facts import (
    describe_disjoint,
    describe_facts,
    end_sentence,
    list_limits,
)
from cxrclf.studies._study_scores import StudyScores
from study_results import make_study_results


def test_facts_of_a_run():
    facts = describe_facts(StudyScores(make_study_results(["a", "b"])))
    assert facts["software"] == "cxrclf 0.1, torch 2.9. a processor"
    assert facts["images"].startswith("60 images of 10 patients.")
    assert facts["protocol training"] == "The publication states: Adam, 35 epochs."
    assert "a: 4 epochs, 10 s per fold" in facts["training"]
    assert "best epoch" in facts["selection"]
    assert "copies and leakage" in facts["robustness"]
    assert facts["explainability"].startswith("Saliency maps (gradcam) of typical")
    assert "preprocessing" not in facts


def test_facts_of_a_small_run():
    results = make_study_results(
        ["a"],
        audit=False,
        examples=False,
        versions={},
        processor="",
        preprocessing="TextInpainter(\n    size=3)",
    )
    for fit in results.fits:
        fit.details.update(best_epoch=None, n_epochs=None)
        fit.counts.pop("valid", None)
    facts = describe_facts(StudyScores(results))
    assert not {"software", "robustness", "explainability"} & facts.keys()
    assert "no validation set" in facts["selection"]
    assert facts["preprocessing"].endswith("folds: TextInpainter( size=3).")


def test_a_validation_set_that_selects_nothing():
    results = make_study_results()
    for fit in results.fits:
        fit.details["best_epoch"] = None
        fit.counts["valid"] = {"covid": 2}
    text = describe_facts(StudyScores(results))["selection"]
    assert "learning curves only" in text
    assert "no validation set" not in text


def test_an_image_that_two_folds_test_counts_once():
    results = make_study_results(["a"], n=20)
    assert (
        "Cross-validation in 3 folds."
        in (describe_facts(StudyScores(results))["partition"])
    )
    last = results.fits[-1]
    again = dataclasses.replace(
        last, fold=4, predictions=refold(last.predictions, fold=3)
    )
    twice = StudyResults(
        results.description, results.data, [*results.fits, again], results.audit
    )
    scores = StudyScores(twice)
    facts = describe_facts(scores)
    assert facts["partition"].startswith("4 folds. Some images are test images of")
    assert facts["images"].endswith("per class: 7 covid, 7 normal, 6 pneumonia.")
    assert "The rarest class, pneumonia, has 6 test images." in list_limits(scores)


def refold(predictions, fold):
    """Return predictions as those of another fold."""
    return Predictions(
        predictions.y_true,
        predictions.y_pred,
        predictions.y_score,
        classes=predictions.classes,
        fold=np.full(len(predictions), fold),
        rows=predictions.rows,
        groups=predictions.groups,
    )


def test_level_at_which_sets_are_disjoint():
    assert describe_disjoint(make_study_results()) == (
        "Not disjoint: 2 copies on both sides."
    )
    clean = make_study_results()
    clean.audit[0].findings = ()
    assert describe_disjoint(clean).startswith("Patients: no patient")
    assert describe_disjoint(make_study_results(audit=False)).startswith("Unknown")
    unknown = make_study_results(audit=False, with_groups=False)
    assert describe_disjoint(unknown).startswith("Images.")


def test_limits_name_leaks_findings_and_the_rarest_class():
    results = make_study_results(n=20, leaks=["Seen before"])  # 7, 7 and 6 images
    limits = list_limits(StudyScores(results))
    assert limits[0] == "Leak of this variant: Seen before."
    assert "The border predicts the classes." in limits
    assert "The rarest class, pneumonia, has 6 test images." in limits


@pytest.mark.parametrize("text", ["Yes", "Yes.", " Yes. "])
def test_sentences_end_with_a_period(text):
    assert end_sentence(text) == "Yes."
