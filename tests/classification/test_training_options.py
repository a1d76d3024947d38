"""What each training parameter promises."""

import pickle
import shutil

import numpy as np
import pytest
import torch
from imblearn.over_sampling import RandomOverSampler
from sklearn.base import clone

from cxrclf import Augmentation
from cxrclf._training.samples import PixelSamples
from tolerances import assert_same_predictions


def body_state(clf):
    return {
        name: tensor.clone()
        for name, tensor in clf.net_.module_.backbone.state_dict().items()
    }


def changed(before, after):
    return {name for name in before if not torch.equal(before[name], after[name])}


def test_history_has_a_plain_column_for_everything(radiographs, small_classifier):
    clf = small_classifier(validation_fraction=0.3, learning_rate_schedule="linear")
    clf.fit(radiographs.images, radiographs.target, groups=radiographs.groups)
    assert list(clf.history_) == [
        "epoch",
        "train_loss",
        "train_accuracy",
        "valid_loss",
        "valid_accuracy",
        "duration",
        "learning_rate",
    ]
    assert clf.history_["epoch"] == [1, 2]
    assert clf.history_["learning_rate"] == [1e-3, 5e-4]
    assert {type(value) for value in clf.history_["train_loss"]} == {float}


@pytest.mark.parametrize("monitor", ["valid_loss", "valid_accuracy"])
def test_the_best_epoch_is_kept(radiographs, small_classifier, monitor):
    X, y = radiographs.images, radiographs.target
    clf = small_classifier(max_epochs=6, learning_rate=3e-2, monitor=monitor)
    clf.fit(X[:20], y[:20], X_val=X[20:], y_val=y[20:])
    column = np.array(clf.history_[monitor])
    best = column.argmin() if monitor == "valid_loss" else column.argmax()
    assert clf.best_epoch_ == best + 1
    kept = clf.score(X[20:], y[20:])
    assert kept == pytest.approx(clf.history_["valid_accuracy"][best])
    last = small_classifier(max_epochs=6, learning_rate=3e-2, keep_best=False)
    last.fit(X[:20], y[:20], X_val=X[20:], y_val=y[20:])
    assert last.score(X[20:], y[20:]) == pytest.approx(
        last.history_["valid_accuracy"][-1]
    )


def test_early_stopping_waits_and_stops(radiographs, small_classifier):
    clf = small_classifier(
        max_epochs=50,
        learning_rate=1e-9,
        body_learning_rate=1e-9,
        trainable="head",
        early_stopping=True,
        n_iter_no_change=3,
        validation_fraction=0.3,
    ).fit(radiographs.images, radiographs.target)
    # Nothing improves at this rate: the first epoch, and three that wait.
    assert clf.n_epochs_ == 4


def test_rows_of_a_patient_or_repeats_of_an_image_are_not_split(
    radiographs, small_classifier, monkeypatch
):
    seen = []
    init = PixelSamples.__init__

    def spy(self, data, *args, **kwargs):
        seen.append(data.schedule.all_rows())
        init(self, data, *args, **kwargs)

    monkeypatch.setattr(PixelSamples, "__init__", spy)
    X, y, groups = radiographs.images, radiographs.target, radiographs.groups
    clf = small_classifier(max_epochs=1, validation_fraction=0.3)
    clf.fit(X, y, groups=groups)
    train, valid = seen
    assert len(train) + len(valid) == len(X)
    assert not set(groups[train]) & set(groups[valid])

    seen.clear()
    rows, _ = RandomOverSampler(
        sampling_strategy={"covid": 30}, random_state=0
    ).fit_resample(np.arange(len(X))[:, None], y)
    rows = rows[:, 0]
    clf.fit(X[rows], y[rows])
    train, valid = seen
    assert not set(rows[train]) & set(rows[valid])


@pytest.mark.parametrize(
    ("trainable", "n_trained"), [("head", 0), (1, 1), (2, 2), ("all", None)]
)
def test_trainable_decides_what_changes(
    radiographs, small_classifier, trainable, n_trained
):
    X, y = radiographs.images, radiographs.target
    clf = small_classifier(trainable=trainable, max_epochs=1, warm_start=True)
    clf.fit(X, y)
    before, head = body_state(clf), clf.net_.module_.head.output.weight.clone()
    clf.fit(X, y)
    stages = clf.net_.module_.backbone.stages()
    trained = {
        tensor.data_ptr()
        for stage in stages[len(stages) - n_trained if n_trained is not None else 0 :]
        for module in stage
        for tensor in [
            *module.parameters(recurse=False),
            *module.buffers(recurse=False),
        ]
    }
    state = clf.net_.module_.backbone.state_dict(keep_vars=True)
    names = changed(before, state)
    assert bool(names) == (n_trained != 0)
    assert {state[name].data_ptr() for name in names} <= trained
    assert not torch.equal(head, clf.net_.module_.head.output.weight)


