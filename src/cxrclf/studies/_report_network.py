"""Report of one network of a study."""

from functools import partial

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
from cxrclf.studies._study_scores import cell, tabulate_scores

_N_SALIENCY, _N_SHEET = 5, 9  # images per figure


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
        With the scores of each class, of each fold, the confusion matrix, the
        calibration and the worst errors as tables, and with curves, saliency maps and
        the worst errors as figures.
    """
    results = scores.results
    predictions = scores.predictions[network]
    matrix = np.asarray(results.confusion_matrix(network))
    classes = [str(label) for label in predictions.classes]
    tables = {
        "scores_of_each_class": tabulate_scores(
            scores.tables[network],
            "Each class against all others, over the test images of all folds, with "
            "95 % intervals.",
        )
    }
    if predictions.fold is not None and len(np.unique(predictions.fold)) > 1:
        tables["scores_over_folds"] = _tabulate_folds(results.fold_summary(network))
    tables["confusion_matrix"] = ReportTable(
        {
            "true class": classes,
            **{f"predicted {c}": matrix[:, k] for k, c in enumerate(classes)},
        },
        "Number of images per true class (rows) and predicted class (columns).",
    )
    if has_probabilities(predictions):
        tables["calibration"] = _tabulate_calibration(predictions)
    if (predictions.y_true != predictions.y_pred).any():
        tables["worst_errors"] = tabulate_errors(predictions, results.data.names)
    return Report(
        network,
        None,
        tables,
        [_read(scores, network, matrix, classes)],
        figures=_list_figures(scores, network, matrix, classes),
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
    text = (
        f"{right:,} of {n:,} test images have the right class (accuracy "
        f"{accuracy:.3f})."
    )
    errors = matrix - np.diag(np.diag(matrix))
    if errors.any():
        row, column = np.unravel_index(errors.argmax(), errors.shape)
        text += (
            f" The most frequent error: {errors[row, column]:,} of "
            f"{matrix[row].sum():,} images of the class {classes[row]} were taken for "
            f"{classes[column]}."
        )
    return text


def _list_figures(scores, network, matrix, classes):
    """Return functions that draw the figures, by their alternative texts."""
    predictions = scores.predictions[network]
    figures = {}
    if predictions.y_score is not None and len(np.unique(predictions.y_true)) > 1:
        figures[
            f"{network}: ROC curves. Solid: all folds pooled, with a band of 95 % "
            "intervals. Dashed: mean curve of the folds. The table has the same areas."
        ] = partial(_draw_curve, RocDisplay, predictions)
        figures[
            f"{network}: precision-recall curves. Solid: all folds pooled, with a band "
            "of 95 % intervals. Dashed: mean curve of the folds. Dotted: share of the "
            "class."
        ] = partial(_draw_curve, PrecisionRecallDisplay, predictions)
    figures[f"{network}: confusion matrix, counts and shares of the true class."] = (
        partial(draw_confusion, matrix, classes)
    )
    histories = [h for h in scores.results.histories(network) if h]
    if histories and list_scores(histories):
        figures[
            f"{network}: learning curves. Line: mean over the folds. Band: range of "
            "the folds."
        ] = partial(draw_histories, histories)
    if has_probabilities(predictions):
        figures[
            f"{network}: calibration. Share of images in a class against its predicted "
            "probability, with 95 % intervals."
        ] = partial(_draw_calibration, predictions)
    figures |= _list_cases(scores, network)
    return figures


def _list_cases(scores, network):
    """Return functions that draw typical cases and errors."""
    fits = scores.fits(network)
    figures = {}
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
            [scores.results.data.names[row], f"true: {true}", f"{pred}: {p:.2f}"]
            for row, true, pred, p in zip(
                cases.rows, cases.y_true, cases.y_pred, cases.probability, strict=True
            )
        ]
        figures[
            f"{network}: the worst errors. Each title has the file, the true class, "
            "and the predicted class with its probability."
        ] = partial(draw_cases, cases.images, titles)
    return figures


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
        targets=[plain_text(name) for name in cases.y_pred],
        probabilities=cases.probability,
        y=[plain_text(name) for name in cases.y_true],
    ).figure_


def _tabulate_folds(summary):
    """Return mean and standard deviation over folds, and the pooled scores."""
    lines = []
    for row in summary.rows:
        for column in summary.columns:
            if column != "support":
                pooled = summary.pooled and cell(summary.pooled, row, column)
                lines.append((row, column, *summary[row, column], pooled))
    for name, score in summary.overall.items():
        pooled = summary.pooled and summary.pooled.overall_intervals.get(name)
        lines.append(("all classes", name.replace("_", " "), *score, pooled))
    names = ("class", "score", "mean", "SD", "folds", "pooled")
    return ReportTable(
        dict(zip(names, zip(*lines, strict=True), strict=True)),
        "mean and SD: over the folds in which the score is defined. pooled: the test "
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
                name: [table[row, name] for row in table.rows] for name in table.columns
            },
        },
        "ece: expected calibration error. ece_null: the same error of perfectly "
        "calibrated probabilities of as many images. The slope is 1 and the intercept "
        "is 0 for calibrated probabilities.",
    )
