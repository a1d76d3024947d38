"""Report of an external validation."""

import numpy as np

from cxrclf._utils.optional import import_optional
from cxrclf._utils.plot_text import plain_text
from cxrclf.audit._compare_sets import compare_calibration, compare_sets
from cxrclf.audit._finding import Finding
from cxrclf.audit._report import Report
from cxrclf.audit._report_table import ReportTable, format_estimate
from cxrclf.metrics import choose_threshold, proportion_interval

_WORDS = {"accuracy": "accuracy", "balanced_accuracy": "balanced accuracy"}


class ExternalValidationReport(Report):
    """Report of an external validation.

    :func:`external_validation` returns this object.

    Attributes
    ----------
    findings : tuple of Finding
        Findings of the kind "drift" with the codes `score_drops` and `images_differ`.
    tables : dict of str to ReportTable
        - "scores": accuracy, balanced accuracy and mean AUC of both sets, and their
          differences, on the classes that both sets have;
        - "classes": number of images and area under the ROC curve of these classes;
        - "thresholds": the threshold of each class, and the sensitivity and specificity
          that it reaches in both sets;
        - "calibration": calibration of the probabilities in both sets, see
          :func:`~cxrclf.metrics.calibration_scores`;
        - "drift": measures of the images of both sets;
        - "left_out": external images that were left out.
    internal, external : Predictions
        Out-of-fold predictions of the internal images, and predictions of the external
        images that were used.
    """

    def __init__(
        self,
        internal,
        external,
        leaks,
        drift,
        names,
        *,
        sensitivity,
        specificity,
        random_state,
    ):
        self.internal = internal
        self.external = external
        table, separability = drift
        tables = {
            **compare_sets(internal, external),
            "thresholds": _carry_over(internal, external, sensitivity, specificity),
            "calibration": compare_calibration(internal, external, random_state),
            "drift": table,
            "left_out": _list_left_out(leaks, names),
        }
        findings = [
            *_find_drop(tables["scores"]),
            *_find_drift(separability),
        ]
        reading = _read(internal, external, leaks, tables["scores"])
        if separability is None:
            reading.append(
                "A set has too few patients to find out whether a classifier can tell "
                "the two sets apart."
            )
        super().__init__("External validation", findings, tables, reading)

    def plot(self):
        """Draw the scores of both sets with their intervals.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        MissingDependencyError
            If Matplotlib is not installed.
        """
        pyplot = import_optional(
            "matplotlib.pyplot", extra="plot", purpose="ExternalValidationReport.plot"
        )
        lines = _lines_of_figure(self.tables)
        figure, axes = pyplot.subplots(
            figsize=(7, 1.2 + 0.5 * len(lines)), layout="constrained"
        )
        for side, offset, color, marker in (
            (1, -0.12, "tab:blue", "o"),
            (2, 0.12, "tab:orange", "s"),
        ):
            for place, line in enumerate(lines):
                value, low, high = line[side]
                axes.plot([low, high], [place + offset] * 2, color=color, linewidth=1.5)
                axes.plot(value, place + offset, marker, color=color, markersize=6)
            label = ("internal, out of fold", "external")[side - 1]
            axes.plot([], [], marker, color=color, linestyle="-", label=label)
        axes.set_yticks(range(len(lines)), [plain_text(line[0]) for line in lines])
        axes.invert_yaxis()
        axes.set_xlabel("score with 95 % interval")
        axes.set_xlim(right=1.005)
        axes.grid(axis="x", alpha=0.3)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False)
        return figure

    def _figures(self):
        text = "Scores of the internal images, out of fold, and of the external images"
        yield text + ", with 95 % intervals.", self.plot()


def _carry_over(internal, external, sensitivity, specificity):
    """Return the table of thresholds, chosen inside and applied outside."""
    columns = {name: [] for name in ("class", "threshold")}
    rates = ("sensitivity", "specificity")
    columns |= {
        f"{side}_{rate}": [] for side in ("internal", "external") for rate in rates
    }
    for code, label in enumerate(internal.classes):
        threshold = choose_threshold(
            internal.y_true == label,
            internal.y_score[:, code],
            sensitivity=sensitivity,
            specificity=specificity,
        )
        columns["class"].append(str(label))
        columns["threshold"].append(float(threshold))
        for side, predictions in (("internal", internal), ("external", external)):
            for rate, estimate in zip(
                rates, _rates(predictions, label, code, threshold), strict=True
            ):
                columns[f"{side}_{rate}"].append(estimate)
    name, value = (
        ("sensitivity", sensitivity)
        if sensitivity is not None
        else ("specificity", specificity)
    )
    return ReportTable(
        columns,
        f"Each threshold reaches a {name} of {value:g} on the internal out-of-fold "
        "predictions. It is applied to the external images unchanged.",
    )


