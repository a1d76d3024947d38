"""Results of a small study, made of random numbers."""

import numpy as np

from cxrclf.audit import Finding, Report, ReportTable
from cxrclf.metrics import Estimate, Predictions
from cxrclf.studies import Examples, FitResult, StudyData, StudyResults

CLASSES = ("covid", "normal", "pneumonia")


def make_study_results(
    networks=("strong", "weak"),
    *,
    classes=CLASSES,
    n=60,
    n_folds=3,
    image_size=16,
    audit=True,
    examples=True,
    with_groups=True,
    names=None,
    n_epochs=4,
    strength=3.0,
    **description,
):
    """Return results of networks that get weaker from the first to the last.

    Parameters
    ----------
    networks : sequence of str
        Names of the networks.
    classes : sequence of str
        Names of the classes.
    n, n_folds, image_size, n_epochs : int
        Number of images, of folds, of pixels per side, and of epochs.
    strength : float
        Mean of the logit of the true class for the first network. The second network
        has the half, and so on.
    audit, examples, with_groups : bool
        Whether there are reports of an audit, saliency maps and patient ids.
    names : sequence of str
        Names of the images. By default "image-0.png", ...
    **description : dict
        Other values of the description of the study.

    Returns
    -------
    StudyResults
    """
    rng = np.random.default_rng(0)
    y = np.array([classes[k % len(classes)] for k in range(n)])
    groups = np.array([f"p{k // len(classes) // 2}" for k in range(n)])
    folds = (np.arange(n) // len(classes) // 2) % n_folds
    names = names or [f"image-{k}.png" for k in range(n)]
    fits = [
        _make_fit(
            rng,
            network,
            strength / (1 + place),
            fold,
            y,
            groups if with_groups else None,
            folds,
            np.array(sorted(classes)),
            image_size=image_size if examples else None,
            n_epochs=n_epochs,
        )
        for place, network in enumerate(networks)
        for fold in range(n_folds)
    ]
    values = {
        "name": "small",
        "title": "Small study",
        "reference": "A. Author, Journal, 2020.",
        "classes": list(classes),
        "networks": {name: f"CXRClassifier(backbone={name!r})" for name in networks},
        "protocol": {"training": "Adam, 35 epochs", "data": "Public images"},
        "chosen": ["The batch size is 8."],
        "leaks": [],
        "published": [],
        "faithful": False,
        "scheme": None,
        "data": {},
        "versions": {"cxrclf": "0.1", "torch": "2.9"},
        "processor": "a processor",
        "seconds": 75.0,
    }
    return StudyResults(
        values | description,
        StudyData(list(names), y, groups if with_groups else None),
        fits,
        make_audit() if audit else (),
    )


def make_audit():
    """Return a report with one leak, and a report with one shortcut."""
    finding = Finding("leakage", "copy_on_both_sides", "2 copies on both sides.", n=2)
    splits = ReportTable({"split": ["fold 1"], "affected": [2]}, "Affected images.")
    scores = ReportTable(
        {
            "classifier": ["border", "thumbnail"],
            "sees the disease": ["no", "in part"],
            "shortcut": ["yes", ""],
            "balanced accuracy": [Estimate(0.6, 0.5, 0.7), Estimate(0.5, 0.4, 0.6)],
            "AUC": [Estimate(0.8, 0.7, 0.9), Estimate(0.7, 0.6, 0.8)],
        }
    )
    shortcut = Finding("shortcut", "border", "The border predicts the classes.", n=1)
    return (
        Report("Leakage", [finding], {"splits": splits}, ["60 images were compared."]),
        Report("Shortcuts", [shortcut], {"scores": scores}, ["A reading."]),
    )


def _make_fit(
    rng, network, strength, fold, y, groups, folds, classes, *, image_size, n_epochs
):
    rows = np.flatnonzero(folds == fold)
    codes = np.searchsorted(classes, y[rows])
    logits = rng.normal(size=(len(rows), len(classes)))
    logits[np.arange(len(rows)), codes] += strength
    proba = np.exp(logits)
    proba /= proba.sum(axis=1, keepdims=True)
    predictions = Predictions(
        y[rows],
        classes[proba.argmax(axis=1)],
        proba,
        classes=classes,
        fold=np.full(len(rows), fold),
        rows=rows,
        groups=None if groups is None else groups[rows],
    )
    epochs = np.arange(1, n_epochs + 1)
    history = {
        "epoch": epochs.tolist(),
        "train_loss": (strength / epochs + 0.1 * rng.random(n_epochs)).tolist(),
        "train_accuracy": (1 - 0.5 / epochs).tolist(),
        "valid_loss": (1.2 * strength / epochs).tolist(),
        "valid_accuracy": (0.9 - 0.5 / epochs).tolist(),
    }
    train, test = (np.unique(y[folds != fold]), np.unique(y[rows]))
    counts = {
        "train": {str(c): int((y[folds != fold] == c).sum()) for c in train},
        "test": {str(c): int((y[rows] == c).sum()) for c in test},
    }
    details = {
        "maps": "gradcam",
        "seconds_fit": 10.0,
        "seconds_predict": 0.2,
        "parameters": 2_000_000,
        "trainable_parameters": 3_000,
        "flops": 500_000_000,
        "megabytes": 8.1,
        "best_epoch": 3,
        "n_epochs": n_epochs,
        "phases": None,
    }
    chosen = _choose_examples(predictions)
    examples = None
    if image_size is not None and len(chosen):
        examples = Examples(
            predictions.rows[chosen],
            [
                "typical" if predictions.y_true[k] == predictions.y_pred[k] else "worst"
                for k in chosen
            ],
            predictions.y_true[chosen].tolist(),
            predictions.y_pred[chosen].tolist(),
            proba[chosen].max(axis=1),
            rng.integers(0, 256, (len(chosen), image_size, image_size), dtype=np.uint8),
            rng.random((len(chosen), image_size, image_size)),
        )
    return FitResult(network, fold + 1, predictions, history, counts, details, examples)


def _choose_examples(predictions):
    """Return positions of three right and of three wrong predictions."""
    right = predictions.y_true == predictions.y_pred
    return np.concatenate([np.flatnonzero(right)[:3], np.flatnonzero(~right)[:3]])
