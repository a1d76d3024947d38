"""A training as text and as JSON."""

from math import ceil

from cxrclf._utils.counts import format_count
from cxrclf._utils.tables import as_text

_SHOWN = 10  # epochs in the printed history


def training_to_dict(options, classifier, split, table):
    """Return a training as values for JSON.

    Parameters
    ----------
    options : argparse.Namespace
        Options of ``cxrclf train``.
    classifier : CXRClassifier
        Fitted classifier.
    split : (ndarray, ndarray) of int
        Rows of the training and of the validation images.
    table : ScoreTable or None
        Scores of the validation images.

    Returns
    -------
    dict
    """
    return {
        "model": options.out,
        "folder": options.folder,
        "classes": classifier.classes_,
        "n_train": len(split[0]),
        "n_validation": len(split[1]),
        "history": classifier.history_,
        "best_epoch": getattr(classifier, "best_epoch_", None),
        "validation_scores": None if table is None else table.to_dict(),
        "parameters": classifier.get_params(),
    }


def describe_training(options, classifier, split, table):
    """Return a training as text.

    Parameters
    ----------
    options : argparse.Namespace
        Options of ``cxrclf train``.
    classifier : CXRClassifier
        Fitted classifier.
    split : (ndarray, ndarray) of int
        Rows of the training and of the validation images.
    table : ScoreTable or None
        Scores of the validation images.

    Returns
    -------
    str
    """
    train, valid = split
    best = getattr(classifier, "best_epoch_", None)
    n_train = format_count(len(train), "image")
    parts = [f"Trained on {n_train}.", _format_history(classifier, best)]
    if table is None:
        parts.append("No images were held out, so nothing is known about new images.")
    else:
        why = (
            "These scores are optimistic: the best epoch was chosen on the same images."
            if classifier.keep_best
            else "These scores rest on one split."
        )
        held_out = format_count(len(valid), "image that was", "images that were")
        parts += [
            f"Scores of the {held_out} held out:",
            str(table),
            f"{why}\nA cross-validation by patient gives an honest score.",
        ]
    return "\n\n".join([*parts, f"Written: {options.out}"])


def _format_history(classifier, best):
    """Return some epochs of the history as a table."""
    history = classifier.history_
    names = [name for name in history if name.endswith(("_loss", "_accuracy"))]
    n = len(history["epoch"])
    step = ceil(n / _SHOWN)
    lines = [
        [
            f"{epoch}{' (best)' if epoch == best else ''}",
            *(f"{history[name][row]:.4f}" for name in names),
        ]
        for row, epoch in enumerate(history["epoch"])
        if epoch == best or epoch % step == 0 or row in (0, n - 1)
    ]
    return as_text(["epoch", *(name.replace("_", " ") for name in names)], lines)
