"""The net that users of skorch know: predictions, history, callbacks."""

import pickle

import numpy as np
import pytest
import skorch
import torch
from skorch.callbacks import (
    Callback,
    EarlyStopping,
    EpochScoring,
    LRScheduler,
)

from cxrclf import CXRClassifier, UNetSegmenter
from tolerances import assert_same_predictions


@pytest.fixture
def fitted(radiographs, small_classifier):
    return small_classifier().fit(radiographs.images, radiographs.target)


def in_colors(images):
    return np.repeat(images[..., None], 3, axis=3)


FORMS = {
    "gray": lambda x: x,
    "uint16": lambda x: x.astype(np.uint16) * 257,
    "floats": lambda x: x / np.float32(255),
    "channels first": lambda x: x[:, None],
    "channels last": in_colors,
    "tensor": lambda x: torch.from_numpy(x / np.float32(255))[:, None],
    "tensor of uint8": lambda x: torch.from_numpy(x)[:, None],
}


@pytest.mark.parametrize("form", FORMS)
def test_predictions_are_those_of_the_estimator(form, fitted, radiographs):
    images = radiographs.images  # of another size than the net gets
    expected = fitted.predict_proba(images)
    found = fitted.net_.predict_proba(FORMS[form](images))
    # In batches of another size; a gray image is repeated by the network or before.
    assert_same_predictions(found, expected, "float32")
    codes = fitted.net_.predict(FORMS[form](images))
    np.testing.assert_array_equal(fitted.classes_[codes], fitted.predict(images))


