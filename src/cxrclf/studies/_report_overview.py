"""First section of the report of a study: what was run, and the result."""

import numpy as np

from cxrclf._utils.counts import format_count
from cxrclf.audit import Report, ReportTable
from cxrclf.studies._describe_study import describe_changes


def report_overview(scores):
    """Return what was run in one paragraph, and the result in one table.

    Parameters
    ----------
    scores : StudyScores
        Scores of the networks of a study.

    Returns
    -------
    Report
    """
    results = scores.results
    description = results.description
    changes = description.get("scaled")
    reading = [describe_changes(changes)] if changes else []
    reading.append(f"{describe_run(scores)} {describe_best(scores)}")
    if description.get("faithful"):
        n = format_count(len(description.get("leaks", ())), "known leak")
        but = ", but for the changed parameters" if changes else ""
        reading.append(
            "This is the faithful variant. It follows the publication to the letter"
            f'{but}. It has {n}, which the section "Audit" names. Its scores are too '
            "good."
        )
    columns = {
        "network": scores.order,
        "accuracy": [scores.overall(name, "accuracy") for name in scores.order],
        "balanced accuracy": [
            scores.overall(name, "balanced_accuracy") for name in scores.order
        ],
        "macro AUC": [scores.macro(name, "auc") for name in scores.order],
    }
    published = find_published(description, "accuracy")
    if published:
        columns["published accuracy"] = [published.get(name) for name in scores.order]
    return Report(
        "Overview",
        None,
        {
            "result": ReportTable(
                columns,
                "Scores of the test images of all folds together, with 95 % intervals "
                f"over {describe_units(results)}. The best balanced accuracy is first. "
                "A macro AUC is the mean over the classes.",
            ),
        },
        reading,
    )


def describe_run(scores):
    """Return sentences about the networks, the folds and the images of a study."""
    results = scores.results
    n_networks, n_folds = len(scores.order), count_folds(results)
    predictions = scores.predictions[scores.order[0]]
    rows, first = np.unique(predictions.rows, return_index=True)
    classes, counts = np.unique(
        predictions.y_true[first].astype(str), return_counts=True
    )
    mixture = ", ".join(
        f"{count} {label}" for label, count in zip(classes, counts, strict=True)
    )
    sentences = [
        f"{format_count(n_networks, 'network')} {'was' if n_networks == 1 else 'were'} "
        f"trained and tested in {format_count(n_folds, 'fold')} on "
        f"{describe_images(results)}. "
        f"All test sets together have {format_count(len(rows), 'image')} ({mixture})."
    ]
    if len(rows) < len(predictions):
        sentences.append(
            f"Several folds test the same images: the scores are over "
            f"{format_count(len(predictions), 'prediction')} of them."
        )
    scheme = results.description.get("scheme")
    if scheme:
        sentences.append(f"The class scheme is {scheme!r}.")
    seconds = results.description.get("seconds")
    if seconds:
        sentences.append(f"The run took {format_seconds(seconds)}.")
    return " ".join(sentences)


def describe_best(scores):
    """Return a sentence about the network with the best balanced accuracy."""
    best = scores.order[0]
    accuracy = scores.overall(best, "accuracy")
    balanced = scores.overall(best, "balanced_accuracy")
    lead = "The best network is" if len(scores.order) > 1 else "The network is"
    return (
        f'{lead} "{best}" with an accuracy of {accuracy:.3f} and a balanced accuracy '
        f"of {balanced:.3f} (95 % intervals in brackets)."
    )


def describe_images(results):
    """Return the numbers of images and patients in words."""
    images = format_count(len(results.data.y), "image")
    if results.data.groups is None:
        return f"{images} without patient ids"
    return f"{images} of {describe_units(results)}"


def describe_units(results):
    """Return the independent units of the intervals in words."""
    if results.data.groups is None:
        return "images, because there are no patient ids"
    return format_count(len(np.unique(results.data.groups)), "patient")


def name_study(description):
    """Return the title of a study. A scaled study is marked."""
    title = description.get("title") or f"Study {description['name']}"
    return f"{title} (scaled)" if description.get("scaled") else title


def count_folds(results):
    """Return the number of folds."""
    return len({fit.fold for fit in results.fits})


def find_published(description, score):
    """Return a published score of all classes together, by the name of the network.

    A scaled study has none, because its networks are not the published ones.
    """
    if description.get("scaled"):
        return {}
    return {
        network: value
        for network, name, value, label, _ in list_published(description)
        if name == score and label is None
    }


def list_published(description):
    """Return the published scores of the class scheme as tuples of five values."""
    scheme = description.get("scheme")
    rows = [tuple(row) for row in description.get("published", ())]
    return [row for row in rows if row[4] in (None, scheme)]


def name_score(name):
    """Return the name of a score as in a text: "AUC", "F1", "balanced accuracy"."""
    return {"auc": "AUC", "f1": "F1"}.get(name, name.replace("_", " "))


def format_seconds(seconds):
    """Return a duration in words: "12 s", "3 min 20 s" or "2 h 5 min"."""
    seconds = round(seconds)
    if seconds == 0:
        return "less than 1 s"
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s"
    return f"{minutes // 60} h {minutes % 60} min"
