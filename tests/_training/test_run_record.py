"""Checkpoints and logs of a run, and the fingerprint that names it."""

import errno
import os
import signal
import sys

import numpy as np
import pytest
import torch

from cxrclf import CXRClassifier
from cxrclf._training.trainer import Trainer

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX only")


@pytest.fixture
def float_images():
    rng = np.random.default_rng(0)
    return rng.random((12, 32, 32), dtype=np.float32), np.arange(12) % 2


def classifier_of(**parameters):
    defaults = {"weights": None, "max_epochs": 2, "random_state": 0}
    return CXRClassifier("test_resnet", **{**defaults, **parameters})


def test_a_run_is_known_by_what_its_schedule_returns(float_images, tmp_path):
    for factor, n_files in ((0.5, 1), (0.5, 1), (0.25, 2)):
        clf = classifier_of(
            learning_rate_schedule=lambda epoch, n, factor=factor: factor,
            checkpoint_dir=tmp_path,
        )
        clf.fit(*float_images)
        assert len(list(tmp_path.glob("*.resume"))) == n_files


# What cannot be written ---------------------------------------------------------------


def limited(size, call):
    """Call with a limit on the size of files, as a full disk has."""
    import resource

    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limit[1]))
    try:
        return call()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)


@posix
def test_a_training_goes_on_without_its_checkpoint(float_images, tmp_path):
    expected = classifier_of(trainable="all", n_threads=1).fit(*float_images)
    clf = classifier_of(trainable="all", n_threads=1, checkpoint_dir=tmp_path)
    with pytest.warns(RuntimeWarning, match="the training goes on") as caught:
        limited(60_000, lambda: clf.fit(*float_images))
    (warning,) = caught  # of two epochs
    text = str(warning.message)
    assert str(tmp_path) in text
    assert os.strerror(errno.EFBIG) in text
    assert "Free space" in text
    assert list(tmp_path.iterdir()) == []
    np.testing.assert_array_equal(
        clf.predict_proba(float_images[0]), expected.predict_proba(float_images[0])
    )


def test_a_folder_that_cannot_be_made_stops_no_training(float_images, tmp_path):
    (tmp_path / "file").write_text("")
    clf = classifier_of(checkpoint_dir=tmp_path / "file" / "deeper")
    with pytest.warns(RuntimeWarning, match=r"checkpoint_dir.*deeper"):
        clf.fit(*float_images)
    assert clf.n_epochs_ == 2


def test_a_training_goes_on_after_its_last_whole_checkpoint(
    float_images, tmp_path, monkeypatch
):
    clf = classifier_of(checkpoint_dir=tmp_path, max_epochs=3)
    with pytest.raises(KeyboardInterrupt):
        interrupted_in_epoch(2, monkeypatch, clf, float_images)
    (file,) = tmp_path.glob("*.resume")
    kept = file.read_bytes()

    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", full)
        with pytest.warns(RuntimeWarning, match="restart would go on after 1 epochs"):
            clf.fit(*float_images)
    assert file.read_bytes() == kept
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("broken", ["SummaryWriter", "add_scalar"])
def test_a_training_goes_on_without_its_logs(
    broken, float_images, tmp_path, monkeypatch
):
    tensorboard = pytest.importorskip("torch.utils.tensorboard")

    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    where = tensorboard if broken == "SummaryWriter" else tensorboard.SummaryWriter
    monkeypatch.setattr(where, broken, full)
    clf = classifier_of(log_dir=tmp_path)
    with pytest.warns(RuntimeWarning, match=r"logs in .* cannot be written") as caught:
        clf.fit(*float_images)
    (warning,) = caught
    assert str(tmp_path) in str(warning.message)
    assert clf.n_epochs_ == 2


@posix
def test_what_a_killed_training_left_is_removed(float_images, tmp_path):
    left = tmp_path / ".0123.resume.cxrclf-0123456789abcdef"
    left.write_bytes(b"half")
    classifier_of(checkpoint_dir=tmp_path).fit(*float_images)
    assert not left.exists()


# Interrupts ---------------------------------------------------------------------------


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


def test_an_interrupt_says_how_to_go_on(float_images, tmp_path, monkeypatch):
    clf = classifier_of(max_epochs=3, checkpoint_dir=tmp_path)
    for number, kept in ((1, 0), (3, 2), (3, 2)):
        with pytest.raises(KeyboardInterrupt) as caught:
            interrupted_in_epoch(number, monkeypatch, clf, float_images)
        assert type(caught.value) is KeyboardInterrupt
        text = str(caught.value)
        assert f"after {kept} of 3 epochs" in text
        if kept:
            (file,) = tmp_path.glob("*.resume")
            assert f"after epoch 2 is kept in {file}: fit again" in text
        else:
            assert "No epoch is kept yet" in text
    assert not hasattr(clf, "net_")


def test_an_interrupt_without_checkpoints_says_what_would_keep_them(
    float_images, monkeypatch
):
    clf = classifier_of(max_epochs=3)
    with pytest.raises(KeyboardInterrupt, match=r"after 1 of 3 .* Set checkpoint_dir"):
        interrupted_in_epoch(2, monkeypatch, clf, float_images)
    assert not hasattr(clf, "net_")
