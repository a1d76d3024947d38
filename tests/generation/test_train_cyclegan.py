"""The training loop: schedule, epochs, resuming, logs."""

import os
import signal
import subprocess
import sys

import joblib
import numpy as np
import pytest
import torch
from PIL import Image
from torch.optim import SGD, lr_scheduler

from cxrclf.datasets import make_chest_radiographs
from cxrclf.generation import _train_cyclegan
from cxrclf.generation._train_cyclegan import decay_factor


@pytest.mark.parametrize("n_epochs", [1, 2, 5, 200])
def test_the_rate_is_constant_and_then_falls_as_published(n_epochs):
    n_falling = n_epochs // 2
    n_constant = n_epochs - n_falling

    def rule(epoch):  # LambdaLR of the published code, with epoch_count = 1
        return 1.0 - max(0, epoch + 1 - n_constant) / float(n_falling + 1)

    optimizer = SGD([torch.zeros(1)], lr=1.0)
    scheduler = lr_scheduler.LambdaLR(optimizer, rule)
    for epoch in range(n_epochs):
        assert decay_factor(epoch, n_epochs) == pytest.approx(
            optimizer.param_groups[0]["lr"], abs=1e-12
        )
        optimizer.step()
        scheduler.step()
    assert decay_factor(n_epochs - 1, n_epochs) > 0


def test_max_iter_counts_steps_and_max_epochs_counts_passes(make, radiographs):
    X, y = radiographs.images, radiographs.target
    by_steps = make(max_iter=13).fit(X, y, ["covid"])
    # There are ten images of each class.
    assert by_steps.history_["epoch"] == [1, 2]
    by_epochs = make(max_iter=13, max_epochs=3, batch_size=4).fit(X, y, ["covid"])
    assert by_epochs.history_["epoch"] == [1, 2, 3]
    assert by_epochs.history_["learning_rate"] == pytest.approx([5e-4, 5e-4, 2.5e-4])


def test_the_losses_of_a_training_fall(make, radiographs):
    generator = make(max_epochs=4, learning_rate=5e-3, skip=False)
    generator.fit(radiographs.images, radiographs.target, ["covid"])
    losses = generator.history_["cycle_loss"]
    assert losses[-1] < 0.8 * losses[0]


def test_a_training_that_diverges_names_the_remedy(make, radiographs):
    with pytest.raises(ValueError, match="diverged.*Lower learning_rate"):
        make(learning_rate=1e38, max_epochs=2).fit(
            radiographs.images, radiographs.target
        )


class Killed(BaseException):
    pass


def test_a_resumed_training_ends_with_the_same_weights(
    make, radiographs, tmp_path, monkeypatch
):
    X, y = radiographs.images, radiographs.target
    whole = make(max_epochs=4).fit(X, y, ["covid"])
    real, epochs = _train_cyclegan._run_epoch, []

    def stop_early(net, data, epoch, *rest):
        if epoch == 2 and len(epochs) == 2:
            raise Killed
        epochs.append(epoch)
        return real(net, data, epoch, *rest)

    monkeypatch.setattr(_train_cyclegan, "_run_epoch", stop_early)
    parted = make(max_epochs=4, checkpoint_dir=tmp_path)
    with pytest.raises(Killed):
        parted.fit(X, y, ["covid"])
    epochs.append("again")
    parted.fit(X, y, ["covid"])
    assert epochs == [0, 1, "again", 2, 3]
    np.testing.assert_array_equal(
        whole.sample(10, "covid", 0), parted.sample(10, "covid", 0)
    )
    assert parted.history_["cycle_loss"] == whole.history_["cycle_loss"]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX only")
def test_a_killed_process_resumes_to_the_same_weights(make, tmp_path, monkeypatch):
    data = make_chest_radiographs(12, image_size=24, random_state=0)
    np.savez(tmp_path / "data.npz", X=data.images, y=data.target)
    checkpoints = tmp_path / "checkpoints"
    parted = make(max_epochs=5, n_threads=1, checkpoint_dir=checkpoints)
    joblib.dump(parted, tmp_path / "generator.joblib")
    script = (
        "import os, signal, sys\n"
        "import joblib, numpy\n"
        "from cxrclf.generation import _train_cyclegan\n"
        "add = _train_cyclegan.RunRecord.add\n"
        "def add_and_die(record, progress):\n"
        "    add(record, progress)\n"
        "    if progress.done == 3:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "_train_cyclegan.RunRecord.add = add_and_die\n"
        "data = numpy.load(sys.argv[1])\n"
        "joblib.load(sys.argv[2]).fit(data['X'], data['y'], ['covid'])\n"
    )
    path = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        [
            *(sys.executable, "-c", script),
            *(str(tmp_path / name) for name in ("data.npz", "generator.joblib")),
        ],
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.returncode == -signal.SIGKILL
    real, epochs = _train_cyclegan._run_epoch, []

    def run_epoch(net, data, epoch, *rest):
        epochs.append(epoch)
        return real(net, data, epoch, *rest)

    monkeypatch.setattr(_train_cyclegan, "_run_epoch", run_epoch)
    parted.fit(data.images, data.target, ["covid"])
    assert epochs == [3, 4]
    whole = make(max_epochs=5, n_threads=1).fit(data.images, data.target, ["covid"])
    states = [g.translators_["covid"].module_.state_dict() for g in (parted, whole)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[1])


def test_logs_have_the_losses_and_a_sample_sheet_per_epoch(make, radiographs, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import (
        EventAccumulator,
    )

    generator = make(max_epochs=2, log_dir=tmp_path)
    generator.fit(radiographs.images, radiographs.target, ["covid"])
    [run] = tmp_path.iterdir()
    events = EventAccumulator(str(run)).Reload()
    logged = [event.value for event in events.Scalars("cycle_loss")]
    assert logged == pytest.approx(generator.history_["cycle_loss"], rel=1e-6)
    assert [event.step for event in events.Images("samples")] == [1, 2]
    files = sorted((run / "samples").iterdir())
    assert [file.name for file in files] == ["epoch-0001.png", "epoch-0002.png"]
    with Image.open(files[1]) as image:
        assert image.size == (8 * 48, 6 * 48)
        sheet = np.asarray(image)
    translated = generator.translate(
        radiographs.images[radiographs.target == "normal"][:8]
    )
    row = sheet[48:96].reshape(48, 8, 48).swapaxes(0, 1)
    # The generator that is fitted computes each batch with one thread.
    np.testing.assert_allclose(row, translated, atol=1)