def _rates(predictions, label, code, threshold):
    """Return sensitivity and specificity of a class at a threshold."""
    is_class = predictions.y_true == label
    positive = predictions.y_score[:, code] >= threshold
    for rows, right in ((is_class, positive), (~is_class, ~positive)):
        groups = None if predictions.units is None else predictions.units[rows]
        yield proportion_interval(right[rows], groups=groups)


def _list_left_out(leaks, names):
    rows = leaks.test[leaks.affected]
    reasons = [
        "copy" if copy else "patient"
        for copy in (leaks.exact_copy | leaks.near_copy)[leaks.affected]
    ]
    return ReportTable(
        {"image": [names[row] for row in rows], "same": reasons},
        "External images that are copies of internal images or of the same patients.",
    )


def _read_overlap(leaks):
    """Return the sentences about external images that were left out."""
    is_copy = leaks.exact_copy | leaks.near_copy
    n = len(leaks.test)
    for k, one, many in (
        (
            int(is_copy.sum()),
            "a copy of an internal image, and was left out",
            "copies of internal images, and were left out",
        ),
        (
            int((leaks.same_patient & ~is_copy).sum()),
            "another image of a patient with internal images, and was left out",
            "other images of patients with internal images, and were left out",
        ),
    ):
        if k:
            what = f"is {one}" if k == 1 else f"are {many}"
            yield f"{k} of {n} external images {what}."


def _find_drop(scores):
    """Return the findings about scores that are lower outside."""
    drops = [
        (name, estimate)
        for name, estimate in zip(scores["score"], scores["difference"], strict=True)
        if estimate.high < 0
    ]
    if drops:
        text = ", ".join(
            f"{_WORDS.get(name, 'mean AUC')} {format_estimate(estimate)}"
            for name, estimate in drops
        )
        yield Finding(
            "drift",
            "score_drops",
            f"Scores are lower on the external images (differences: {text}).",
            len(drops),
        )


def _find_drift(separability):
    """Return the finding about images that a classifier tells apart."""
    if separability is not None and separability.low > 0.5:
        yield Finding(
            "drift",
            "images_differ",
            "A classifier that does not know the labels tells the two sets apart from "
            "small images, with an area under the ROC curve of "
            f"{format_estimate(separability)} (0.5 is chance).",
        )


def _read(internal, external, leaks, scores):
    """Return the sentences that explain the report."""
    missing = np.setdiff1d(internal.y_true, external.y_true).tolist()
    names = scores["score"]
    i = names.index("balanced_accuracy")
    inside, outside = (scores[side][i] for side in ("internal", "external"))
    sentences = [
        f"The classifier was cross-validated on {len(internal)} internal images and "
        f"tested on {len(external)} of {len(leaks.test)} external images.",
        *_read_overlap(leaks),
        f"The balanced accuracy is {format_estimate(inside)} inside and "
        f"{format_estimate(outside)} outside, a difference of "
        f"{format_estimate(scores['difference'][i])}.",
    ]
    if missing:
        sentences.append(
            f"There are no external images of {', '.join(map(str, missing))}. Scores "
            "of several classes are compared without these images."
        )
    return sentences


def _lines_of_figure(tables):
    """Return the name, the internal and the external estimate of each score."""
    lines = [
        (_WORDS.get(name, "mean AUC"), inside, outside)
        for name, inside, outside in zip(
            *(tables["scores"][name] for name in ("score", "internal", "external")),
            strict=True,
        )
    ]
    classes = tables["classes"]
    lines += [
        (f"AUC of {label}", inside, outside)
        for label, inside, outside in zip(
            *(classes[name] for name in ("class", "internal_auc", "external_auc")),
            strict=True,
        )
    ]
    thresholds = tables["thresholds"]
    for rate in ("sensitivity", "specificity"):
        lines += [
            (f"{rate} for {label}", inside, outside)
            for label, inside, outside in zip(
                thresholds["class"],
                thresholds[f"internal_{rate}"],
                thresholds[f"external_{rate}"],
                strict=True,
            )
        ]
    return [line for line in lines if not np.isnan([line[1][0], line[2][0]]).any()]
