"""Studies and their results as text and as JSON."""

import textwrap
from collections import Counter
from math import isnan
from typing import Any, NamedTuple

from cxrclf._utils.tables import as_text

_ALL, _MACRO = "all classes", "macro average"
_WIDTH = 80  # letters per line
_NAME = 42  # letters of a network's name in a line
_NOTE = "[low, high]: 95 % confidence interval. A report has all scores and costs."
_NOT_COMPARED = (
    "The published scores belong to other networks and settings, so they are not "
    "shown here."
)
_COLUMNS = "network", "class", "score", "published", "measured", "difference"


def list_studies_text(studies):
    """Return a table of studies.

    Parameters
    ----------
    studies : sequence of Study

    Returns
    -------
    str
    """
    width = max(len(study.name) for study in studies)
    lines = [
        [f"{study.name:{width}}  {study.title}", str(len(study.networks))]
        for study in studies
    ]
    return as_text(["study", "networks"], lines)


def study_to_dict(study):
    """Return the description of a study as values for JSON.

    Parameters
    ----------
    study : Study

    Returns
    -------
    dict
    """
    return {
        "name": study.name,
        "title": study.title,
        "reference": study.reference,
        "classes": study.classes,
        "schemes": {name: dict(scheme) for name, scheme in study.schemes.items()},
        "networks": {name: str(study.networks[name]) for name in study.networks},
        "cv": str(study.cv),
        "validation": study.validation,
        "protocol": dict(study.protocol),
        "chosen": study.chosen,
        "leaks": study.leaks,
        "published": [score._asdict() for score in study.published],
    }


class ResultsText(NamedTuple):
    """Results of a study.

    Attributes
    ----------
    results : StudyResults
    comparison : ReportTable or None
        Published and measured scores. None if the study has no published ones.
    """

    results: Any
    comparison: Any

    def __str__(self):
        # The table of the library has all scores and costs, too many for a terminal.
        table = str(self.results.summary())
        before, _, after = str(self.results).partition(table)
        text = _wrap(before) + _summarize_scores(self.results) + _wrap(after)
        if self.comparison is None:
            return text
        if self.results.description.get("scaled"):
            return f"{text}\n\n{_wrap(_NOT_COMPARED)}"
        return f"{text}\n\n{_summarize_comparison(self.comparison)}"

    def to_dict(self):
        """Return the results as values for JSON."""
        results, comparison = self.results, self.comparison
        tables = {name: results.table(name) for name in results.networks}
        return {
            "name": results.description["name"],
            "leaks": results.description["leaks"],
            "n_images": len(results.data),
            "n_folds": results.n_folds,
            "summary": results.summary().to_dict(),
            "scores": {name: table.to_dict() for name, table in tables.items()},
            "comparison": None if comparison is None else comparison.to_dict(),
        }


def describe_results(results):
    """Return results with the comparison to the published scores, if there are any.

    Parameters
    ----------
    results : StudyResults

    Returns
    -------
    ResultsText
    """
    from cxrclf.studies import PublishedScore

    known = [PublishedScore(*score) for score in results.description["published"]]
    schemes = None, results.description["scheme"]
    comparable = any(score.scheme in schemes for score in known)
    return ResultsText(results, results.compare() if comparable else None)


def _summarize_scores(results):
    """Return the main scores of each network as a table that fits a terminal."""
    lines = [["network", "accuracy", "accuracy", "AUC"]]
    for name in results.networks:
        table = results.table(name)
        has_auc = "auc" in table.columns
        cells = [
            _format(table.overall_intervals["accuracy"]),
            f"{table.overall['balanced_accuracy']:.3f}",
            f"{table[_MACRO, 'auc']:.3f}" if has_auc else "",
        ]
        first, found, rest = name.partition(" (for ")
        if len(name) > _NAME and found:
            lines += [[first, *cells], [f"  (for {rest}", "", "", ""]]
        else:
            lines.append([name, *cells])
    text = as_text(["", "", "balanced", "macro"], lines)
    return f"{text}\n{_NOTE}"


def _summarize_comparison(table):
    """Return a count of all published scores, and a table of those of all classes."""
    counts = Counter(table["difference"])
    others = [
        f"{name} {counts[kind]}"
        for kind, name in (
            ("differs", "outside"),
            ("no interval", "no interval"),
            ("not measured", "not measured"),
        )
        if counts[kind]
    ]
    text = (
        "Published scores in the measured interval: "
        f"{counts['agrees']} of {len(table)}"
        + (f" ({', '.join(others)})." if others else ".")
    )
    rows = [
        [network, score, f"{published:.3f}", _format(measured), difference]
        for network, label, score, published, measured, difference in zip(
            *(table[name] for name in _COLUMNS), strict=True
        )
        if label == _ALL and difference != "not measured"
    ]
    if not rows:
        return text
    header = ["network", "score", "published", "measured", ""]
    return f"{text}\n\n{as_text(header, rows)}"


def _wrap(text):
    """Return text with lines that fit a terminal."""
    return "\n".join(
        textwrap.fill(
            line, _WIDTH, subsequent_indent="  " if line.startswith("- ") else ""
        )
        for line in text.split("\n")
    )


def _format(estimate):
    """Return a number with its interval, if there is one."""
    value, low, high = estimate
    return f"{value:.3f}" + ("" if isnan(low) else f" [{low:.3f}, {high:.3f}]")
