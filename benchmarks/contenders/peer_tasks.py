"""The tasks of all peers.

The module of a peer has a class ``Learner(settings, files, codes, *, frozen,
batch_size)``. Its method ``train(n_epochs)`` continues the training, and
``predict_proba(files)`` returns class probabilities. A peer with masks has a class
``Segmenter(settings, files, masks)``. It has ``train(n_epochs)`` and, if it reads
files, ``predict(files)``, which returns masks as an (n, H, W) array of bool. Each task
returns its figures as a dict of floats.
"""

import dataclasses
import time
from functools import partial

import numpy as np

from cxrclf.masks import read_mask
from cxrclf.metrics import segmentation_scores
from harness.settings import folds, labeled_files, paired_files, some_rows

N_GRID_POINTS = 12


def frozen_study(learner_type, settings):
    """Train the head in each fold, and predict the left-out images.

    All epochs of a peer have the same duration, and all folds have the same size. So
    the study is extrapolated from one fold and a few epochs, unless ``settings.full``
    is true.
    """
    files, codes = labeled_files(settings.data)
    splits = folds(codes, settings.n_folds)
    predicted = np.full(len(codes), -1)
    started = time.perf_counter()
    for train, test in splits:
        before = time.perf_counter()
        learner = learner_type(
            settings,
            files[train],
            codes[train],
            frozen=True,
            batch_size=settings.batch_size,
        )
        if not settings.full:
            made = time.perf_counter()
            learner.train(1)
            epoch = _seconds(learner.train, settings.measured_epochs)
            epoch /= settings.measured_epochs
            predict = _seconds(learner.predict_proba, files[test])
            once = made - before + predict
            return {"seconds": len(splits) * (once + settings.epochs * epoch)}
        learner.train(settings.epochs)
        predicted[test] = learner.predict_proba(files[test]).argmax(axis=1)
        print(f"{(predicted == codes)[predicted >= 0].mean():.4f}", flush=True)
    return {
        "seconds": time.perf_counter() - started,
        "accuracy": float((predicted == codes).mean()),
    }


def grid(learner_type, settings):
    """Extrapolate the grid from one of its points."""
    study = frozen_study(learner_type, dataclasses.replace(settings, full=False))
    return {"seconds": N_GRID_POINTS * study["seconds"]}


def fine_tune(learner_type, settings):
    """Train the whole network."""
    files, codes = labeled_files(settings.data)
    rows = some_rows(len(files), settings.tuned_images)
    make = partial(
        learner_type,
        settings,
        files[rows],
        codes[rows],
        frozen=False,
        batch_size=settings.tuned_batch,
    )
    return _trained(make, len(rows), settings.tuned_epochs)[1]


def predict(learner_type, settings):
    """Predict large files."""
    files, codes = labeled_files(settings.data)
    large, _ = labeled_files(settings.large)
    # A batch of 16 fits the caches of a CPU, and is twice as fast there as one of 64.
    learner = learner_type(
        settings, files, codes, frozen=True, batch_size=settings.tuned_batch
    )
    learner.predict_proba(files[:3])  # warm-up; cxrclf has a `fit` on a few images
    seconds = _seconds(learner.predict_proba, large)
    return {"images_per_second": len(large) / seconds}


def segment(segmenter_type, settings):
    """Train a U-Net on half of the files, and predict the masks of the others."""
    files, masks = paired_files(settings)
    rows = 2 * some_rows(len(files) // 2, settings.tuned_images)
    make = partial(segmenter_type, settings, files[rows], masks[rows])
    segmenter, figures = _trained(make, len(rows), settings.tuned_epochs)
    if hasattr(segmenter, "predict"):
        new, true = files[1::2], masks[1::2]
        started = time.perf_counter()
        found = segmenter.predict(new)
        figures["predictions_per_second"] = len(new) / (time.perf_counter() - started)
        true = np.stack([read_mask(mask, settings.unet_size) for mask in true])
        scores = segmentation_scores(true, found, distances=False)
        figures["dice"] = float(scores["dice"].mean())
    return figures


def _trained(make, n_images, n_epochs):
    """Make and train a learner. Return it and its images per second."""
    started = time.perf_counter()
    learner = make()
    learner.train(1)
    later = _seconds(learner.train, n_epochs - 1)
    overall = time.perf_counter() - started
    return learner, {
        "images_per_second": n_images * (n_epochs - 1) / later,
        "overall_images_per_second": n_images * n_epochs / overall,
    }


def _seconds(function, *arguments):
    started = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - started
