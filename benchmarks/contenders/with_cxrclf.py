"""cxrclf, used as in its documentation."""

import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, cross_val_predict

from contenders.peer_tasks import N_GRID_POINTS
from cxrclf import (
    Augmentation,
    CXRClassifier,
    DualBackboneConcat,
    Optimizer,
    UNetSegmenter,
)
from harness.settings import (
    AUGMENTATION,
    CONCAT_CHANNELS,
    DROPOUT,
    HIDDEN_UNITS,
    LEARNING_RATE,
    UNET_WIDTH,
    folds,
    labeled_files,
)

GRID = {
    "learning_rate": [LEARNING_RATE, 3e-4, 1e-4],
    "optimizer__weight_decay": [0.0, 1e-4],
    "dropout": [0.3, DROPOUT],
}
_N_IMPORTS = 5


def classifier(settings, **changes):
    """Return the estimator of the study."""
    parameters = {
        "weights": settings.weights,
        "hidden_units": HIDDEN_UNITS,
        "dropout": DROPOUT,
        "image_size": settings.image_size,
        "augmentation": Augmentation(**AUGMENTATION),
        "optimizer": Optimizer("adam"),
        "learning_rate": LEARNING_RATE,
        "max_epochs": settings.epochs,
        "n_views": settings.n_views,
        "precision": settings.precision,
        "batch_size": settings.batch_size,
        "random_state": 0,
        "device": settings.device,
    }
    parameters |= changes
    names = settings.backbone.split(" + ")
    if len(names) == 1:
        return CXRClassifier(settings.backbone, **parameters)
    return DualBackboneConcat(names, pointwise_channels=CONCAT_CHANNELS, **parameters)


def segmenter(settings, **changes):
    """Return the U-Net, with one learning rate for all layers, as in a plain loop."""
    return UNetSegmenter(
        settings.backbone,
        weights=settings.weights,
        width=UNET_WIDTH,
        image_size=settings.unet_size,
        learning_rate=LEARNING_RATE,
        body_learning_rate=LEARNING_RATE,
        batch_size=settings.batch_size,
        warm_start=True,
        random_state=0,
        device=settings.device,
        **changes,
    )


class Learner:
    """The estimator with the interface of the peers, for the fine-tuning."""

    def __init__(self, settings, files, codes, *, frozen, batch_size):
        self.X, self.y = files[:, None], codes
        self.estimator = classifier(
            settings, trainable="head" if frozen else "all", batch_size=batch_size
        )

    def train(self, n_epochs):
        """Continue the training for `n_epochs` epochs."""
        self.estimator.set_params(max_epochs=n_epochs).partial_fit(self.X, self.y)


class Segmenter:
    """The U-Net with the interface of the peers."""

    def __init__(self, settings, files, masks):
        self.X, self.y = files[:, None], masks[:, None]
        self.estimator = segmenter(
            settings, augmentation=Augmentation(horizontal_flip=True)
        )

    def train(self, n_epochs):
        """Continue the training for `n_epochs` epochs."""
        self.estimator.set_params(max_epochs=n_epochs).fit(self.X, self.y)

    def predict(self, files):
        """Return masks, (n, H, W)."""
        return self.estimator.predict(files[:, None])


def frozen_study(settings):
    """Train the head in each fold, and predict the left-out images."""
    files, codes = labeled_files(settings.data)
    started = time.perf_counter()
    predicted = cross_val_predict(
        classifier(settings), files[:, None], codes, cv=folds(codes, settings.n_folds)
    )
    return {
        "seconds": time.perf_counter() - started,
        "accuracy": float(accuracy_score(codes, predicted)),
    }


def grid(settings):
    """Search a grid after a study of one point, and reuse the features of the study."""
    files, codes = labeled_files(settings.data)
    n_points = int(np.prod([len(values) for values in GRID.values()]))
    if n_points != N_GRID_POINTS:
        raise ValueError(f"The grid has {n_points} points, not {N_GRID_POINTS}.")

    def seconds(parameters):
        search = GridSearchCV(
            classifier(settings),
            parameters,
            cv=folds(codes, settings.n_folds),
            refit=False,
            error_score="raise",
        )
        started = time.perf_counter()
        search.fit(files[:, None], codes)
        return time.perf_counter() - started

    first = {name: values[:1] for name, values in GRID.items()}
    study, warm = seconds(first), seconds(GRID)
    return {"study_seconds": study, "seconds": warm, "both_seconds": study + warm}


