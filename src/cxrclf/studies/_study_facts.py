"""Facts about the run of a study in words, for the model card and checklists."""

import numpy as np

from cxrclf._utils.counts import format_count
from cxrclf.studies._describe_study import describe_changes
from cxrclf.studies._describe_trainings import describe_trainings
from cxrclf.studies._report_overview import (
    count_folds,
    describe_best,
    describe_images,
    describe_run,
    describe_units,
    name_study,
)

BLANK = "To be filled in by the authors"
# Facts of every run.
_ALWAYS = {
    "missing": "Images without a label and unreadable images are refused, so no "
    "value was missing or replaced.",
    "model": 'Each network and its parameters: section "Protocol". Number of '
    'parameters, operations and size: section "Time and size".',
    "output": "A probability for each class. The predicted class has the largest "
    "probability. No threshold was chosen.",
    "metrics": "Accuracy, precision, sensitivity, specificity, F1 and AUC of each "
    "class and as macro averages, confusion matrix, ROC and precision-recall "
    "curves, calibration (Brier score, log loss, expected calibration error, slope "
    "and intercept).",
    "internal": "All scores are of test folds, which no training of the same fold "
    "used.",
    "external": "No images of another source were tested in this run.",
    "failures": "Confusion matrix, most frequent error and worst errors of each "
    'network: section "Each network".',
}


def describe_facts(scores):
    """Return what a run knows, as texts.

    Parameters
    ----------
    scores : StudyScores
        Scores of the networks of a study.

    Returns
    -------
    dict of str to str
        Texts by topic. A topic that the run does not know is missing.
    """
    results = scores.results
    description = results.description
    facts = {
        **_ALWAYS,
        "title": end_sentence(name_study(description)),
        "technology": "Convolutional neural networks (deep learning) that classify "
        f"chest radiographs: {', '.join(scores.order)}.",
        "summary": f"{describe_run(scores)} {describe_best(scores)}",
        "aims": f"Development and internal testing of {_count(scores)} for the classes "
        f"{', '.join(scores.classes)}.",
        "images": _describe_images(scores),
        "partition": _describe_partition(scores),
        "disjoint": describe_disjoint(results),
        "reproduce": _describe_seed(description),
        "software": _describe_versions(description),
        "processor": _describe_processor(description),
        "uncertainty": f"95 % confidence intervals over {describe_units(results)}, "
        "mean and standard deviation over folds. Networks are compared on the same "
        "images by the tests of McNemar and DeLong, with p-values adjusted by Holm's "
        "method.",
        "performance": describe_best(scores)
        + ' All scores with intervals: sections "Networks" and "Each network".',
        "limits": " ".join(list_limits(scores)),
        **describe_trainings(scores),
    }
    if description.get("scaled"):
        facts["model"] += f" {describe_changes(description['scaled'])}"
    if results.audit:
        facts["robustness"] = _describe_audit(results)
    explained = [fit for fit in results.fits if fit.examples is not None]
    if explained:
        # Results of earlier versions do not name the method.
        methods = {fit.details.get("maps") for fit in explained} - {None}
        named = f" ({', '.join(sorted(methods))})" if methods else ""
        facts["explainability"] = (
            f"Saliency maps{named} of typical images and of the worst errors, in the "
            "section of each network. They were not compared with annotations of "
            "radiologists."
        )
    if description.get("reference"):
        lead = "Scaled version of the study in" if description.get("scaled") else ""
        text = f"{lead} {end_sentence(description['reference'])}".strip()
        facts["reference"] = text
    if not description.get("scaled"):  # a scaled run does not follow the publication
        for topic, text in (description.get("protocol") or {}).items():
            facts[f"protocol {topic}"] = f"The publication states: {end_sentence(text)}"
    if description.get("preprocessing"):
        facts["preprocessing"] = (
            "Applied to each image before the folds: "
            f"{end_sentence(' '.join(description['preprocessing'].split()))}"
        )
    if description.get("leaks"):
        facts["internal"] += (
            ' Exception: this variant has known leaks, see the section "Audit".'
        )
    return {topic: text for topic, text in facts.items() if text}


def _describe_audit(results):
    """Return what the audit did. Overlapping test sets have no shortcut report."""
    text = "The audit searched for copies and leakage"
    if any("scores" in report.tables for report in results.audit):
        text += ", and scored classifiers that cannot see the disease on the same folds"
    return f'{text}: section "Audit".'


def describe_disjoint(results):
    """Return at which level the training and test sets are disjoint, if it is known.

    Parameters
    ----------
    results : StudyResults
        Results of a study.

    Returns
    -------
    str
    """
    leaks = [
        finding.message
        for report in results.audit
        for finding in report.findings
        if finding.kind == "leakage"
    ]
    if leaks:
        return f"Not disjoint: {' '.join(leaks)}"
    if results.data.groups is None:
        return "Images. Patients are unknown, so patients may be on both sides."
    if not results.audit:
        return "Unknown, because the folds were not audited."
    return "Patients: no patient and no found copy is on both sides of a fold."


def end_sentence(text):
    """Return a text that ends with a period or another sign."""
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def list_limits(scores):
    """Return the limits of a study that the run knows.

    Parameters
    ----------
    scores : StudyScores
        Scores of the networks of a study.

    Returns
    -------
    list of str
    """
    results = scores.results
    description = results.description
    limits = [
        f"Leak of this variant: {end_sentence(text)}"
        for text in description.get("leaks", ())
    ]
    limits += [
        finding.message for report in results.audit for finding in report.findings
    ]
    if not results.audit:
        limits.append("The images and folds were not audited.")
    if results.data.groups is None:
        limits.append(
            "Patients are unknown. If patients have several images, then the scores "
            "are too good and the intervals too narrow."
        )
    labels, counts = _count_tested(scores)
    rare = counts.argmin()
    limits.append(
        f"The rarest class, {labels[rare]}, has "
        f"{format_count(int(counts[rare]), 'test image')}."
    )
    limits.append("The networks were not tested on images of another source.")
    return limits


def _count(scores):
    return format_count(len(scores.order), "network")


def _count_tested(scores):
    """Return the classes, and the number of different test images of each class."""
    predictions = scores.predictions[scores.order[0]]
    _, first = np.unique(predictions.rows, return_index=True)
    return np.unique(predictions.y_true[first].astype(str), return_counts=True)


def _describe_partition(scores):
    """Return the number of folds, and whether they test each image once."""
    n_folds = format_count(count_folds(scores.results), "fold")
    rows = scores.predictions[scores.order[0]].rows
    text = f"Cross-validation in {n_folds}."
    if len(np.unique(rows)) < len(rows):
        text = f"{n_folds}. Some images are test images of several folds."
    where = 'The section "Data" has the number of images of each part of each fold.'
    return f"{text} {where}"


def _describe_images(scores):
    labels, counts = _count_tested(scores)
    mixture = ", ".join(f"{n} {c}" for c, n in zip(labels, counts, strict=True))
    results = scores.results
    return f"{describe_images(results)}. Test images per class: {mixture}."


def _describe_seed(description):
    seed = description.get("seed")
    return None if seed is None else f"Seed of the run: {seed}."


def _describe_versions(description):
    versions = description.get("versions") or {}
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    return f"Versions: {named}." if named else None


def _describe_processor(description):
    processor = description.get("processor")
    return f"Processor: {end_sentence(processor)}" if processor else None
