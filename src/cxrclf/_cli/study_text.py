"""Studies and their results as text and as JSON."""

from collections import Counter
from typing import Any, NamedTuple

from cxrclf._utils.tables import as_text

_ALL = "all classes"


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
        parts = [str(self.results)]
        if self.comparison is not None:
            parts.append(_summarize_comparison(self.comparison))
        return "\n\n".join(parts)

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


def _summarize_comparison(table):
    """Return the published scores of all classes together, and a count of all rows."""
    from cxrclf.audit import ReportTable

    counts = Counter(table["difference"])
    rows = [
        row
        for row, (name, found) in enumerate(
            zip(table["class"], table["difference"], strict=True)
        )
        if name == _ALL and found != "not measured"
    ]
    text = (
        f"Of {len(table)} published scores, {counts['agrees']} lie in the interval of "
        f"the measured score, {counts['differs']} do not, and "
        f"{counts['not measured']} were not measured."
    )
    if rows:
        columns = {
            name: [values[row] for row in rows]
            for name, values in table.columns.items()
        }
        text += f"\n{ReportTable(columns)}"
    return text
