"""Report of one network of a study."""

from functools import partial
from pathlib import PurePath

import numpy as np

from cxrclf._utils.optional import import_optional
from cxrclf._utils.plot_text import plain_text
from cxrclf.audit import Report, ReportTable
from cxrclf.inspection import SaliencyDisplay
from cxrclf.metrics import (
    PrecisionRecallDisplay,
    ReliabilityDisplay,
    RocDisplay,
    calibration_scores,
)
from cxrclf.studies._draw_cases import draw_cases
from cxrclf.studies._draw_confusion import draw_confusion
from cxrclf.studies._draw_histories import draw_histories, list_scores
from cxrclf.studies._report_cases import choose_cases, tabulate_errors
from cxrclf.studies._report_overview import name_score
from cxrclf.studies._study_scores import cell, tabulate_scores

_N_SALIENCY, _N_SHEET = 4, 9  # images per figure


def report_network(scores, network):
    """Return the tables and the figures of one network.

    Parameters
    ----------
    scores : StudyScores
        Scores of the networks of a study.
    network : str
        Name of the network.

    Returns
    -------
    Report
        The parts are the scores of each class and over folds with the confusion
        matrix, ROC and precision-recall curves, learning curves, the calibration, and
        cases with saliency maps. A part without content is left out.
    """
    predictions = scores.predictions[network]
    matrix = np.asarray(scores.results.confusion_matrix(network))
    classes = [str(label) for label in predictions.classes]
    parts = [
        _report_scores(scores, network, matrix, classes),
        _report_curves(scores, network),
        _report_training(scores, network),
        _report_calibration(scores, network),
        _report_cases(scores, network),
    ]
    return Report(
        network,
        None,
        reading=[_read(scores, network, matrix, classes)],
        parts=[part for part in parts if part.tables or part.figures],
        fold_parts=False,
    )


def has_probabilities(predictions):
    """Return whether the scores of predictions are probabilities."""
    scores = predictions.y_score
    return (
        scores is not None
        and bool((scores >= 0).all() and (scores <= 1).all())
        and bool(np.allclose(scores.sum(axis=1), 1, atol=1e-3))
    )


def _read(scores, network, matrix, classes):
    """Return sentences about the accuracy and the most frequent error."""
    accuracy = scores.overall(network, "accuracy")
    n, right = int(matrix.sum()), int(np.trace(matrix))
    # Several folds may test the same image.
    several = len(np.unique(scores.predictions[network].rows)) < n
    noun = "predictions" if several else "test images"
    text = f"{right:,} of {n:,} {noun} have the right class (accuracy {accuracy:.3f})."
    errors = matrix - np.diag(np.diag(matrix))
    if errors.any():
        row, column = np.unravel_index(errors.argmax(), errors.shape)
        text += (
            f" The most frequent error: {errors[row, column]:,} of "
            f"{matrix[row].sum():,} images of the class {classes[row]} were classified "
            f"as {classes[column]}."
        )
    return text


def _report_scores(scores, network, matrix, classes):
    """Return the scores of each class and over folds, and the confusion matrix."""
    predictions = scores.predictions[network]
    tables = {
        "each_class": tabulate_scores(
            scores.tables[network],
            "Each class against all others, over the test images of all folds, with "
            "95 % intervals.",
        )
    }
    if predictions.fold is not None and len(np.unique(predictions.fold)) > 1:
        summary = scores.results.fold_summary(network)
        tables["over_folds"] = _tabulate_folds(summary)
    tables["confusion_matrix"] = ReportTable(
        {
            "true class": classes,
            **{f"predicted {c}": matrix[:, k] for k, c in enumerate(classes)},
        },
        "Number of images per true class (rows) and predicted class (columns).",
    )
    text = f"{network}: confusion matrix, counts and shares of the true class."
    return Report(
        "Scores",
        None,
        tables,
        figures={text: partial(draw_confusion, matrix, classes)},
    )


def _report_curves(scores, network):
    """Return ROC and precision-recall curves, if there are scores of two classes."""
    predictions = scores.predictions[network]
    if predictions.y_score is None or len(np.unique(predictions.y_true)) < 2:
        return Report("Curves", None)
    figures = {
        f"{network}: ROC curves. Solid: all folds pooled, with a band of 95 % "
        "intervals. Dashed: mean curve of the folds. The tables have the same "
        "areas.": partial(_draw_curve, RocDisplay, predictions),
        f"{network}: precision-recall curves. Solid: all folds pooled, with a band of "
        "95 % intervals. Dashed: mean curve of the folds. Dotted: share of the "
        "class.": partial(_draw_curve, PrecisionRecallDisplay, predictions),
    }
    return Report("Curves", None, figures=figures)


