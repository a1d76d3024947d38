"""Training, prediction, selection and persistence of the segmenter."""

import json
import pickle
import random

import joblib
import numpy as np
import pytest
import torch
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    cross_val_score,
    cross_validate,
)

from cxrclf import Augmentation, UNetSegmenter
from cxrclf._training.trainer import Trainer
from cxrclf.datasets import make_chest_radiographs
from cxrclf.exceptions import WeightsError
from cxrclf.losses import MaskLoss
from cxrclf.metrics import segmentation_scorers, segmentation_scores
from tolerances import assert_same_predictions

MOVES = Augmentation(rotation=15, zoom=0.1, horizontal_flip=True, noise=0.02)


@pytest.fixture
def fitted(lungs, small_segmenter):
    return small_segmenter().fit(lungs.images, lungs.masks)


def outputs_of(unet, images):
    """Return the logits by a plain forward pass."""
    net = unet.net_.module_.eval()
    pixels = torch.from_numpy(images[:, None] / np.float32(255))
    with torch.no_grad(), torch.autocast("cpu", enabled=False):
        return net(pixels).numpy().astype(np.float64)


# Learning and predicting


def test_learns_lungs():
    train, test = (
        make_chest_radiographs(24, image_size=64, random_state=seed) for seed in (0, 1)
    )
    unet = UNetSegmenter(depth=3, width=8, max_epochs=10, batch_size=4, random_state=0)
    unet.fit(train.images, train.masks)
    # Four seeds gave 0.87 to 0.92, and all of an image is a Dice of 0.42.
    assert unet.score(test.images, test.masks) > 0.6
    assert unet.history_["train_dice"][-1] > unet.history_["train_dice"][0]
    assert unet.n_epochs_ == len(unet.history_["epoch"]) == 10


@pytest.mark.parametrize("labels", [None, (0, 1), (9, 4), (0, 3, 200)])
def test_predictions_by_hand(labels, lungs, small_segmenter):
    masks = lungs.masks
    if labels is not None:
        codes = masks * np.where(np.arange(32) < 16, 1, len(labels) - 1)
        masks = np.array(labels)[codes]
    unet = small_segmenter(labels=labels, precision="float32")
    unet.fit(lungs.images, masks)
    classes = np.array([False, True] if labels is None else labels)
    np.testing.assert_array_equal(unet.classes_, classes)
    logits = outputs_of(unet, lungs.images)
    p = unet.predict_proba(lungs.images)
    assert p.dtype == np.float32
    if len(classes) == 2:
        assert logits.shape[1] == 1
        expected, found = expit(logits[:, 0]), (logits[:, 0] >= 0).astype(int)
    else:
        expected = np.moveaxis(softmax(logits, axis=1), 1, -1)
        found = logits.argmax(axis=1)
    assert_same_predictions(p, expected, "float32")
    predicted = unet.predict(lungs.images)
    assert predicted.dtype == (bool if labels is None else np.uint8)
    clear = np.abs(logits).min(axis=1) > 1e-4
    np.testing.assert_array_equal(predicted[clear], classes[found][clear])
    scores = segmentation_scores(masks, predicted, labels=classes, distances=False)
    assert unet.score(lungs.images, masks) == pytest.approx(scores["dice"].mean())


@pytest.mark.parametrize("kind", MaskLoss.kinds)
@pytest.mark.parametrize("labels", [None, (0, 1, 2)])
def test_every_loss_goes_down(kind, labels, lungs, small_segmenter):
    masks = lungs.masks * np.where(np.arange(32) < 16, 1, 2 if labels else 1)
    unet = small_segmenter(loss=kind, labels=labels, max_epochs=6, learning_rate=0.01)
    loss = unet.fit(lungs.images, masks).history_["train_loss"]
    # Four seeds gave 0.26 to 0.84 of the first loss.
    assert loss[-1] < loss[0]


def test_the_history_is_that_of_the_loss_and_the_dice(lungs, small_segmenter):
    # A learning rate of nothing: every epoch sees the same network.
    unet = small_segmenter(
        learning_rate=1e-30, loss="cross_entropy", batch_norm=False, precision="float32"
    )
    unet.fit(lungs.images, lungs.masks, X_val=lungs.images[:5], y_val=lungs.masks[:5])
    p = unet.predict_proba(lungs.images).astype(float)
    t = lungs.masks
    loss = -np.where(t, np.log(p), np.log(1 - p)).mean((1, 2))
    dice = segmentation_scores(t, p >= 0.5, distances=False)["dice"]
    history = unet.history_
    assert history["train_loss"] == pytest.approx([loss.mean()] * 2, rel=1e-4)
    assert history["valid_loss"] == pytest.approx([loss[:5].mean()] * 2, rel=1e-4)
    assert history["train_dice"] == pytest.approx([dice.mean()] * 2, abs=1e-3)
    assert history["valid_dice"] == pytest.approx([dice[:5].mean()] * 2, abs=1e-3)


