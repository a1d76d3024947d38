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
    assert facts["title"] == "Small study."
    assert facts["software"] == "Versions: cxrclf 0.1, torch 2.9."
    assert facts["processor"] == "Processor: a processor."
    assert facts["images"].startswith("60 images of 10 patients.")
    assert facts["protocol training"] == "The publication states: Adam, 35 epochs."
    assert "a: 4 epochs, 10 s per fold" in facts["training"]
    assert facts["reference"] == "A. Author, Journal, 2020."
    assert "copies and leakage" in facts["robustness"]
    assert facts["explainability"].startswith("Saliency maps (gradcam) of typical")
    assert "preprocessing" not in facts


def test_an_audit_without_probes_claims_none():
    results = make_study_results(["a"])
    assert "cannot see" in describe_facts(StudyScores(results))["robustness"]
    # Studies with overlapping test sets have no shortcut report.
    results.audit = results.audit[:1]
    found = describe_facts(StudyScores(results))["robustness"]
    assert found == 'The audit searched for copies and leakage: section "Audit".'


def test_facts_of_a_small_run():
    results = make_study_results(
        ["a"],
        audit=False,
        examples=False,
        versions={},
        processor="",
        preprocessing="TextInpainter(\n    size=3)",
    )
    facts = describe_facts(StudyScores(results))
    unknown = {"software", "processor", "pixels", "robustness", "explainability"}
    assert not unknown & facts.keys()
    assert facts["preprocessing"].endswith("folds: TextInpainter( size=3).")


def test_a_scaled_run_has_no_statements_of_the_publication():
    facts = describe_facts(StudyScores(make_study_results(scaled={"max_epochs": 3})))
    assert not [topic for topic in facts if topic.startswith("protocol ")]
    assert "The publication states" not in " ".join(facts.values())
    assert facts["title"] == "Small study (scaled)."
    assert facts["model"].endswith("settings of the publication: max_epochs=3.")
    assert facts["reference"].startswith("Scaled version of the study in A. Author")


def test_results_that_do_not_name_the_method_of_their_maps():
    results = make_study_results()
    for fit in results.fits:
        del fit.details["maps"]
    text = describe_facts(StudyScores(results))["explainability"]
    assert text.startswith("Saliency maps of typical images")


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
