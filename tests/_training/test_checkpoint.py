"""A checkpoint that is damaged or of another training is refused."""

import hashlib
import io
import os
import signal
import sys

import numpy as np
import pytest
import torch

from cxrclf import CXRClassifier, Optimizer
from cxrclf._training.trainer import Trainer
from cxrclf.exceptions import WeightsError

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX only")


@pytest.fixture
def float_images():
    rng = np.random.default_rng(0)
    return rng.random((12, 32, 32), dtype=np.float32), np.arange(12) % 2


def classifier_of(**parameters):
    defaults = {"weights": None, "max_epochs": 2, "random_state": 0}
    return CXRClassifier("test_resnet", **{**defaults, **parameters})


def interrupted_in_epoch(number, monkeypatch, clf, data):
    """Press Ctrl-C in an epoch, counted from 1 over all calls."""
    run_epoch = Trainer._run_epoch

    def press(self, *args):
        row = run_epoch(self, *args)
        if row["epoch"] == number:
            signal.raise_signal(signal.SIGINT)
        return row

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_run_epoch", press)
        clf.fit(*data)


def test_an_interrupt_of_the_writing_remains_an_interrupt(
    float_images, tmp_path, monkeypatch
):
    save = torch.save

    class Interrupted(io.BytesIO):
        def write(self, content):
            if self.tell():  # a later part, as torch reports the first one itself
                signal.raise_signal(signal.SIGINT)
            return super().write(content)

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", lambda state, file: save(state, Interrupted()))
        with pytest.raises(KeyboardInterrupt):
            classifier_of(checkpoint_dir=tmp_path).fit(*float_images)
    assert not list(tmp_path.iterdir())


def test_a_damaged_resume_file_is_named(float_images, tmp_path):
    clf = classifier_of(checkpoint_dir=tmp_path).fit(*float_images)
    (file,) = tmp_path.glob("*.resume")
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(WeightsError, match=f"{file.name} is damaged. Delete it"):
        clf.fit(*float_images)


def test_numbers_drawn_by_numpy_can_be_resumed(float_images, tmp_path):
    settings = {
        "learning_rate": np.float64(1e-3),
        "max_epochs": np.int64(2),
        "learning_rate_schedule": "linear",
        "checkpoint_dir": tmp_path,
    }
    first = classifier_of(**settings).fit(*float_images)
    again = classifier_of(**settings).fit(*float_images)
    assert again.history_ == first.history_  # durations too: nothing was trained


@pytest.fixture
def checkpoint(float_images, tmp_path):
    """Return a classifier that has left a checkpoint with all there can be, and it."""
    clf = classifier_of(
        checkpoint_dir=tmp_path, trainable="all", validation_fraction=0.5
    ).fit(*float_images)
    (file,) = tmp_path.glob("*.resume")
    return clf, file


def with_digest(content):
    return content + hashlib.blake2b(content).digest()


def first_moments(state):
    return next(iter(state["optimizer"]["state"].values()))


