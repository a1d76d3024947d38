"""Section of the report of a study about its images."""

from functools import partial
from pathlib import PurePath

from cxrclf.audit import Report, ReportTable
from cxrclf.studies._draw_cases import draw_cases
from cxrclf.studies._report_cases import choose_images
from cxrclf.studies._report_overview import describe_images

_PER_CLASS, _MOST = 3, 12  # example images


def report_data(scores):
    """Return the number of images in each fold, and examples of each class.

    Parameters
    ----------
    scores : StudyScores
        Scores of the networks of a study.

    Returns
    -------
    Report
        The examples are a figure, if the results have images.
    """
    results = scores.results
    figures = {}
    fits = [fit for network in scores.order for fit in scores.fits(network)]
    shown = choose_images(fits, _PER_CLASS, _MOST)
    if shown is not None:
        rows, labels, images = shown
        titles = [
            [label, PurePath(results.data.names[row]).name]
            for row, label in zip(rows, labels, strict=True)
        ]
        figures[
            "Example images of each class. Each title has the class and the file."
        ] = partial(draw_cases, images, titles)
    return Report(
        "Data",
        None,
        {"images": tabulate_counts(scores)},
        [f"The study has {describe_images(results)}."],
        figures=figures,
    )


def tabulate_counts(scores):
    """Return the number of images per class in each part of each fold.

    Parameters
    ----------
    scores : StudyScores
        Scores of the networks of a study.

    Returns
    -------
    ReportTable
        The counts of the first network in the order of the report.
    """
    lines = []
    for fit in scores.fits(scores.order[0]):
        lines += [
            (fit.fold, part, counts) for part, counts in fit.counts.items() if counts
        ]
    names = sorted({name for *_, counts in lines for name in counts})
    columns = {
        "fold": [str(fold) for fold, *_ in lines],
        "part": [part for _, part, _ in lines],
        **{name: [counts.get(name, 0) for *_, counts in lines] for name in names},
    }
    return ReportTable(
        columns,
        "Number of images per class. Training images are counted before a sampler.",
    )
