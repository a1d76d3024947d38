"""Scores and costs of the networks of a study."""

from collections import Counter

import numpy as np

from cxrclf.audit import ReportTable

_MACRO = "macro average"


def summarize_networks(results):
    """Return scores and costs, one row per network.

    Parameters
    ----------
    results : StudyResults

    Returns
    -------
    ReportTable

    Raises
    ------
    ValueError
        If no training is complete.
    """
    if not results.fits:
        raise ValueError(
            "These results have no complete training. Run the study again with the "
            "same folder."
        )
    rows = []
    for name in results.networks:
        table = results.table(name)
        details = [fit.details for fit in results.fits if fit.network == name]
        n_tested = len(results.predictions(name))
        row = {"network": name, **table_scores(table)}
        row |= {
            "parameters (M)": _mean(details, "parameters", 1e-6),
            "trainable (M)": _mean(details, "trainable_parameters", 1e-6),
            "GFLOPs": _mean(details, "flops", 1e-9),
            "MB": _mean(details, "megabytes"),
            "training (s)": _mean(details, "seconds_fit"),
            "prediction (ms)": _mean(
                details, "seconds_predict", 1000 * len(details) / n_tested
            ),
        }
        rows.append(row)
    names = max(rows, key=len)  # only networks with probabilities have an AUC
    return ReportTable(
        {name: [row.get(name) for row in rows] for name in names},
        "Scores of all folds together with 95 % intervals. Parameters in millions, "
        "10⁹ floating-point operations per image, size of the saved model, mean time "
        "of a training, and time of a prediction per image." + _count_folds(results),
    )


def _count_folds(results):
    """Return a sentence about networks that were not tested in all folds."""
    counts = Counter(fit.network for fit in results.fits)
    parts = [
        f"{name}: {counts[name]} of {results.n_folds} folds"
        for name in results.networks
        if counts[name] < results.n_folds
    ]
    return f" Not complete: {', '.join(parts)}." if parts else ""


def table_scores(table):
    """Return the overall scores of a table, with intervals where there are any.

    Parameters
    ----------
    table : ScoreTable
        Table with intervals.

    Returns
    -------
    dict of str to Estimate
        Overall accuracy, and macro averages.
    """
    scores = {"accuracy": table.overall_intervals["accuracy"]}
    for name in ("sensitivity", "precision", "specificity", "f1", "auc"):
        if name in table.columns:
            scores[name] = table.interval(_MACRO, name)
    return scores


def _mean(details, name, scale=1.0):
    values = [one.get(name) for one in details]
    if None in values:
        return None
    return scale * float(np.mean(values))