def _report_training(scores, network):
    """Return learning curves, if there are histories."""
    histories = [history for history in scores.results.histories(network) if history]
    if not list_scores(histories):
        return Report("Training", None)
    text = (
        f"{network}: learning curves. Line: mean over the folds. Band: range of the "
        "folds. Dotted: start of a phase."
    )
    return Report("Training", None, figures={text: partial(draw_histories, histories)})


def _report_calibration(scores, network):
    """Return the calibration, if the scores are probabilities."""
    predictions = scores.predictions[network]
    if not has_probabilities(predictions):
        return Report("Calibration", None)
    text = (
        f"{network}: calibration. Share of images in a class against its predicted "
        "probability, with 95 % intervals."
    )
    return Report(
        "Calibration",
        None,
        {"calibration_scores": _tabulate_calibration(predictions)},
        figures={text: partial(_draw_calibration, predictions)},
    )


def _report_cases(scores, network):
    """Return saliency maps of typical images and of errors, and the worst errors."""
    predictions = scores.predictions[network]
    names = scores.results.data.names
    fits = scores.fits(network)
    figures, tables = {}, {}
    for kind, text in (
        ("typical", "typical images that the network recognizes"),
        ("worst", "errors of high probability"),
    ):
        cases = choose_cases(fits, kind, _N_SALIENCY)
        if cases is not None:
            figures[
                f"{network}: saliency maps of {text}. Left: the image and its true "
                "class. Right: the map of the predicted class, with its probability."
            ] = partial(_draw_saliency, cases)
    cases = choose_cases(fits, "worst", _N_SHEET)
    if cases is not None:
        titles = [
            [PurePath(names[row]).name, f"true: {true}", f"predicted: {pred} {p:.2f}"]
            for row, true, pred, p in zip(
                cases.rows, cases.y_true, cases.y_pred, cases.probability, strict=True
            )
        ]
        figures[
            f"{network}: the worst errors. Each title has the file, the true class, "
            "and the predicted class with its probability."
        ] = partial(draw_cases, cases.images, titles)
    if (predictions.y_true != predictions.y_pred).any():
        tables["worst_errors"] = tabulate_errors(predictions, names)
    return Report("Cases", None, tables, figures=figures)


def _draw_curve(display, predictions):
    return display.from_predictions(predictions).figure_


def _draw_calibration(predictions):
    """Draw the reliability curve of each class."""
    pyplot = import_optional(
        "matplotlib.pyplot", extra="plot", purpose="A figure of a study report"
    )
    figure, ax = pyplot.subplots(figsize=(5.5, 5.2), layout="constrained")
    classes = predictions.classes.tolist()
    for label in classes[-1:] if len(classes) == 2 else classes:
        ReliabilityDisplay.from_predictions(
            *predictions.one_vs_rest(label),
            groups=predictions.units,
            name=plain_text(str(label)),
            ax=ax,
        )
    return figure


def _draw_saliency(cases):
    return SaliencyDisplay.from_maps(
        cases.images,
        cases.maps,
        targets=[plain_text(f"predicted: {name}") for name in cases.y_pred],
        probabilities=cases.probability,
        y=[plain_text(f"true: {name}") for name in cases.y_true],
    ).figure_


def _tabulate_folds(summary):
    """Return mean and standard deviation over folds, and the pooled scores."""
    lines = []
    for row in summary.rows:
        for column in summary.columns:
            if column != "support":
                pooled = summary.pooled and cell(summary.pooled, row, column)
                score = summary[row, column]
                lines.append((row, name_score(column), *score, pooled))
    for name, score in summary.overall.items():
        pooled = summary.pooled and summary.pooled.overall_intervals.get(name)
        lines.append(("all classes", name_score(name), *score, pooled))
    names = ("class", "score", "mean", "SD", "folds", "pooled")
    return ReportTable(
        dict(zip(names, zip(*lines, strict=True), strict=True)),
        "Mean and SD: over the folds in which the score is defined. Pooled: the test "
        "images of all folds as one set, with a 95 % interval. A pooled AUC compares "
        "scores of different folds, and is usually lower than the mean AUC.",
    )


def _tabulate_calibration(predictions):
    table = calibration_scores(
        predictions.y_true,
        predictions.y_score,
        classes=predictions.classes,
        groups=predictions.units,
    )
    return ReportTable(
        {
            "class": table.rows,
            **{
                name: [_defined(table[row, name]) for row in table.rows]
                for name in table.columns
            },
        },
        "Brier score and log loss: 0 is best. ECE: expected calibration error. ECE by "
        "chance: the same error of perfectly calibrated probabilities of as many "
        "images. The slope is 1 and the intercept is 0 for calibrated probabilities.",
    )


def _defined(estimate):
    """Return an estimate, or None if its value is undefined."""
    return None if np.isnan(estimate.value) else estimate
