"""Published scores beside measured scores."""

import numpy as np

from cxrclf.audit import ReportTable
from cxrclf.metrics import Estimate
from cxrclf.studies._published_score import PublishedScore

_MACRO = "macro average"
_NOT_MEASURED = Estimate(float("nan"), float("nan"), float("nan"))


def compare_published(results):
    """Return the published scores of a study beside the measured scores.

    Parameters
    ----------
    results : StudyResults

    Returns
    -------
    ReportTable

    Raises
    ------
    ValueError
        If the study has no published scores for its class scheme.
    """
    scheme = results.description["scheme"]
    scores = [PublishedScore(*score) for score in results.description["published"]]
    scores = [score for score in scores if score.scheme in (None, scheme)]
    if not scores:
        raise ValueError(
            f"Study {results.description['name']!r} has no published scores to compare "
            "with. Pass Study(published=...)."
        )
    rows = []
    for score in scores:
        measured = measure(results, score)
        rows.append(
            (
                score.network,
                score.label or "all classes",
                score.score,
                score.value,
                measured,
                _judge(score.value, measured),
            )
        )
    names = ("network", "class", "score", "published", "measured", "difference")
    return ReportTable(
        dict(zip(names, zip(*rows, strict=True), strict=True)),
        "Published scores, and scores of this run over all folds together with 95 % "
        "intervals. A score differs if its published value lies outside the interval, "
        "also if it was rounded.",
    )


def measure(results, score):
    """Return the measured value of a published score with its interval.

    Parameters
    ----------
    results : StudyResults
    score : PublishedScore

    Returns
    -------
    Estimate
        nan if the network, the class or the score was not measured.
    """
    if score.network not in results.networks:
        return _NOT_MEASURED
    table = results.table(score.network)
    if score.label is None and score.score == "accuracy":
        return table.overall_intervals["accuracy"]
    row = _MACRO if score.label is None else score.label
    if row not in table.rows or score.score not in table.columns:
        return _NOT_MEASURED
    return table.interval(row, score.score)


def _judge(published, measured):
    if np.isnan(measured.value):
        return "not measured"
    if np.isnan([measured.low, measured.high]).any():
        return "no interval"
    half = _half_digit(published)
    if measured.low - half <= published <= measured.high + half:
        return "agrees"
    return "differs"


def _half_digit(value):
    """Return half a unit of the last printed digit, at most half a percent.

    A paper that prints 96 % may have measured 95.5 % to 96.5 %.
    """
    n_digits = len(f"{value:.10f}".rstrip("0").split(".")[1])
    return 0.5 * 10.0 ** -max(2, n_digits)
