"""A training tells another process its epochs."""

from types import SimpleNamespace

import pytest

from cxrclf.studies._epoch_file import EpochFile, read_epoch


def test_a_training_writes_its_epochs(small_net, images, tmp_path):
    path = tmp_path / "epoch"
    net = small_net(max_epochs=2, callbacks=[EpochFile(path)], random_state=0)
    net.fit(images.X, images.y)
    assert read_epoch(path) == 2


@pytest.mark.parametrize("content", [None, "", "3.", "x"])
def test_a_missing_or_half_written_file_is_epoch_0(tmp_path, content):
    path = tmp_path / "epoch"
    if content is not None:
        path.write_text(content)
    assert read_epoch(path) == 0


def test_a_folder_that_is_gone_is_no_error(tmp_path):
    file = EpochFile(tmp_path / "gone" / "epoch")
    file.on_epoch_end(SimpleNamespace(history=[{}]))
    assert file.stateless
    assert read_epoch(file.path) == 0
