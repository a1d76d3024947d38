"""One random_state decides everything, and nothing global changes."""

import random
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch
from sklearn.model_selection import cross_val_predict

from cxrclf import Augmentation
from tolerances import assert_same_predictions

AUGMENTED = {"augmentation": Augmentation(rotation=15, noise=0.02), "dropout": 0.3}


# Exact: the same training, in which one thread computes each layer.
@pytest.mark.parametrize(
    "settings", [{}, {**AUGMENTED}, {"trainable": "head", "n_threads": 2}]
)
def test_same_seed_same_predictions(radiographs, small_classifier, settings):
    X, y = radiographs.images, radiographs.target

    def run(seed):
        clf = small_classifier(random_state=seed, feature_cache=None, **settings)
        return clf.fit(X, y).predict_proba(X)

    first = run(0)
    np.testing.assert_array_equal(run(0), first)
    assert not np.allclose(run(1), first, atol=1e-4)


# Exact: one thread trains in the workers and here.
@pytest.mark.parametrize(
    "settings",
    [
        {"trainable": "head", "hidden_units": 16},
        {"trainable": "head", "pointwise_channels": 16},
        {"trainable": "all"},
    ],
)
def test_workers_give_the_same_predictions(
    radiograph_files, small_classifier, settings
):
    data = radiograph_files
    clf = small_classifier(feature_cache=None, **AUGMENTED, **settings)
    one, two = (
        cross_val_predict(
            clf, data.data, data.target, cv=2, n_jobs=n, method="predict_proba"
        )
        for n in (1, 2)
    )
    np.testing.assert_array_equal(one, two)


def test_threads_do_not_change_a_frozen_body_and_are_given_back(
    radiographs, small_classifier
):
    X, y = radiographs.images, radiographs.target
    before = torch.get_num_threads()
    settings = {"trainable": "head", "feature_cache": None, **AUGMENTED}
    one, two = (
        small_classifier(n_threads=n, **settings).fit(X, y).predict_proba(X)
        for n in (1, 2)
    )
    # Exact: one thread computes a batch, and one thread trains the head.
    np.testing.assert_array_equal(one, two)
    assert torch.get_num_threads() == before


def test_threads_change_a_whole_training_by_rounding_only(
    radiographs, small_classifier
):
    X, y = radiographs.images, radiographs.target
    one, two, other = (
        small_classifier(n_threads=n, random_state=seed, precision="float64")
        .fit(X, y)
        .predict_proba(X)
        for n, seed in ((1, 0), (2, 0), (2, 1))
    )
    assert_same_predictions(two, one, "float64", trained=True)
    assert not np.allclose(other, one, atol=1e-4)


def test_global_generators_are_untouched(radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    np.random.seed(1)  # noqa: NPY002
    random.seed(1)
    torch.manual_seed(1)
    before = np.random.get_state()[1].copy(), random.getstate(), torch.get_rng_state()  # noqa: NPY002
    for seed in (0, None):
        clf = small_classifier(random_state=seed, **AUGMENTED).fit(X, y)
        clf.partial_fit(X, y).predict(X)
    np.testing.assert_array_equal(before[0], np.random.get_state()[1])  # noqa: NPY002
    assert before[1] == random.getstate()
    assert torch.equal(before[2], torch.get_rng_state())


def test_a_killed_run_resumes_to_the_same_weights(
    tmp_path, radiographs, small_classifier
):
    settings = {
        **AUGMENTED,
        "max_epochs": 8,
        "head_epochs": 2,
        "validation_fraction": 0.25,
        "optimizer": "nadam",
        "learning_rate_schedule": "cosine",
    }
    X, y = radiographs.images, radiographs.target
    whole = small_classifier(**settings).fit(X, y)
    code = textwrap.dedent(f"""
        import os
        import signal

        from cxrclf import Augmentation, CXRClassifier
        from cxrclf.datasets import make_chest_radiographs
        from cxrclf._training.trainer import Trainer

        run_epoch, begun = Trainer._run_epoch, []

        def killed(*args):
            begun.append(args)
            if len(begun) == 5:
                os.kill(os.getpid(), signal.SIGKILL)
            return run_epoch(*args)

        Trainer._run_epoch = killed
        data = make_chest_radiographs(30, image_size=48, random_state=0)
        clf = CXRClassifier(
            "test_resnet", weights=None, image_size=32, trainable="all",
            random_state=0, augmentation=Augmentation(rotation=15, noise=0.02),
            dropout=0.3, max_epochs=8, head_epochs=2, validation_fraction=0.25,
            optimizer="nadam", learning_rate_schedule="cosine", n_threads=1,
            precision="float32", checkpoint_dir={str(tmp_path)!r},
        )
        clf.fit(data.images, data.target)
    """)
    process = subprocess.run([sys.executable, "-c", code], check=False)
    assert process.returncode == -signal.SIGKILL
    (kept,) = tmp_path.glob("*.resume")
    assert torch.load(kept, weights_only=True)["progress"]["done"] == 4

    resumed = small_classifier(**settings, checkpoint_dir=tmp_path).fit(X, y)
    # Exact: the same training, in which one thread computes each layer.
    assert resumed.history_["train_loss"] == whole.history_["train_loss"]
    assert resumed.best_epoch_ == whole.best_epoch_
    for (name, a), b in zip(
        whole.net_.module_.state_dict().items(),
        resumed.net_.module_.state_dict().values(),
        strict=True,
    ):
        assert torch.equal(a, b), name