# Repeatability


# Here and below, equal is exact: one thread computes each layer of a training.
@pytest.mark.parametrize("settings", [{}, {"augmentation": MOVES}])
def test_one_seed_one_result(settings, lungs, small_segmenter):
    def run(seed):
        unet = small_segmenter(random_state=seed, **settings)
        return unet.fit(lungs.images, lungs.masks).predict_proba(lungs.images)

    first = run(0)
    np.testing.assert_array_equal(run(0), first)
    assert not np.allclose(run(1), first, atol=1e-4)


def test_global_generators_are_untouched(lungs, small_segmenter):
    np.random.seed(1)  # noqa: NPY002
    random.seed(1)
    torch.manual_seed(1)
    before = (
        np.random.get_state()[1].copy(),  # noqa: NPY002
        random.getstate(),
        torch.get_rng_state(),
    )
    for seed in (0, None):
        unet = small_segmenter(random_state=seed, augmentation=MOVES)
        unet.fit(lungs.images, lungs.masks).predict_masks(lungs.images)
        pickle.loads(pickle.dumps(unet))
    np.testing.assert_array_equal(before[0], np.random.get_state()[1])  # noqa: NPY002
    assert before[1] == random.getstate()
    assert torch.equal(before[2], torch.get_rng_state())


def test_augmentation_moves_masks_with_images(lungs, small_segmenter, monkeypatch):
    # A network that is given the mask as image can only learn it if they move alike.
    images = lungs.masks * np.uint8(255)
    moves = Augmentation(rotation=90, shift=0.2, zoom=0.3, horizontal_flip=True)
    settings = {"augmentation": moves, "learning_rate": 0.01, "max_epochs": 12}
    together = small_segmenter(**settings).fit(images, lungs.masks)
    monkeypatch.setattr(Augmentation, "apply_to_masks", lambda self, masks, _: masks)
    apart = small_segmenter(**settings).fit(images, lungs.masks)
    dice, other = (unet.history_["train_dice"][-1] for unet in (together, apart))
    # Four seeds gave 0.93 to 0.96 and 0.64 to 0.74.
    assert dice > other + 0.1


def test_weights_of_zero_leave_images_out(lungs, small_segmenter):
    X, y = lungs.images, lungs.masks.copy()
    weights = np.array([1, 2] * 5 + [0, 0])
    expected = small_segmenter().fit(X[:10], y[:10], weights[:10]).predict_proba(X)
    y[10:] = ~y[10:]
    unet = small_segmenter().fit(X, y, weights)
    np.testing.assert_array_equal(unet.predict_proba(X), expected)
    plain = small_segmenter().fit(X[:10], y[:10]).predict_proba(X)
    assert not np.array_equal(plain, expected)
    scaled = small_segmenter().fit(X[:10], y[:10], np.full(10, 7.0))
    np.testing.assert_array_equal(scaled.predict_proba(X), plain)


# Validation, further training, resuming


def test_the_best_epoch_is_kept(lungs, small_segmenter):
    X, y = lungs.images, lungs.masks
    settings = {"max_epochs": 8, "learning_rate": 0.05, "precision": "float32"}
    for monitor, best in (("valid_loss", min), ("valid_dice", max)):
        unet = small_segmenter(monitor=monitor, **settings)
        unet.fit(X[:8], y[:8], X_val=X[8:], y_val=y[8:])
        values = unet.history_[monitor]
        assert unet.best_epoch_ == 1 + values.index(best(values))
        again = small_segmenter(**{**settings, "max_epochs": unet.best_epoch_})
        again.fit(X[:8], y[:8])
        np.testing.assert_array_equal(unet.predict_proba(X), again.predict_proba(X))
    # Rounding may move a pixel across the threshold.
    assert unet.score(X[8:], y[8:]) == pytest.approx(max(values), abs=2e-3)


def test_early_stopping(lungs, small_segmenter):
    unet = small_segmenter(
        validation_fraction=0.25,
        early_stopping=True,
        n_iter_no_change=2,
        tol=10.0,
        max_epochs=20,
    ).fit(lungs.images, lungs.masks, groups=lungs.groups)
    assert unet.n_epochs_ == 3
    assert set(unet.history_) == {
        "epoch", "train_loss", "train_dice", "valid_loss", "valid_dice", "duration",
        "learning_rate",
    }  # fmt: skip