def test_the_head_starts_alone(radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    alone = small_classifier(max_epochs=2, head_epochs=2).fit(X, y)
    head_only = small_classifier(max_epochs=2, trainable="head", n_threads=1).fit(X, y)
    assert not changed(body_state(head_only), body_state(alone))
    both = small_classifier(max_epochs=3, head_epochs=2).fit(X, y)
    assert changed(body_state(alone), body_state(both))


def test_partial_fit_goes_on_where_fit_stopped(radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    settings = {"augmentation": Augmentation(rotation=20), "dropout": 0.2}
    whole = small_classifier(max_epochs=4, n_threads=1, **settings).fit(X, y)
    parts = small_classifier(max_epochs=2, n_threads=1, **settings).fit(X, y)
    parts.partial_fit(X, y)
    assert parts.history_["train_loss"] == whole.history_["train_loss"]
    np.testing.assert_array_equal(parts.predict_proba(X), whole.predict_proba(X))


def test_partial_fit_knows_classes_to_come(radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    chosen = y != "covid"
    clf = small_classifier(max_epochs=1)
    clf.partial_fit(X[chosen], y[chosen], classes=["covid", "normal", "pneumonia"])
    clf.partial_fit(X, y)
    assert clf.predict_proba(X).shape == (30, 3)
    assert clf.n_epochs_ == 2


def test_class_weights_move_predictions(radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    clf = small_classifier(
        trainable="head", learning_rate=0.01, class_weight={"covid": 100.0}
    )
    assert (clf.fit(X, y).predict(X) == "covid").all()


def test_repeated_rows_draw_views_of_their_own(
    radiographs, small_classifier, monkeypatch
):
    states = []
    apply = Augmentation.apply

    def spy(self, images, state):
        states.append(state)
        return apply(self, images, state)

    monkeypatch.setattr(Augmentation, "apply", spy)
    X = np.repeat(radiographs.images[:6], 3, axis=0)
    y = np.repeat([0, 1], 9)
    clf = small_classifier(augmentation=Augmentation(rotation=20), max_epochs=2)
    clf.fit(X, y)
    drawn = np.concatenate(states)
    assert len(drawn) == len(np.unique(drawn)) == 36  # 6 images, 3 repeats, 2 epochs


def test_cache_dir_decodes_once_for_all_runs(
    radiograph_files, small_classifier, tmp_path, monkeypatch
):
    import cxrclf.images._decode_store as store

    X, y = radiograph_files.data, radiograph_files.target
    first = small_classifier(cache_dir=tmp_path).fit(X, y).predict_proba(X)

    def refuse(*args, **kwargs):
        raise AssertionError("decoded again")

    monkeypatch.setattr(store, "read_image", refuse)
    again = small_classifier(cache_dir=tmp_path).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(first, again)


def test_progress_is_shown_on_request(radiographs, small_classifier, capsys):
    X, y = radiographs.images, radiographs.target
    small_classifier().fit(X, y).predict(X)
    assert capsys.readouterr() == ("", "")
    small_classifier(verbose=1, trainable="head").fit(X, y).predict(X)
    shown = capsys.readouterr().err
    for text in ("features", "training", "train_loss=", "prediction"):
        assert text in shown


def test_tensorboard_gets_every_column(radiographs, small_classifier, tmp_path):
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator"
    )
    clf = small_classifier(log_dir=tmp_path, validation_fraction=0.3)
    clf.fit(radiographs.images, radiographs.target)
    (run,) = tmp_path.iterdir()
    events = accumulator.EventAccumulator(str(run)).Reload()
    assert set(events.Tags()["scalars"]) == set(clf.history_) - {"epoch"}
    logged = [event.value for event in events.Scalars("valid_loss")]
    assert logged == pytest.approx(clf.history_["valid_loss"])


def test_partial_fit_heeds_changed_parameters(radiographs, small_classifier):
    X, y = radiographs.images, radiographs.target
    clf = small_classifier(trainable="head").partial_fit(X, y)
    before = body_state(clf)
    clf.set_params(trainable="all", learning_rate=0.01, batch_size=5).partial_fit(X, y)
    assert clf.history_["learning_rate"] == [1e-3, 1e-3, 1e-2, 1e-2]
    assert clf.net_.batch_size == 5
    assert changed(before, body_state(clf))


@pytest.mark.parametrize("trainable", ["head", 1, "all"])
def test_a_compiled_backbone_trains_saves_and_loads(
    small_classifier, radiographs, tmp_path, trainable
):
    X, y = radiographs.images, radiographs.target
    # In eager mode, so that no compiler is needed.
    with torch.compiler.set_stance("force_eager"):
        settings = {"trainable": trainable, "precision": "float64"}
        clf = small_classifier(compile=True, **settings).fit(X, y)
        assert clf.net_.module_.backbone._compiled_call_impl is not None
        clf.save(tmp_path)
        loaded = type(clf).load(tmp_path)
        assert loaded.net_.module_.backbone._compiled_call_impl is not None
        plain = small_classifier(**settings).fit(X, y)
        for other in (loaded, clone(clf).fit(X, y), pickle.loads(pickle.dumps(clf))):
            # With trainable=1, plain is trained on frozen maps.
            assert_same_predictions(
                other.predict_proba(X), plain.predict_proba(X), "float64", trained=True
            )


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="needs a C++ compiler")
def test_a_compiled_backbone_computes_the_same(small_classifier, radiographs):
    X, y = radiographs.images, radiographs.target
    settings = {"trainable": "all", "precision": "float32"}
    compiled = small_classifier(compile=True, **settings).fit(X, y)
    plain = small_classifier(**settings).fit(X, y)
    np.testing.assert_allclose(
        compiled.predict_proba(X), plain.predict_proba(X), atol=1e-3
    )
