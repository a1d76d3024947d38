"""Plain words about the scores of probes."""

import numpy as np

from cxrclf.audit._probe import ESTIMATOR, PROBES
from cxrclf.audit._report_table import format_estimate

_EDGES = {"border", "corners"}


def describe_probe(name, scores, chance, p_value, column=None):
    """Return the message about a probe that beats chance.

    Parameters
    ----------
    name : str
        Name of the probe.
    scores : ProbeScores
        Scores of the probe.
    chance : float
        Balanced accuracy of guessing.
    p_value : float
        p-value, adjusted for the number of probes.
    column : (str, float), default=None
        Column of the metadata with the highest score, and its balanced accuracy.

    Returns
    -------
    str
    """
    text = (
        f"{_name_classifier(name)} that sees only {PROBES[name][0]} reaches a balanced "
        f"accuracy of {format_estimate(scores.balanced_accuracy)}. Chance is "
        f"{chance:.3f} ({_format_p(p_value)})."
    )
    if column is not None:
        text += f" The column {column[0]!r} alone reaches {column[1]:.3f}."
    if np.isfinite(scores.difference.value):
        text += (
            f" The difference to the estimator is {format_estimate(scores.difference)}."
        )
    return text


def read_scores(scores, alarms, chance, tested, level, smallest=0.0):
    """Return sentences about the scores of all probes.

    Parameters
    ----------
    scores : dict of str to ProbeScores
        Scores by the name of the probe. The key of the estimator is ``"estimator"``.
    alarms : sequence of str
        Names of the probes that cannot see the disease and beat chance.
    chance : float
        Balanced accuracy of guessing.
    tested : str
        Number of tested images and of their patients, in words.
    level : float
        Significance level.
    smallest : float, default=0.0
        p-value of a classifier without errors, adjusted for the number of probes.

    Returns
    -------
    list of str
    """
    lines = []
    estimator = scores.get(ESTIMATOR)
    if estimator is not None:
        lines.append(
            "The estimator reaches a balanced accuracy of "
            f"{format_estimate(estimator.balanced_accuracy)} on {tested}. Chance is "
            f"{chance:.3f}."
        )
    else:
        lines.append(f"The probes predict {tested}. Chance is {chance:.3f}.")
    blind = [name for name in scores if name in PROBES and PROBES[name][1]]
    if alarms:
        lines += _read_alarms(scores, alarms, estimator)
    elif blind and smallest > level:
        lines.append(
            "The test cannot decide whether a classifier that cannot see the disease "
            f"beats chance ({', '.join(blind)}): on these folds, a classifier without "
            f"errors would have {_format_p(smallest)}, and the significance level is "
            f"{level:g}. The test needs more patients, or fewer folds with patients of "
            "several classes in each."
        )
    elif blind:
        lines.append(
            "No classifier that cannot see the disease beats chance, among "
            f"{len(blind)} of them ({', '.join(blind)}). The significance level of "
            f"all these tests together is {level:g}. This does not prove that there is "
            "no shortcut."
        )
    lines += _read_context(scores)
    return lines


def read_external_auc(estimate, auc, shuffled):
    """Return sentences about the estimate of the external AUC."""
    return (
        "The estimate of the AUC on external data (PEst of Ong Ly et al. 2024) is "
        f"{format_estimate(estimate)}: the AUC {auc.value:.3f} minus the AUC "
        f"{shuffled.value:.3f} of a clone that was trained on shuffled pixels, plus "
        "0.5. Opacities change gray levels, so that shuffled pixels also contain "
        "disease. The estimate is then too low."
    )