def predict(settings):
    """Predict large files that were not read before."""
    files, codes = labeled_files(settings.data)
    large, _ = labeled_files(settings.large)
    few = np.unique(codes, return_index=True)[1]
    estimator = classifier(settings, max_epochs=1).fit(files[few, None], codes[few])
    started = time.perf_counter()
    estimator.predict_proba(large[:, None])
    return {"images_per_second": len(large) / (time.perf_counter() - started)}


def predict_masks(settings):
    """Predict the masks of all files, and return them."""
    files, unet = _barely_trained(settings)
    started = time.perf_counter()
    masks = unet.predict(files)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "returned_mib": masks.nbytes / 2**20}


def save_masks(settings):
    """Predict the masks of all files, and write them to files."""
    files, unet = _barely_trained(settings)
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        unet.save_masks(files, folder)
        return {"seconds": time.perf_counter() - started}


def _barely_trained(settings):
    """Return all files, and a U-Net that was trained on two of them."""
    # Prediction must need more memory than training, so the training is small.
    files, _ = labeled_files(settings.data)
    unet = segmenter(settings, trainable="head", max_epochs=1)
    halves = np.zeros((2, settings.unet_size, settings.unet_size), dtype=bool)
    halves[:, :, : settings.unet_size // 2] = True
    return files[:, None], unet.fit(files[:2, None], halves)


def overhead(settings):
    """Time `predict` on one image and a bare call of its network, in turn."""
    side = settings.image_size
    images = np.random.default_rng(0).integers(
        256, size=(settings.calls, 1, side, side), dtype=np.uint8
    )
    labels = np.arange(len(images)) % 3
    few = slice(0, 6)
    estimator = classifier(settings, max_epochs=1).fit(images[few, 0], labels[few])
    module, dtype = estimator.net_.module_.eval(), estimator.net_.autocast_dtype
    predict_times, bare_times = [], []
    for image in images:
        started = time.perf_counter()
        estimator.predict(image)
        predict_times.append(time.perf_counter() - started)
        tensor = torch.from_numpy(image[None] / np.float32(255)).to(settings.device)
        started = time.perf_counter()
        with (
            torch.inference_mode(),
            torch.autocast(settings.device, dtype, enabled=dtype is not None),
        ):
            module(tensor)
        bare_times.append(time.perf_counter() - started)
    warm = slice(len(images) // 10, None)
    return {
        "predict_ms": 1e3 * statistics.median(predict_times[warm]),
        "bare_ms": 1e3 * statistics.median(bare_times[warm]),
        "import_ms": 1e3 * _import_seconds(),
    }


def concatenation(settings):
    """Time a forward pass of networks side by side and of each branch, in turn."""
    side = settings.image_size
    images = np.zeros((settings.tuned_batch, side, side), dtype=np.uint8)
    labels = np.arange(len(images)) % 2
    net = classifier(settings, max_epochs=1).fit(images[:4], labels[:4]).net_
    module, dtype = net.module_.eval(), net.autocast_dtype
    pixels = torch.rand(settings.tuned_batch, 3, side, side)
    pixels = pixels.contiguous(memory_format=torch.channels_last)
    whole, parts = [], []
    with (
        torch.inference_mode(),
        torch.autocast(settings.device, dtype, enabled=dtype is not None),
    ):
        for _ in range(settings.passes + 1):
            started = time.perf_counter()
            module(pixels)
            between = time.perf_counter()
            for branch in module.backbone.branches:
                branch(pixels)
            parts.append(time.perf_counter() - between)
            whole.append(between - started)
    return {
        "ms": 1e3 * statistics.median(whole[1:]),
        "branches_ms": 1e3 * statistics.median(parts[1:]),
    }


def _import_seconds():
    """Return the seconds that `import cxrclf` adds to the start of Python."""

    def seconds(code):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - started

    return statistics.median(
        seconds("import cxrclf") - seconds("pass") for _ in range(_N_IMPORTS)
    )