def test_a_validation_set_is_given_whole(lungs, small_segmenter):
    X, y = lungs.images, lungs.masks
    with pytest.raises(ValueError, match="given together or not at all"):
        small_segmenter().fit(X, y, X_val=X)
    with pytest.raises(ValueError, match="There are 5 images and 4 masks"):
        small_segmenter().fit(X, y, X_val=X[:5], y_val=y[:4])
    with pytest.raises(ValueError, match="Both validation_fraction and X_val"):
        small_segmenter(validation_fraction=0.5).fit(X, y, X_val=X, y_val=y)


def test_warm_start_goes_on(lungs, small_segmenter):
    X, y = lungs.images, lungs.masks
    unet = small_segmenter(warm_start=True).fit(X, y)
    first = unet.predict_proba(X)
    unet.fit(X, y)
    assert unet.history_["epoch"] == [1, 2, 3, 4]
    assert not np.array_equal(unet.predict_proba(X), first)
    for change in ({"width": 8}, {"labels": (0, 1, 2)}, {"depth": 1}):
        other = pickle.loads(pickle.dumps(unet)).set_params(**change)
        with pytest.raises(ValueError, match=rf"\['{next(iter(change))}'\] changed"):
            other.fit(X, y)
    cold = small_segmenter().fit(X, y).fit(X, y)
    np.testing.assert_array_equal(cold.predict_proba(X), first)