def read_notes(
    without_groups,
    n_without_lungs,
    n_in_border,
    skipped,
    alarms=(),
    *,
    n_copies=0,
    n_dependent=0,
):
    """Return sentences about what limits the report.

    Parameters
    ----------
    without_groups : bool
        Whether patients are unknown.
    n_without_lungs, n_in_border : int
        Number of images without lungs, and with lungs in the border.
    skipped : dict of str to str
        Reason for each probe that was not possible, by its name.
    alarms : sequence of str, default=()
        Names of the probes that are shortcuts.
    n_copies : int, default=0
        Number of images that have a copy among the images.
    n_dependent : int, default=0
        Number of test images with a copy or other images of the patient among the
        training images.

    Returns
    -------
    list of str
    """
    lines = []
    if n_dependent:
        lines.append(
            f"{n_dependent} test image{' has' if n_dependent == 1 else 's have'} a "
            "copy, or other images of the patient, among the training images of the "
            "fold. All scores are too high. The probes profit as well: a probe can "
            "beat chance because it recognizes such an image. Use folds that keep "
            "patients and copies together (StratifiedPatientKFold in Python)."
        )
    if n_copies:
        lines.append(
            f"{n_copies} images belong to groups of copies, in which each image is a "
            "copy of another one. The intervals and tests of these scores count "
            "patients who share an image as one patient."
        )
    if without_groups:
        lines.append(
            "No patient ids were passed. If patients have several images, the "
            "intervals are too narrow and the p-values are too small."
        )
    if n_without_lungs:
        lines.append(
            f"No lungs were found in {_count_images(n_without_lungs)}. The median box "
            "of the other images is used there."
        )
    if "outside_lungs" in skipped and not _EDGES.isdisjoint(alarms):
        lines.append(
            "Whether the lungs reach into the border or the corners was not checked. "
            "The border and the corners can show disease there. A segmenter of the "
            "lungs can check it."
        )
    if n_in_border:
        lines.append(
            f"The lungs reach into the border of {_count_images(n_in_border)}. The "
            "border and the corners can show disease there."
        )
    if skipped:
        names = {reason: [] for reason in skipped.values()}
        for name, reason in skipped.items():
            names[reason].append(name)
        parts = [f"{', '.join(some)} ({reason})" for reason, some in names.items()]
        lines.append(f"Probes that were not possible: {'; '.join(parts)}.")
    return lines


def _count_images(n):
    return "1 image" if n == 1 else f"{n} images"


def _read_alarms(scores, alarms, estimator):
    best, *others = sorted(
        alarms, key=lambda name: -scores[name].balanced_accuracy.value
    )
    score = scores[best].balanced_accuracy
    subject = _name_classifier(best)
    if estimator is not None and score.value <= estimator.balanced_accuracy.value:
        subject = subject[0].lower() + subject[1:]
        value = estimator.balanced_accuracy.value
        subject = f"Beside the {value:.3f} of the estimator, {subject}"
    lines = [
        f"{subject} that sees only {PROBES[best][0]} reaches {format_estimate(score)}. "
        + (
            "It sees a disease only where the lungs reach there."
            if best in _EDGES
            else "It cannot see the disease."
        )
    ]
    if estimator is not None:
        difference = scores[best].difference
        lines[0] += (
            f" The estimator exceeds it by {format_estimate(difference)}."
            if difference.low > 0
            else " The estimator is not clearly better: the difference is "
            f"{format_estimate(difference)}."
        )
    if others:
        lines.append(f"These probes beat chance as well: {', '.join(others)}.")
    lines.append(
        "The classes therefore differ in more than the disease, and the score does not "
        "show how well the disease is recognized."
    )
    return lines


def _read_context(scores):
    lines = []
    if "estimator_lungs" in scores:
        lines.append(
            "A clone of the estimator that is trained and tested on the lungs only "
            f"reaches {format_estimate(scores['estimator_lungs'].balanced_accuracy)}."
        )
    others = [
        name
        for name in ("file_size", "thumbnail", "histogram", "lung_shape")
        if name in scores
    ]
    if others:
        figures = ", ".join(
            f"{PROBES[name][0]} {format_estimate(scores[name].balanced_accuracy)}"
            for name in others
        )
        lines.append(
            f"For comparison: {figures}. These depend on the disease as well, so that "
            "they are no evidence of a shortcut."
        )
    return lines


def _name_classifier(name):
    return "A clone of the estimator" if name.startswith(ESTIMATOR) else "A classifier"


def _format_p(p_value):
    if np.isnan(p_value):
        return "p undefined"
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"