def test_predictions_of_a_net_trained_in_color(radiographs, small_classifier):
    images = in_colors(radiographs.images).copy()
    images[..., 1] //= 2
    clf = small_classifier(max_epochs=1).fit(images, radiographs.target)
    found = clf.net_.predict_proba(images)
    assert_same_predictions(found, clf.predict_proba(images), "float32")
    first = clf.net_.predict_proba(images.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(first, found)


def test_bools_are_black_and_white(fitted, radiographs):
    images = radiographs.images > 127
    np.testing.assert_array_equal(
        fitted.net_.predict_proba(images),
        fitted.net_.predict_proba(images.astype(np.float32)),
    )


@pytest.mark.parametrize("labels", [None, (0, 1, 2)])
def test_masks_are_those_of_the_segmenter(labels, lungs, small_segmenter):
    masks = lungs.masks * np.where(np.arange(32) < 16, 1, 2 if labels else 1)
    unet = small_segmenter(labels=labels).fit(lungs.images, masks)
    found = unet.net_.predict_proba(lungs.images)
    expected = unet.predict_proba(lungs.images)
    as_first = expected[:, None] if labels is None else expected.transpose(0, 3, 1, 2)
    assert_same_predictions(found, as_first, "float32")
    codes = unet.net_.predict(lungs.images)
    np.testing.assert_array_equal(unet.classes_[codes], unet.predict(lungs.images))


@pytest.mark.skipif(
    skorch.__version__.startswith("1.1."),
    reason="skorch 1.1 cannot unpickle a net under torch 2.6",
)
def test_the_net_can_be_pickled(fitted, radiographs):
    net = pickle.loads(pickle.dumps(fitted.net_))
    X = radiographs.images
    np.testing.assert_array_equal(net.predict_proba(X), fitted.net_.predict_proba(X))


def test_the_history_is_that_of_the_estimator(fitted, radiographs, tmp_path):
    X, y = radiographs.images, radiographs.target
    loaded = None
    for n_epochs in (2, 4):
        fitted.save(tmp_path)
        loaded = CXRClassifier.load(tmp_path)
        for clf in (fitted, pickle.loads(pickle.dumps(fitted)), loaded):
            history = clf.net_.history
            assert len(history) == n_epochs
            assert history[:, "train_loss"] == clf.history_["train_loss"]
            assert history[:, "epoch"] == list(range(1, n_epochs + 1))
            assert history[:, "learning_rate"] == clf.history_["learning_rate"]
            assert history[:, "dur"] == clf.history_["duration"]
        fitted.partial_fit(X, y)
    loaded.partial_fit(X, y)
    assert loaded.net_.history[:, "epoch"] == [1, 2, 3, 4, 5, 6]
    fitted.set_params(warm_start=True).fit(X, y)
    assert fitted.net_.history[:, "train_loss"] == fitted.history_["train_loss"]
    assert len(fitted.net_.history) == fitted.n_epochs_ == 8
    fitted.set_params(learning_rate=1e-4).partial_fit(X, y)  # a new optimizer
    assert len(fitted.net_.history) == 10
    fitted.set_params(warm_start=False).fit(X, y)
    assert len(fitted.net_.history) == 2


@pytest.mark.parametrize("from_start", [False, True])
def test_the_history_of_a_failed_call_is_taken_back(
    from_start, radiographs, small_classifier
):
    X, y = radiographs.images, radiographs.target
    callbacks = [Failing()]
    clf = small_classifier(callbacks=callbacks if from_start else None).fit(X, y)
    before = clf.net_.history[:, "train_loss"]
    clf.set_params(callbacks=callbacks)  # the same net, or a new one
    with pytest.raises(RuntimeError, match="in epoch 4"):
        clf.partial_fit(X, y)
    assert clf.net_.history[:, "train_loss"] == before
    assert clf.history_["train_loss"] == before


def test_a_failed_call_leaves_no_best_loss(radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    clf = small_classifier(callbacks=[Failing()]).fit(X, y)
    net = clf.net_
    with pytest.raises(RuntimeError, match="in epoch 4"):
        clf.partial_fit(X, y)  # after an epoch with a lower loss
    assert clf.net_ is net
    best = min(net.history[:, "train_loss"])
    for loss, is_best in ((best - 1e-6, True), (best, False)):
        net.append_history([{"epoch": 3, "train_loss": loss}])
        assert net.history[-1, "train_loss_best"] == is_best


class Failing:
    def on_epoch_end(self, net, **kwargs):
        if net.history[-1]["epoch"] == 4:
            raise RuntimeError("in epoch 4")


# Callbacks ----------------------------------------------------------------------------


class Recorded:
    """A plain object with one of the hooks."""

    def __init__(self):
        self.calls = []

    def on_epoch_end(self, net, **kwargs):
        self.calls.append((net, net.history[-1]["epoch"], kwargs))


@pytest.mark.parametrize("trainable", ["head", "all"])
def test_an_object_with_one_hook_is_called_once_per_epoch(
    trainable, radiographs, small_classifier
):
    recorded = Recorded()
    clf = small_classifier(
        trainable=trainable, callbacks=[recorded], validation_fraction=0.3
    )
    clf.fit(radiographs.images, radiographs.target)
    assert [epoch for _, epoch, _ in recorded.calls] == [1, 2]
    assert all(net is clf.net_ for net, _, _ in recorded.calls)
    # As skorch calls its own callbacks.
    assert all(
        {"dataset_train", "dataset_valid"} <= set(k) for _, _, k in recorded.calls
    )
    assert {"train_loss", "valid_loss"} <= set(clf.net_.history[-1])


class Everything(Callback):
    """A callback of skorch that keeps the names of the hooks that were called."""

    def __init__(self):
        self.called = []

    def on_train_begin(self, net, **kwargs):
        self.called.append("on_train_begin")

    def on_train_end(self, net, **kwargs):
        self.called.append("on_train_end")

    def on_epoch_begin(self, net, **kwargs):
        self.called.append("on_epoch_begin")

    def on_epoch_end(self, net, **kwargs):
        self.called.append("on_epoch_end")

    def on_batch_begin(self, net, batch, training, **kwargs):
        self.called.append(f"on_batch_begin {training}")

    def on_batch_end(self, net, batch, training, loss, y_pred, **kwargs):
        images, truth = batch
        assert len(images["images"]) == len(truth) == len(y_pred)
        assert loss.isfinite()
        self.called.append(f"on_batch_end {training}")

    def on_grad_computed(self, net, named_parameters, **kwargs):
        self.called.append("on_grad_computed")


def test_all_hooks_are_called_in_the_order_of_skorch(radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    everything = Everything()
    small_classifier(callbacks=[("mine", everything)], batch_size=10).fit(
        X[:20], y[:20], X_val=X[20:], y_val=y[20:]
    )
    step = ["on_batch_begin True", "on_grad_computed", "on_batch_end True"]
    valid = ["on_batch_begin False", "on_batch_end False"]
    epoch = ["on_epoch_begin", *step * 2, *valid, "on_epoch_end"]
    assert everything.called == ["on_train_begin", *epoch * 2, "on_train_end"]


def test_a_pair_names_its_callback(radiographs, small_classifier):
    recorded, everything = Recorded(), Everything()
    callbacks = [("plain", recorded), ("mine", everything)]
    clf = small_classifier(callbacks=callbacks, max_epochs=1)
    clf.fit(radiographs.images, radiographs.target)
    named = dict(clf.net_.callbacks_)
    assert named["mine"] is everything
    assert "plain" in named
    assert len(recorded.calls) == 1


@pytest.mark.parametrize(
    "item", ["early_stopping", print, Recorded, ("a", Recorded(), 1), ("a", 3)]
)
def test_an_item_without_a_hook_is_refused(item, radiographs, small_classifier):
    clf = small_classifier(callbacks=[item])
    with pytest.raises(TypeError, match="callbacks must hold callbacks of skorch"):
        clf.fit(radiographs.images, radiographs.target)


@pytest.mark.parametrize("trainable", ["head", "all"])
@pytest.mark.parametrize("part", ["train", "valid"])
def test_a_score_of_skorch_is_that_of_the_history(
    trainable, part, radiographs, small_classifier
):
    clf = small_classifier(
        trainable=trainable,
        validation_fraction=0.3,
        callbacks=[EpochScoring("accuracy", name="mine", on_train=part == "train")],
    ).fit(radiographs.images, radiographs.target)
    assert clf.net_.history[:, "mine"] == pytest.approx(
        clf.history_[f"{part}_accuracy"]
    )


def test_callbacks_change_no_result(radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    settings = {"validation_fraction": 0.3, "dropout": 0.3}
    # Exact: the same training, in which one thread computes each layer.
    plain, watched = (
        small_classifier(callbacks=callbacks, **settings).fit(X, y)
        for callbacks in (None, [Recorded(), Everything()])
    )
    assert watched.history_["train_loss"] == plain.history_["train_loss"]
    np.testing.assert_array_equal(watched.predict_proba(X), plain.predict_proba(X))


@pytest.mark.parametrize("trainable", ["head", "all"])
def test_early_stopping_of_skorch_ends_the_training(
    trainable, radiographs, small_classifier
):
    X, y = radiographs.images, radiographs.target
    clf = small_classifier(
        trainable=trainable,
        max_epochs=50,
        learning_rate=0.05,
        body_learning_rate=0.05,
        callbacks=[
            EarlyStopping(monitor="valid_loss", patience=3, sink=lambda _: None)
        ],
    )
    clf.fit(X[:20], y[:20], X_val=X[20:], y_val=y[20:])
    losses = clf.history_["valid_loss"]
    assert clf.n_epochs_ == len(losses) == np.argmin(losses) + 4 < 50
    # The weights are those of the best epoch.
    assert clf.best_epoch_ == 1 + np.argmin(losses)
    codes = np.searchsorted(clf.classes_, y[20:])
    loss = -np.log(clf.predict_proba(X[20:])[np.arange(10), codes]).mean()
    assert loss == pytest.approx(min(losses), rel=1e-4)
    # It ends the training that it watches, and none after it.
    clf.set_params(callbacks=None, max_epochs=2).partial_fit(X, y)
    assert clf.n_epochs_ == len(losses) + 2


def test_the_last_hook_gets_the_final_weights(radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target

    class Keeping:
        def on_train_end(self, net, **kwargs):
            self.found = net.predict_proba(X)

    keeping = Keeping()
    clf = small_classifier(
        callbacks=[keeping],
        max_epochs=6,
        learning_rate=0.05,
        body_learning_rate=0.05,
        keep_best=True,
    ).fit(X[:20], y[:20], X_val=X[20:], y_val=y[20:])
    assert clf.best_epoch_ < 6
    np.testing.assert_array_equal(keeping.found, clf.net_.predict_proba(X))


def test_an_interrupt_outside_of_a_callback_is_none(radiographs, small_classifier):
    class Interrupting:
        def on_batch_end(self, net, **kwargs):
            raise KeyboardInterrupt

    clf = small_classifier(callbacks=[Interrupting()])
    with pytest.raises(KeyboardInterrupt, match="Set checkpoint_dir"):
        clf.fit(radiographs.images, radiographs.target)
    assert not hasattr(clf, "net_")


@pytest.mark.parametrize("name", [None, "interrupting"])
def test_an_interrupt_is_no_stop_of_a_callback_that_never_stops(
    radiographs, small_classifier, name
):
    class Interrupting:
        never_stops = True

        def on_epoch_end(self, net, **kwargs):
            raise KeyboardInterrupt

    callback = Interrupting() if name is None else (name, Interrupting())
    clf = small_classifier(callbacks=[callback])
    with pytest.raises(KeyboardInterrupt):
        clf.fit(radiographs.images, radiographs.target)
    assert not hasattr(clf, "net_")


def test_a_scheduler_of_skorch_changes_the_rate(radiographs, small_classifier):
    clf = small_classifier(
        max_epochs=4,
        learning_rate=0.01,
        callbacks=[LRScheduler("StepLR", step_size=1, gamma=0.1)],
    ).fit(radiographs.images, radiographs.target)
    rates = [1e-2, 1e-3, 1e-4, 1e-5]
    np.testing.assert_allclose(clf.history_["learning_rate"], rates)
    np.testing.assert_allclose(clf.net_.history[:, "learning_rate"], rates)
    body, head = (clf.net_.optimizer_.param_groups[k]["lr"] for k in (0, -1))
    assert body == pytest.approx(head / 10)


@pytest.mark.parametrize("pair", [False, True])
def test_a_scheduler_beside_a_schedule_is_refused(pair, lungs, small_segmenter):
    scheduler = LRScheduler("StepLR", step_size=1)
    unet = small_segmenter(
        learning_rate_schedule="cosine",
        callbacks=[("rate", scheduler) if pair else scheduler],
    )
    with pytest.raises(ValueError, match="would overwrite the learning rate"):
        unet.fit(lungs.images, lungs.masks)
    unet.set_params(learning_rate_schedule="constant", max_epochs=2)
    rates = unet.fit(lungs.images, lungs.masks).history_["learning_rate"]
    assert rates[1] == pytest.approx(rates[0] / 10)


def test_a_schedule_of_the_estimator_goes_before_a_callback(
    radiographs, small_classifier
):
    """A schedule that falls sets the rate of each epoch."""

    class Raising:
        def on_epoch_end(self, net, **kwargs):
            for group in net.optimizer_.param_groups:
                group["lr"] *= 100

    clf = small_classifier(
        learning_rate_schedule="linear", callbacks=[Raising()], max_epochs=4
    ).fit(radiographs.images, radiographs.target)
    expected = [1e-3, 0.75e-3, 0.5e-3, 0.25e-3]
    np.testing.assert_allclose(clf.history_["learning_rate"], expected)


def test_callbacks_and_checkpoints_do_not_go_together(
    radiographs, small_classifier, tmp_path
):
    clf = small_classifier(callbacks=[Recorded()], checkpoint_dir=tmp_path)
    with pytest.raises(ValueError, match="does not contain the state of callbacks"):
        clf.fit(radiographs.images, radiographs.target)
    clf.set_params(callbacks=[]).fit(radiographs.images, radiographs.target)
    assert list(tmp_path.glob("*.resume"))


def test_callbacks_are_not_saved(radiographs, small_classifier, tmp_path):
    X, y = radiographs.images, radiographs.target
    recorded = Recorded()
    clf = small_classifier(callbacks=[recorded], max_epochs=1).fit(X, y)
    clf.save(tmp_path)
    assert "callbacks" not in (tmp_path / "model.json").read_text()
    loaded = CXRClassifier.load(tmp_path)
    assert loaded.callbacks is None
    np.testing.assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))
    loaded.partial_fit(X, y)
    assert len(recorded.calls) == 1


def test_a_segmenter_takes_callbacks_as_well(lungs, small_segmenter):
    recorded = Recorded()
    unet = small_segmenter(callbacks=[recorded], validation_fraction=0.3)
    unet.fit(lungs.images, lungs.masks)
    assert [epoch for _, epoch, _ in recorded.calls] == [1, 2]
    assert unet.net_.history[:, "valid_dice"] == unet.history_["valid_dice"]
    assert UNetSegmenter().callbacks is None


def test_zero_grad_of_torch_is_not_used(radiographs, small_classifier, monkeypatch):
    def fail(optimizer, set_to_none=True):
        # What torch raises if another thread exports a graph at this moment.
        raise KeyError("custom")

    X, y = radiographs.images, radiographs.target
    expected = small_classifier().fit(X, y)
    monkeypatch.setattr(torch.optim.Optimizer, "zero_grad", fail)
    found = small_classifier().fit(X, y)
    assert found.history_["train_loss"] == expected.history_["train_loss"]