def test_an_interrupted_run_resumes_to_the_same_weights(
    lungs, small_segmenter, tmp_path, monkeypatch
):
    X, y = lungs.images, lungs.masks
    settings = {
        "augmentation": MOVES,
        "max_epochs": 4,
        "validation_fraction": 0.25,
        "learning_rate_schedule": "cosine",
    }
    whole = small_segmenter(**settings).fit(X, y)
    settings["checkpoint_dir"] = tmp_path
    run_epoch, done = Trainer._run_epoch, []

    def interrupted(self, *args):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(1)
        return run_epoch(self, *args)

    monkeypatch.setattr(Trainer, "_run_epoch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        small_segmenter(**settings).fit(X, y)
    done.clear()
    other = y.copy()
    other[0] = ~other[0]
    with pytest.raises(KeyboardInterrupt):  # other masks are another run
        small_segmenter(**settings).fit(X, other)
    done.clear()
    resumed = small_segmenter(**settings).fit(X, y)
    assert len(done) == 2
    np.testing.assert_array_equal(resumed.predict_proba(X), whole.predict_proba(X))
    assert resumed.history_["train_loss"] == whole.history_["train_loss"]


@pytest.mark.parametrize("trainable", ["head", 1])
def test_a_frozen_encoder(trainable, lungs, small_segmenter):
    settings = {"encoder": "test_resnet", "weights": None, "precision": "float32"}
    unet = small_segmenter(trainable=trainable, **settings)
    unet.fit(lungs.images, lungs.masks)
    start = small_segmenter(trainable="head", learning_rate=1e-30, **settings)
    start.fit(lungs.images, lungs.masks)
    before, after = (u.net_.module_.state_dict() for u in (start, unet))
    moved = {k for k, v in after.items() if not torch.equal(v, before[k])}
    assert any(k.startswith("head.") for k in moved)
    stem = next(k for k in after if k.startswith("backbone.") and "weight" in k)
    assert stem not in moved
    assert any(k.startswith("backbone.") for k in moved) == (trainable == 1)


# As a scikit-learn estimator


def test_parameters_clone_and_repr():
    moves = Augmentation(rotation=5)
    unet = UNetSegmenter("resnet18", labels=(0, 2, 5), augmentation=moves, width=8)
    copy = clone(unet)
    assert copy.augmentation is not moves
    assert copy.augmentation.rotation == 5
    plain = {k: v for k, v in unet.get_params().items() if k != "augmentation"}
    assert {k: copy.get_params()[k] for k in plain} == plain
    copy.set_params(augmentation__rotation=7, depth=3)
    assert (copy.augmentation.rotation, copy.depth, moves.rotation) == (7, 3, 5)
    assert repr(unet) == (
        "UNetSegmenter(augmentation=Augmentation(rotation=5), encoder='resnet18',\n"
        "              labels=(0, 2, 5), width=8)"
    )


def test_unions_of_files_in_cross_validate(lungs, lung_files, small_segmenter):
    X, y = lung_files.images[:, None], lung_files.pairs
    unet = small_segmenter(augmentation=MOVES)
    scores = [
        cross_validate(
            unet,
            X,
            y,
            groups=lungs.groups,
            cv=GroupKFold(2),
            scoring=segmentation_scorers(),
            n_jobs=n_jobs,
            error_score="raise",
        )
        for n_jobs in (1, 2)
    ]
    for name in ("test_dice", "test_iou", "test_accuracy"):
        np.testing.assert_array_equal(scores[0][name], scores[1][name])
    whole = cross_val_score(
        unet, lungs.images, lungs.masks, groups=lungs.groups, cv=GroupKFold(2)
    )
    np.testing.assert_allclose(whole, scores[0]["test_dice"], atol=1e-3)


def test_a_grid_over_the_threshold_and_the_augmentation(lung_files, small_segmenter):
    search = GridSearchCV(
        small_segmenter(augmentation=Augmentation()),
        {"threshold": [0.2, 0.35], "augmentation__rotation": [0, 20]},
        scoring=segmentation_scorers(),
        refit="dice",
        cv=2,
        error_score="raise",
    ).fit(lung_files.images, lung_files.pairs)
    dice = search.cv_results_["mean_test_dice"]
    assert dice.shape == (4,)
    assert search.predict(lung_files.images).shape == (12, 32, 32)
    assert 0 < search.best_score_ == dice.max()


# Copies on disk and in memory


@pytest.mark.parametrize(
    "settings",
    [
        {"labels": (0, 1, 2), "augmentation": MOVES, "largest_components": 2},
        {"encoder": "test_resnet", "weights": None, "trainable": "head"},
        {"validation_fraction": 0.25, "threshold": 0.4},
    ],
)
def test_copies_predict_the_same(settings, lungs, small_segmenter, tmp_path):
    unet = small_segmenter(**settings).fit(lungs.images, lungs.masks)
    expected, masks = unet.predict_proba(lungs.images), unet.predict(lungs.images)
    joblib.dump(unet, tmp_path / "unet.joblib")
    unet.save(tmp_path / "unet")
    text = json.loads((tmp_path / "unet" / "model.json").read_text())
    assert sorted(p.name for p in (tmp_path / "unet").iterdir()) == [
        "model.json",
        text["weights"]["file"],
    ]
    for copy in (
        pickle.loads(pickle.dumps(unet)),
        joblib.load(tmp_path / "unet.joblib"),
        UNetSegmenter.load(tmp_path / "unet"),
    ):
        np.testing.assert_array_equal(copy.predict_proba(lungs.images), expected)
        np.testing.assert_array_equal(copy.predict(lungs.images), masks)
        assert copy.predict(lungs.images).dtype == masks.dtype
        assert copy.history_ == unet.history_
        assert copy.classes_.dtype == unet.classes_.dtype
        assert copy.image_size_ == (32, 32)
        assert getattr(copy, "best_epoch_", 0) == getattr(unet, "best_epoch_", 0)
        assert copy.get_params()["labels"] == unet.labels
        copy.save(tmp_path / "again")


def test_damaged_copies_are_refused(fitted, tmp_path):
    fitted.save(tmp_path)
    text = tmp_path / "model.json"
    description = json.loads(text.read_text())
    weights = tmp_path / description["weights"]["file"]
    whole = weights.read_bytes()
    for part in (whole[:-50], whole[:20], b"", whole[:-4] + bytes(4)):
        weights.write_bytes(part)
        with pytest.raises(WeightsError):
            UNetSegmenter.load(tmp_path)
    weights.unlink()
    with pytest.raises(WeightsError, match="missing"):
        UNetSegmenter.load(tmp_path)
    weights.write_bytes(whole)
    description["fitted"]["classes"]["values"] = [True, False]
    for changed in (json.dumps(description), "{ half"):
        text.write_text(changed)
        with pytest.raises(WeightsError, match="damaged or not written by save"):
            UNetSegmenter.load(tmp_path)


def test_a_saved_segmenter_is_replaced_and_knows_no_path(
    lungs, small_segmenter, tmp_path
):
    settings = {"random_state": 1, "max_epochs": 1, "cache_dir": tmp_path / "cache"}
    other = small_segmenter(**settings).fit(lungs.images, lungs.masks)
    for unet in (small_segmenter(max_epochs=1).fit(lungs.images, lungs.masks), other):
        unet.save(tmp_path / "unet")
    assert len(list((tmp_path / "unet").iterdir())) == 2
    again = UNetSegmenter.load(tmp_path / "unet")
    assert again.cache_dir is None
    np.testing.assert_array_equal(
        again.predict(lungs.images), other.predict(lungs.images)
    )
