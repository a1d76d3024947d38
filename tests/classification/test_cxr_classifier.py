"""What each training parameter promises."""

import pickle
import shutil

import numpy as np
import pytest
import torch
from sklearn.base import clone

from cxrclf import Augmentation
from tolerances import assert_same_predictions


def body_state(clf):
    return {
        name: tensor.clone()
        for name, tensor in clf.net_.module_.backbone.state_dict().items()
    }


def changed(before, after):
    return {name for name in before if not torch.equal(before[name], after[name])}


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
