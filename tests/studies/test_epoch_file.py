"""A training tells another process its epochs."""

from types import SimpleNamespace

import pytest

from cxrclf.studies._epoch_file import EpochFile, read_epoch, read_first_epoch


def test_a_training_writes_its_epochs(small_net, images, tmp_path):
    path = tmp_path / "epoch"
    net = small_net(max_epochs=2, callbacks=[EpochFile(path)], random_state=0)
    net.fit(images.X, images.y)
    assert (read_first_epoch(path), read_epoch(path)) == (1, 2)


def test_a_resumed_training_starts_later(tmp_path):
    file = EpochFile(tmp_path / "epoch")
    for n in (7, 8, 9, 10):
        file.on_epoch_end(SimpleNamespace(history=[{}] * n))
    assert (read_first_epoch(file.path), read_epoch(file.path)) == (7, 10)


@pytest.mark.parametrize("content", [None, "", "3", "x\n"])
def test_a_missing_or_half_written_file_is_epoch_0(tmp_path, content):
    path = tmp_path / "epoch"
    if content is not None:
        path.write_text(content)
    assert read_epoch(path) == read_first_epoch(path) == 0


def test_a_half_written_line_is_not_read(tmp_path):
    path = tmp_path / "epoch"
    path.write_text("9\n1")  # of 10
    assert read_epoch(path) == 9


def test_a_folder_that_is_gone_is_no_error(tmp_path):
    file = EpochFile(tmp_path / "gone" / "epoch")
    file.on_epoch_end(SimpleNamespace(history=[{}]))
    assert file.stateless
    assert read_epoch(file.path) == 0


def test_an_interrupt_while_the_file_is_written_is_no_end(small_net, images, tmp_path):
    class Interrupted(EpochFile):
        def on_epoch_end(self, net, **kwargs):
            super().on_epoch_end(net, **kwargs)
            raise KeyboardInterrupt  # as Python does after Ctrl-C, anywhere

    net = small_net(max_epochs=2, callbacks=[Interrupted(tmp_path / "epoch")])
    # A study would otherwise save a training of one epoch as complete.
    with pytest.raises(KeyboardInterrupt):
        net.fit(images.X, images.y)
