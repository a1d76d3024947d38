"""Graphs on disk: whole or not at all, and never of another network."""

import os
import subprocess
import sys

import numpy as np
import pytest
from torch import nn

from cxrclf._onnx import graph_cache
from cxrclf._onnx.graph_cache import fetch_graph, fetch_quantized, graph_key
from onnx_runtime import needs_onnx_runtime

SHAPE = 1, 1, 4, 4


def module(width=2, **settings):
    return nn.Sequential(nn.Conv2d(1, width, 3, **settings), nn.ReLU())


@pytest.fixture
def exports(monkeypatch):
    """Count the exports, and make each of them at once."""
    made = []

    def export(module, images):
        made.append(module)
        return f"graph of {module}".encode()

    monkeypatch.setattr(graph_cache, "export_graph", export)
    return made


def only_file(folder):
    (path,) = (folder / "graphs").glob("*")
    return path


def test_a_graph_is_made_once(exports, tmp_path):
    first = fetch_graph(module(), SHAPE, tmp_path)
    assert fetch_graph(module(), SHAPE, tmp_path) == first
    assert len(exports) == 1
    assert only_file(tmp_path).suffix == ".onnx"


@pytest.mark.parametrize(
    ("other", "shape"),
    [
        (module(3), SHAPE),
        (module(padding=1), SHAPE),
        (nn.Sequential(nn.Conv2d(1, 2, 3), nn.SiLU()), SHAPE),
        (module(), (1, 1, 8, 8)),
    ],
)
def test_another_network_has_another_graph(other, shape, exports, tmp_path):
    fetch_graph(module(), SHAPE, tmp_path)
    fetch_graph(other, shape, tmp_path)
    assert len(exports) == 2


class Scaled(nn.Module):
    def __init__(self, scale):
        super().__init__()
        self.scale = scale

    def forward(self, images):
        return self.scale * images


def test_settings_without_a_text_matter():
    assert repr(Scaled(2)) == repr(Scaled(3))
    assert graph_key(Scaled(2), SHAPE) != graph_key(Scaled(3), SHAPE)
    assert graph_key(Scaled(2).eval(), SHAPE) == graph_key(Scaled(2), SHAPE)


def test_weights_do_not_matter():
    assert graph_key(module(), SHAPE) == graph_key(module(), SHAPE)


def test_other_versions_have_another_graph(monkeypatch):
    before = graph_key(module(), SHAPE)
    versions = {**graph_cache.export_versions(), "torch": "1.0"}
    monkeypatch.setattr(graph_cache, "export_versions", lambda: versions)
    assert graph_key(module(), SHAPE) != before


@pytest.mark.parametrize("n_bytes", [0, 10, 40, -1])
def test_a_truncated_file_is_replaced(n_bytes, exports, tmp_path):
    graph = fetch_graph(module(), SHAPE, tmp_path)
    path = only_file(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:n_bytes])
    assert fetch_graph(module(), SHAPE, tmp_path) == graph
    assert path.read_bytes() == whole
    assert len(exports) == 2


def test_a_changed_byte_is_found(exports, tmp_path):
    graph = fetch_graph(module(), SHAPE, tmp_path)
    path = only_file(tmp_path)
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    assert fetch_graph(module(), SHAPE, tmp_path) == graph


def test_the_file_of_another_network_is_replaced(exports, tmp_path):
    fetch_graph(module(3), SHAPE, tmp_path)
    foreign = only_file(tmp_path)
    foreign.rename(foreign.with_name(graph_key(module(), SHAPE) + ".onnx"))
    assert b"(1, 2," in fetch_graph(module(), SHAPE, tmp_path)


def test_a_folder_in_the_way(exports, tmp_path):
    (tmp_path / "graphs").mkdir()
    (tmp_path / "graphs" / f"{graph_key(module(), SHAPE)}.onnx").mkdir()
    assert fetch_graph(module(), SHAPE, tmp_path).startswith(b"graph of")


@pytest.mark.parametrize("blocked", ["file", "permission"])
def test_a_folder_that_cannot_be_written(blocked, exports, tmp_path):
    if blocked == "file":
        (tmp_path / "graphs").write_bytes(b"")
    else:
        if os.name != "posix" or os.geteuid() == 0:
            pytest.skip("the superuser may write everywhere")
        tmp_path.chmod(0o500)
    graph = fetch_graph(module(), SHAPE, tmp_path)
    assert graph.startswith(b"graph of")
    # The folder of the session has it.
    assert fetch_graph(module(), SHAPE, tmp_path) == graph
    assert len(exports) == 1


def test_quantized_graphs_depend_on_the_weights(exports, tmp_path, monkeypatch):
    made = []

    def quantize(model, batches, *, n_bits):
        made.append(list(batches))
        return b"quantized"

    monkeypatch.setattr(graph_cache, "quantize_model", quantize)
    monkeypatch.setattr(graph_cache, "embed_weights", lambda graph, module: graph)
    one = module()
    for _ in range(2):
        fetch_quantized(one, SHAPE, lambda: np.zeros((2, 1, 4, 4)), tmp_path)
    assert [len(batches) for batches in made] == [2]
    one[0].weight.data.add_(1)
    fetch_quantized(one, SHAPE, lambda: np.zeros((2, 1, 4, 4)), tmp_path)
    assert len(made) == 2
    assert len(exports) == 1
    assert fetch_graph(one, SHAPE, tmp_path) != b"quantized"


def test_the_default_folder(exports, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    fetch_graph(module(), SHAPE)
    assert only_file(tmp_path / "cxrclf").is_file()


_SCRIPT = """
import sys
from torch import nn
from cxrclf._onnx.graph_cache import fetch_graph
module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU())
sys.stdout.buffer.write(fetch_graph(module, (1, 1, 4, 4), sys.argv[1]))
"""


@needs_onnx_runtime
@pytest.mark.slow
def test_processes_that_export_at_once(tmp_path):
    command = [sys.executable, "-c", _SCRIPT, str(tmp_path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(3)]
    outputs = {process.communicate()[0] for process in processes}
    assert all(process.returncode == 0 for process in processes)
    (graph,) = outputs
    assert fetch_graph(module(), SHAPE, tmp_path) == graph
    assert only_file(tmp_path).is_file()
