"""Audit section of the report of a study."""

from functools import partial

import numpy as np

from cxrclf.audit import Finding, Report, ReportTable
from cxrclf.studies._draw_estimates import draw_estimates

_PROBES = ("sees the disease", "balanced accuracy", "AUC")
_NETWORK, _BLIND, _PARTLY = (
    "network",
    "cannot see the disease",
    "may see signs of the disease",
)


def report_audit(scores):
    """Return the findings of the audit, and the networks beside the probes.

    The known leaks of the variant are the first findings. The reports of the audit are
    parts.

    Parameters
    ----------
    scores : StudyScores
        Scores of the networks of a study.

    Returns
    -------
    Report
    """
    results = scores.results
    findings = [
        Finding("leakage", "protocol", f"The variant has this leak: {text}")
        for text in results.description.get("leaks", ())
    ]
    findings += [finding for report in results.audit for finding in report.findings]
    reading, tables, figures = [], {}, {}
    if not results.audit:
        reading.append(
            "The folds and the images were not audited, because the study was run "
            "without an audit. Copies, leakage and shortcuts are therefore unknown."
        )
    elif not findings:
        reading.append("The audit found no leakage, no copies and no shortcuts.")
    probes = _find_probes(results.audit)
    if probes is not None:
        chance = 1 / len(scores.classes)
        table = _tabulate(scores, probes)
        tables["networks_and_probes"] = table
        reading.append(_compare(scores, probes, chance))
        figures[
            "Balanced accuracy of the networks, and of simple classifiers that see "
            "only a part of the data (probes), with 95 % intervals."
        ] = partial(
            draw_estimates,
            table["classifier"],
            table["balanced accuracy"],
            table["kind"],
            "balanced accuracy, 95 % interval",
            order=(_NETWORK, _BLIND, _PARTLY),
            line=("chance", chance),
        )
    parts = [
        Report(
            report.title,
            None,
            {name: _name_folds(table) for name, table in report.tables.items()},
            report.reading,
            figures=report.figures,
        )
        for report in results.audit
    ]
    return Report("Audit", findings, tables, reading, figures=figures, parts=parts)


def _name_folds(table):
    """Return a table in which the splits are named folds, as in all other sections."""
    columns = {
        "fold" if name == "split" else name: values
        for name, values in table.columns.items()
    }
    return ReportTable(columns, table.caption, max_letters=table.max_letters)


def _find_probes(reports):
    """Return the probes as (name, kind, balanced accuracy, AUC), or None."""
    for report in reports:
        table = report.tables.get("scores")
        if table is not None and all(name in table.columns for name in _PROBES):
            rows = zip(
                table["classifier"], *(table[name] for name in _PROBES), strict=True
            )
            return [
                (name, _BLIND if sees == "no" else _PARTLY, balanced, auc)
                for name, sees, balanced, auc in rows
                if sees
            ]
    return None


def _tabulate(scores, probes):
    """Return networks and probes as one table, the best first."""
    rows = [
        (
            name,
            _NETWORK,
            scores.overall(name, "balanced_accuracy"),
            scores.macro(name, "auc"),
        )
        for name in scores.order
    ]
    rows += [(f"probe: {name.replace('_', ' ')}", *rest) for name, *rest in probes]
    rows.sort(key=lambda row: -np.nan_to_num(row[2][0]))
    names, kinds, balanced, auc = zip(*rows, strict=True)
    return ReportTable(
        {
            "classifier": names,
            "kind": kinds,
            "balanced accuracy": balanced,
            "macro AUC": auc,
        },
        "Networks and probes on the same folds, the best first. A probe is a simple "
        "classifier that sees only a part of the data. A macro AUC is the mean over "
        "the classes.",
    )


def _compare(scores, probes, chance):
    """Return sentences that compare the networks with the best blind probe."""
    blind = [probe for probe in probes if probe[1] == _BLIND]
    if not blind:
        return (
            "The data allow no probe that cannot see the disease, so shortcuts were "
            "not searched for."
        )
    name, _, best, _ = max(blind, key=lambda probe: np.nan_to_num(probe[2][0]))
    text = (
        f"The best classifier that cannot see the disease ({name.replace('_', ' ')}) "
        f"has a balanced accuracy of {best[0]:.3f}. Guessing has {chance:.3f}."
    )
    better = [name for name in scores.order if _find_lowest(scores, name) > best[0]]
    if len(better) == len(scores.order):
        return f"{text} All networks are better: their intervals lie above this score."
    if not better:
        return (
            f"{text} No network is clearly better: no interval of a network lies above "
            "this score."
        )
    if len(better) == 1:
        return (
            f"{text} Only {better[0]} is clearly better: its interval lies above this "
            "score."
        )
    return (
        f"{text} Only these networks are clearly better: {', '.join(better)}. Their "
        "intervals lie above this score."
    )


def _find_lowest(scores, network):
    """Return the lower bound of the balanced accuracy, or its value without one."""
    value, low, _ = scores.overall(network, "balanced_accuracy")
    return value if np.isnan(low) else low
