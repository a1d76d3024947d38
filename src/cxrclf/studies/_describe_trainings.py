"""Facts about the networks of a run and their training in words."""

import re

import numpy as np

from cxrclf.studies._report_overview import format_seconds

_WEIGHTS = re.compile(r"(?<!\w)weights=(None|'[^']*'|\([^)]*\)|\[[^\]]*\])")
_IMAGENET = "weights of ImageNet"


def describe_trainings(scores):
    """Return what a run knows about its networks and their training, as texts.

    Parameters
    ----------
    scores : StudyScores
        Scores of the networks of a study.

    Returns
    -------
    dict of str to str or None
        Texts for the topics "pixels", "initialization", "training" and "selection".
        None stands for a topic that the run does not know.
    """
    networks = scores.results.description["networks"]
    described = {name: networks[name] for name in scores.order}
    return {
        "pixels": _describe_pixels(described),
        "initialization": _describe_weights(described),
        "training": _describe_epochs(scores),
        "selection": _describe_selection(scores, described),
    }


def _describe_pixels(described):
    """Return the sizes of the images that the networks read."""
    sizes = [
        one["settings"].get("pixels")
        for one in described.values()
        if isinstance(one, dict) and "settings" in one
    ]
    texts = dict.fromkeys(
        f"{size} × {size}" if str(size).isdigit() else str(size)
        for size in sizes
        if size
    )
    return (
        f"The networks read images of {' or '.join(texts)} pixels." if texts else None
    )


def _describe_weights(described):
    """Return the initial weights of the networks."""
    found = {}
    for name, one in described.items():
        weights = _find_weights(_find_estimator(one))
        if weights is not None:
            found.setdefault(weights, []).append(name)
    if not found:
        return None
    if len(found) == 1 and len(described) == len(next(iter(found.values()))):
        return f"The training begins with {next(iter(found))}."
    parts = [f"{', '.join(names)}: {weights}" for weights, names in found.items()]
    return f"The training begins with these weights. {'; '.join(parts)}."


def _find_weights(estimator):
    """Return the initial weights in the text of a classifier, or None if unknown."""
    given = _WEIGHTS.search(estimator)
    if given is None:
        known = re.search(r"CXRClassifier\(|DualBackboneConcat\(", estimator)
        return _IMAGENET if known else None  # the default
    if given[1] == "None":
        return "random weights"
    return _IMAGENET if given[1] == "'imagenet'" else given[1]


def _describe_epochs(scores):
    """Return the number of epochs and the duration of the trainings."""
    parts = []
    for network in scores.order:
        details = [fit.details for fit in scores.fits(network)]
        epochs = [d["n_epochs"] for d in details if d.get("n_epochs")]
        seconds = [d["seconds_fit"] for d in details if d.get("seconds_fit")]
        if epochs:
            low, high = min(epochs), max(epochs)
            number = str(low) if low == high else f"{low} to {high}"
            text = f"{network}: {number} epoch{'' if high == 1 else 's'}"
            if seconds:
                text += f", {format_seconds(np.mean(seconds))} per fold"
            parts.append(text)
    listed = f" {'; '.join(parts)}." if parts else ""
    return f'Parameters of the training: section "Protocol".{listed}'


def _describe_selection(scores, described):
    """Return the epoch of the weights of each network."""
    best = [
        name
        for name in scores.order
        if any(fit.details.get("best_epoch") is not None for fit in scores.fits(name))
        # Results of earlier versions have a best epoch that was not used.
        and "keep_best=False" not in _find_estimator(described[name])
    ]
    if len(best) == len(scores.order):
        return "The weights of the best epoch on the validation set."
    if best:
        return (
            "The weights of the best epoch on the validation set for "
            f"{', '.join(best)}. The weights after the last epoch for all others."
        )
    text = "The weights after the last epoch."
    if any(fit.counts.get("valid") for fit in scores.results.fits):
        return f"{text} The validation set is for the learning curves only."
    return f"{text} There was no validation set."


def _find_estimator(described):
    """Return a classifier as text."""
    if isinstance(described, dict):
        described = described.get("estimator", "")
    return str(described)
