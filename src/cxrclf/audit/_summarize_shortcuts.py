"""Make the report of a study of shortcuts."""

import numpy as np

from cxrclf.audit._finding import Finding
from cxrclf.audit._probe import ESTIMATOR, PROBES
from cxrclf.audit._probe_scores import estimate_external_auc
from cxrclf.audit._report_table import ReportTable
from cxrclf.audit._shortcut_reading import (
    describe_probe,
    read_external_auc,
    read_notes,
    read_scores,
)
from cxrclf.audit._shortcuts import ShortcutReport
from cxrclf.metrics import holm

_SHUFFLED = "estimator_shuffled"


def summarize_shortcuts(study, level, *, skipped, n_lungs):
    """Make the report of a study of shortcuts.

    Parameters
    ----------
    study : ShortcutStudy
        Predictions and scores of all classifiers.
    level : float
        Significance level for all probes together.
    skipped : dict of str to str
        Reason for each probe that was not possible, by its name.
    n_lungs : (int, int)
        Number of images without lungs, and with lungs in the border.

    Returns
    -------
    ShortcutReport
    """
    scores = study.scores
    first = next(iter(study.predictions.values()))
    chance = 1 / len(np.unique(first.y_true))
    p_values = adjust_p_values(scores)
    alarms = [
        name
        for name, p_value in p_values.items()
        # The interval of the AUC is undefined for classifiers without probabilities.
        if p_value <= level and not scores[name].auc.low <= 0.5
    ]
    n_patients = study.count_patients()
    units = "images" if n_patients is None else "patients"
    tables = {"scores": _tabulate_scores(scores, p_values, alarms, units)}
    if study.columns:
        tables["metadata"] = _tabulate_columns(study.columns)
    external = None
    if _SHUFFLED in scores:
        external = estimate_external_auc(
            study.predictions[ESTIMATOR], study.predictions[_SHUFFLED], study.settings
        )
    tested = f"{len(first)} images"
    if n_patients is not None:
        tested += f" of {n_patients} patients"
    smallest = min(1.0, len(p_values) * study.find_smallest_p_value())
    reading = read_scores(scores, alarms, chance, tested, level, smallest)
    if external is not None and np.isfinite(external.value):
        reading.append(
            read_external_auc(external, scores[ESTIMATOR].auc, scores[_SHUFFLED].auc)
        )
    reading += read_notes(
        n_patients is None,
        *n_lungs,
        skipped,
        alarms,
        n_copies=study.count_copies(),
        n_dependent=study.count_dependent(),
    )
    return ShortcutReport(
        _make_findings(scores, p_values, alarms, chance, tables.get("metadata")),
        tables,
        reading,
        predictions=study.predictions,
        column_predictions=study.column_predictions,
        probe_scores=scores,
        alarms=alarms,
        chance=chance,
        external_auc=external,
        pictures=study.pictures,
        skipped=skipped,
        confidence_level=study.settings.confidence_level,
    )


def adjust_p_values(scores):
    """Return Holm's p-values of the probes that cannot see the disease.

    Parameters
    ----------
    scores : dict of str to ProbeScores

    Returns
    -------
    dict of str to float
    """
    blind = [name for name in scores if name in PROBES and PROBES[name][1]]
    adjusted = holm([scores[name].p_value for name in blind])
    return dict(zip(blind, adjusted.tolist(), strict=True))


def _make_findings(scores, p_values, alarms, chance, columns):
    """Return one finding per shortcut, the most telling first."""
    best = None
    if columns is not None:
        best = columns["column"][0], columns["balanced accuracy"][0].value
    ranked = sorted(alarms, key=lambda name: -scores[name].balanced_accuracy.value)
    return [
        Finding(
            "shortcut",
            name,
            describe_probe(
                name,
                scores[name],
                chance,
                p_values[name],
                best if name == "metadata" else None,
            ),
            n=1,
        )
        for name in ranked
    ]


def _tabulate_scores(scores, p_values, alarms, units):
    names = list(scores)
    sees = [
        "" if name == ESTIMATOR else "no" if PROBES[name][1] else "in part"
        for name in names
    ]
    columns = {
        "classifier": names,
        "sees the disease": sees,
        "shortcut": ["yes" if name in alarms else "" for name in names],
        "balanced accuracy": [scores[name].balanced_accuracy for name in names],
        "p": [p_values.get(name) for name in names],
        "difference": [
            None if name == ESTIMATOR else scores[name].difference for name in names
        ],
        "AUC": [scores[name].auc for name in names],
        "accuracy": [scores[name].accuracy for name in names],
    }
    if ESTIMATOR not in scores:
        del columns["difference"]
    return ReportTable(
        columns,
        f"Scores of all test images together, with intervals over {units}. p: test of "
        "the AUC against chance, adjusted by Holm's method for the number of probes. "
        "With many probes, a probe can be no shortcut although its interval lies above "
        "chance."
        + (
            " difference: balanced accuracy of the estimator minus balanced accuracy "
            "of the row."
            if ESTIMATOR in scores
            else ""
        ),
    )


def _tabulate_columns(columns):
    names = sorted(columns, key=lambda name: -columns[name].balanced_accuracy.value)
    return ReportTable(
        {
            "column": names,
            "balanced accuracy": [columns[name].balanced_accuracy for name in names],
            "AUC": [columns[name].auc for name in names],
        },
        "Scores of classifiers that see one column of the headers.",
    )
