"""Compare the scores of two independent sets of images."""

import numpy as np

from cxrclf.audit._report_table import ReportTable
from cxrclf.audit._summary_scores import summarize
from cxrclf.metrics import Estimate, calibration_scores

_OVERALL = ("brier", "ece", "ece_null")
_PER_CLASS = ("slope", "intercept")


def compare_sets(internal, external):
    """Compare the predictions of internal and external images.

    Scores of several classes are compared on the classes that both sets have. Images of
    other classes are left out.

    Parameters
    ----------
    internal, external : Predictions
        Predictions with the same classes.

    Returns
    -------
    dict of str to ReportTable
        "scores" and "classes", see
        :class:`~cxrclf.audit.ExternalValidationReport`.
    """
    shared = np.intersect1d(internal.y_true, external.y_true)
    internal, external = (
        predictions.subset(np.isin(predictions.y_true, shared))
        for predictions in (internal, external)
    )
    inside, outside = summarize(internal), summarize(external)
    scores = ReportTable(
        {
            "score": list(inside),
            "internal": list(inside.values()),
            "external": list(outside.values()),
            "difference": [subtract(outside[name], inside[name]) for name in inside],
        },
        "Scores with 95 % intervals, on the classes that both sets have. A difference "
        "below 0 is a loss on the external images.",
    )
    tables = [predictions.table(intervals=True) for predictions in (internal, external)]
    labels = [str(label) for label in shared]
    columns = {"class": labels}
    for side, table in zip(("internal", "external"), tables, strict=True):
        columns[f"{side}_images"] = [int(table[label, "support"]) for label in labels]
    for side, table in zip(("internal", "external"), tables, strict=True):
        columns[f"{side}_auc"] = [table.interval(label, "auc") for label in labels]
    columns["difference"] = [
        subtract(out, inn)
        for inn, out in zip(
            columns["internal_auc"], columns["external_auc"], strict=True
        )
    ]
    classes = ReportTable(
        columns, "Number of images and area under the ROC curve of each class."
    )
    return {"scores": scores, "classes": classes}


def compare_calibration(internal, external, random_state):
    """Compare the calibration of the probabilities of two sets.

    Parameters
    ----------
    internal, external : Predictions
        Predictions with probabilities and with the same classes.
    random_state : int
        Seed of the resamples.

    Returns
    -------
    ReportTable
        One row per score of all classes, and per slope and intercept of a class.
    """
    tables = [
        calibration_scores(
            predictions.y_true,
            predictions.y_score,
            classes=predictions.classes,
            groups=predictions.units,
            random_state=random_state,
        )
        for predictions in (internal, external)
    ]
    keys = [("overall", score) for score in _OVERALL]
    keys += [(str(label), s) for label in internal.classes for s in _PER_CLASS]
    columns = {
        "class": [key[0] for key in keys],
        "score": [key[1] for key in keys],
        "internal": [tables[0][key] for key in keys],
        "external": [tables[1][key] for key in keys],
    }
    return ReportTable(
        columns,
        "Calibration of the probabilities. ece_null is the ECE of perfectly calibrated "
        "probabilities of as many images. A slope below 1 stands for probabilities "
        "that are too extreme.",
    )


def subtract(one, two):
    """Return the difference of two independent estimates with its interval.

    The interval follows Zou and Donner, "Construction of confidence limits about effect
    measures: a general approach", Statistics in Medicine 27, 2008.

    Parameters
    ----------
    one, two : Estimate
        Estimates from independent samples.

    Returns
    -------
    Estimate
        The first minus the second.
    """
    difference = one.value - two.value
    low = difference - np.hypot(one.value - one.low, two.high - two.value)
    high = difference + np.hypot(one.high - one.value, two.value - two.low)
    return Estimate(difference, float(low), float(high))
