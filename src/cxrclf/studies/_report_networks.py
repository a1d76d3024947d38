"""Sections of the report of a study that compare its networks."""

from functools import partial

from cxrclf._utils.counts import format_count
from cxrclf.audit import Report, ReportTable
from cxrclf.metrics import Estimate
from cxrclf.studies._draw_estimates import draw_estimates
from cxrclf.studies._report_overview import (
    find_published,
    list_published,
    name_score,
)

_FEW = 12  # rows of differences that are shown at once
_MANY = 20  # rows of published scores that are shown at once
_AVERAGES = {"sensitivity", "precision", "specificity", "f1", "auc"}
_VERDICTS = {
    "agrees": ("agrees", "agree"),
    "differs": ("differs", "differ"),
    "no interval": ("has no interval", "have no interval"),
    "not measured": ("was not measured", "were not measured"),
}


def report_networks(scores):
    """Return the scores of all networks, their differences, and the published scores.

    Parameters
    ----------
    scores : StudyScores
        Scores of the networks of a study.

    Returns
    -------
    list of Report
        Reports "Networks", "Published and measured scores" (if there are published
        scores), "Differences between networks" (if there are several) and "Time and
        size".
    """
    summary = scores.results.summary()
    scored, costs = split_summary(summary, scores.order)
    reports = [_report_scores(scores, scored)]
    if list_published(scores.results.description):
        description = scores.results.description
        reports.append(_report_published(scores.results.compare(), description))
    if scores.differences is not None:
        reports.append(_report_differences(scores))
    if costs is not None:
        reports.append(Report("Time and size", None, {"cost_of_each_network": costs}))
    return reports


def split_summary(summary, order):
    """Return the scores and the costs of a summary as two tables.

    Parameters
    ----------
    summary : ReportTable
        One row per network. The first column has the names. Columns with estimates are
        scores, and all others are costs.
    order : sequence of str
        Networks in the order of the tables.

    Returns
    -------
    scores : ReportTable
    costs : ReportTable or None
        None if there are no costs.
    """
    key, *names = summary.columns
    places = [summary[key].index(network) for network in order]

    def select(chosen, caption):
        columns = {name: [summary[name][k] for k in places] for name in [key, *chosen]}
        return ReportTable(
            {_name_average(name): values for name, values in columns.items()}, caption
        )

    scored = [
        name
        for name in names
        if any(isinstance(value, Estimate) for value in summary[name])
    ]
    costs = [
        name
        for name in names
        if name not in scored and any(value is not None for value in summary[name])
    ]
    return (
        select(
            scored,
            "Scores of all test images together, with 95 % intervals. A macro average "
            "is the mean over the classes. The macro sensitivity is also named "
            "balanced accuracy.",
        ),
        select(costs, _caption_costs(summary.caption)) if costs else None,
    )


def _caption_costs(caption):
    """Return the caption of a summary without the sentence about its scores."""
    first, _, rest = caption.partition(". ")
    return (rest if first.startswith("Scores") else caption) or "Means over the folds."


def _name_average(name):
    """Return the name of a column. Macro averages are named."""
    return f"macro {name_score(name)}" if name in _AVERAGES else name


def _report_scores(scores, table):
    """Return the scores of all networks, and a figure of the accuracy."""
    order = scores.order
    published = find_published(scores.results.description, "accuracy")
    marks = None
    text = "Accuracy of each network with its 95 % interval"
    if any(name in published for name in order):
        marks = {"published": [published.get(name, float("nan")) for name in order]}
        text += ", and the published accuracy"
    draw = partial(
        draw_estimates,
        order,
        [scores.overall(name, "accuracy") for name in order],
        ["measured"] * len(order),
        "accuracy, 95 % interval",
        marks=marks,
    )
    reading = [
        "The networks are sorted by their balanced accuracy. An interval contains "
        "the uncertainty that comes from the choice of patients. It does not contain "
        "the variation of the training."
    ]
    return Report(
        "Networks", None, {"scores": table}, reading, figures={f"{text}.": draw}
    )


def _report_published(table, description):
    """Return the published scores beside the measured ones."""
    reading = [
        "A published score differs if it lies outside the interval of the measured "
        "score. The two come from different images or folds, so a difference is not an "
        f"error by itself. {_count_verdicts(table['difference'])}"
    ]
    if description.get("scaled"):
        reading.append(
            "This run is scaled: the published scores belong to other networks or "
            "settings. The comparison does not show whether the published scores can "
            "be reproduced."
        )
    scores = [name_score(name) for name in table["score"]]
    table = ReportTable(table.columns | {"score": scores}, table.caption)
    title = "Published and measured scores"
    overall = [k for k, label in enumerate(table["class"]) if label == "all classes"]
    if len(table) <= _MANY or not overall:
        return Report(title, None, {"published_scores": table}, reading)
    columns = {name: [table[name][k] for k in overall] for name in table.columns}
    return Report(
        title,
        None,
        {"scores_of_all_classes_together": ReportTable(columns, table.caption)},
        reading,
        parts=[Report("All published scores", None, {"published_scores": table})],
    )


def _count_verdicts(verdicts):
    """Return a sentence: "2 of 3 published scores agree, and 1 was not measured."."""
    parts = [
        f"{verdicts.count(name)} {one if verdicts.count(name) == 1 else many}"
        for name, (one, many) in _VERDICTS.items()
        if name in verdicts
    ]
    n = format_count(len(verdicts), "published score")
    return f"Of {n}, {' and '.join(parts)}."


def _report_differences(scores):
    """Return the paired differences, of the best network first."""
    pairs = list(scores.differences)
    best = scores.order[0]
    first = [pair for pair in pairs if pair.first == best]
    note = (
        " Difference: first minus second network on the same images, with 95 % "
        "intervals. p: McNemar (accuracy) or DeLong (AUC). p (Holm) is adjusted for "
        "all pairs and scores."
    )
    everything = _tabulate_pairs(pairs, "All pairs of networks." + note)
    if len(pairs) <= _FEW:
        return Report("Differences between networks", None, {"differences": everything})
    shown = _tabulate_pairs(first, f"{best} against each other network." + note)
    part = Report("All pairs", None, {"all_differences": everything})
    return Report(
        "Differences between networks",
        None,
        {"differences_to_the_best": shown},
        parts=[part],
    )


def _tabulate_pairs(pairs, caption):
    return ReportTable(
        {
            "first": [pair.first for pair in pairs],
            "second": [pair.second for pair in pairs],
            "score": [
                pair.score.replace("auc_", "AUC of ", 1)
                if pair.score.startswith("auc_")
                else pair.score
                for pair in pairs
            ],
            "difference": [pair.comparison.difference for pair in pairs],
            "p": [_format_p(pair.comparison.p_value) for pair in pairs],
            "p (Holm)": [_format_p(pair.adjusted_p_value) for pair in pairs],
        },
        caption,
    )


def _format_p(p):
    """Return a p-value as text: "0.034", "< 0.0001" or "" if it is undefined."""
    if p != p:
        return ""
    return "< 0.0001" if p < 1e-4 else f"{p:.2g}"