CHANGES = {
    "a list": lambda s: [s],
    "no module": lambda s: s.pop("module"),
    "no optimizer": lambda s: s.pop("optimizer"),
    "no progress": lambda s: s.pop("progress"),
    "another key": lambda s: s.update(note=1),
    "module of another type": lambda s: s.update(module=[1]),
    "module without tensors": lambda s: s["module"].update(
        dict.fromkeys(s["module"], 1.0)
    ),
    "a missing tensor": lambda s: s["module"].popitem(),
    "a tensor of another shape": lambda s: s["module"].update(
        {"head.output.weight": torch.zeros(1)}
    ),
    "a tensor of another type": lambda s: s["module"].update(
        {"head.output.weight": s["module"]["head.output.weight"].long()}
    ),
    "no moments": lambda s: s["optimizer"].pop("state"),
    "moments of no parameter": lambda s: s["optimizer"]["state"].update({9999: {}}),
    "a missing moment": lambda s: first_moments(s).pop("exp_avg"),
    "a moment of another shape": lambda s: first_moments(s).update(
        exp_avg=torch.zeros(1)
    ),
    "a moment of another type": lambda s: first_moments(s).update(exp_avg="x"),
    "a step of another shape": lambda s: first_moments(s).update(step=torch.ones(3)),
    "progress of another type": lambda s: s.update(progress=3),
    "unknown progress": lambda s: s["progress"].update(zzz=1),
    "too many epochs": lambda s: s["progress"].update(done=99),
    "no epochs": lambda s: s["progress"].update(done=0, history=[]),
    "epochs of another type": lambda s: s["progress"].update(done="2"),
    "a short history": lambda s: s["progress"]["history"].pop(),
    "a history of text": lambda s: s["progress"]["history"][0].update(train_loss="x"),
    "a history without epochs": lambda s: s["progress"]["history"][0].pop("epoch"),
    "a best epoch that is none": lambda s: s["progress"].update(best_epoch=7),
    "a best state of another network": lambda s: s["progress"].update(
        best_state={"x": torch.zeros(1)}
    ),
    "scores of another type": lambda s: s["progress"].update(best_score=None),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_checkpoint_of_another_content_is_refused(name, checkpoint, float_images):
    clf, file = checkpoint
    state = torch.load(file, weights_only=True)
    changed = CHANGES[name](state)
    archive = io.BytesIO()
    torch.save(changed if isinstance(changed, list) else state, archive)
    file.write_bytes(with_digest(archive.getvalue()))
    before = clf.predict_proba(float_images[0])
    with pytest.raises(WeightsError, match=f"{file.name} is damaged. Delete it"):
        clf.fit(*float_images)
    np.testing.assert_array_equal(clf.predict_proba(float_images[0]), before)
    file.unlink()
    clf.fit(*float_images)


@pytest.mark.parametrize("change", [bytes, with_digest])
@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04" + bytes(100)])
def test_a_file_that_is_no_checkpoint_is_refused(
    content, change, checkpoint, float_images
):
    clf, file = checkpoint
    file.write_bytes(change(content))
    with pytest.raises(WeightsError, match="Delete it"):
        clf.fit(*float_images)


def test_a_flipped_bit_is_noticed_wherever_it_is(checkpoint, float_images):
    clf, file = checkpoint
    content = file.read_bytes()
    assert content == with_digest(content[:-64])
    for position in np.linspace(0, len(content) - 1, 12).astype(int):
        damaged = bytearray(content)
        damaged[position] ^= 1
        file.write_bytes(damaged)
        with pytest.raises(WeightsError, match=f"{file.name} is damaged. Delete it"):
            clf.fit(*float_images)
    before = clf.history_
    file.write_bytes(content)
    assert clf.fit(*float_images).history_ == before  # nothing was trained


@pytest.mark.parametrize("kind", ["folder", "pipe"])
@posix
def test_what_is_no_file_is_no_checkpoint(kind, checkpoint, float_images):
    clf, file = checkpoint
    file.unlink()
    file.mkdir() if kind == "folder" else os.mkfifo(file)
    with pytest.raises(WeightsError, match="Delete it"):
        clf.fit(*float_images)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "nadam", "sgd"])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_training_goes_on_with_the_state_of_its_optimizer(
    optimizer, momentum, float_images, tmp_path, monkeypatch
):
    settings = {
        "optimizer": Optimizer(optimizer, momentum=momentum),
        "max_epochs": 3,
        "trainable": "all",
        "head_epochs": 1,  # the body has no moments after it
        "n_threads": 1,
    }
    whole = classifier_of(**settings).fit(*float_images)
    clf = classifier_of(**settings, checkpoint_dir=tmp_path)
    for epoch in (2, 3):
        with pytest.raises(KeyboardInterrupt):
            interrupted_in_epoch(epoch, monkeypatch, clf, float_images)
    clf.fit(*float_images)
    np.testing.assert_array_equal(
        clf.predict_proba(float_images[0]), whole.predict_proba(float_images[0])
    )
