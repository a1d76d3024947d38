"""The rule that chooses torch or ONNX Runtime."""

import pytest
import torch

from cxrclf._training import engine
from cxrclf.exceptions import MissingDependencyError

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
SMALL, LARGE, TINY = 8e8, 8e9, 1e7


class Network:
    normalization = "unit"

    def __init__(self, work):
        self.work = work
        self.counted = 0

    def count_operations(self, image_size):
        self.counted += 1
        return self.work

    def __repr__(self):
        return f"Network({self.work})"


@pytest.fixture(autouse=True)
def no_counts(monkeypatch):
    monkeypatch.setattr(engine, "_OPERATIONS", {})


@pytest.fixture
def resolve(monkeypatch):
    def resolve(
        name="auto",
        precision="auto",
        device=CPU,
        work=SMALL,
        *,
        fast_bfloat16=False,
        amx=False,
        available=True,
        **options,
    ):
        monkeypatch.setattr(engine, "has_fast_bfloat16", lambda device: fast_bfloat16)
        monkeypatch.setattr(engine, "has_amx", lambda: amx)
        monkeypatch.setattr(engine, "is_available", lambda: available)
        network = Network(work)
        return engine.resolve_engine(
            name, precision, device, network, (224, 224), **options
        )

    return resolve


@pytest.mark.parametrize("work", [SMALL, LARGE])
@pytest.mark.parametrize("precision", ["auto", "float32"])
def test_a_cpu_without_fast_bfloat16(work, precision, resolve):
    assert resolve(precision=precision, work=work) == "onnxruntime"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"work": SMALL}, "onnxruntime"),
        ({"work": LARGE}, "torch"),
        ({"work": LARGE, "precision": "float32"}, "onnxruntime"),
        ({"work": SMALL, "amx": True}, "torch"),
        ({"work": SMALL, "amx": True, "precision": "float32"}, "onnxruntime"),
    ],
)
def test_a_cpu_with_fast_bfloat16(settings, expected, resolve):
    assert resolve(fast_bfloat16=True, **settings) == expected


@pytest.mark.parametrize(
    "settings",
    [
        {"work": TINY},
        {"device": CUDA},
        {"precision": "float64"},
        {"precision": "bfloat16"},
        {"available": False},
        {"compiled": True},
        {"name": "torch"},
        {"name": "onnxruntime", "device": CUDA},
    ],
)
def test_torch(settings, resolve):
    assert resolve(**settings) == "torch"


def test_on_request(resolve):
    assert resolve("onnxruntime", work=TINY, fast_bfloat16=True) == "onnxruntime"


def test_integers_of_8_bits(resolve):
    assert resolve(precision="int8", work=LARGE, fast_bfloat16=True) == "onnxruntime"


def test_a_missing_package(resolve, monkeypatch):
    def require(purpose):
        raise MissingDependencyError(purpose)

    monkeypatch.setattr(engine, "require", require)
    with pytest.raises(MissingDependencyError, match='engine="onnxruntime"'):
        resolve("onnxruntime")


def test_a_network_is_counted_once(monkeypatch):
    monkeypatch.setattr(engine, "is_available", lambda: True)
    network = Network(SMALL)
    for _ in range(3):
        engine.resolve_engine("auto", "float32", CPU, network, (224, 224))
    assert network.counted == 1
    engine.resolve_engine("auto", "float32", CPU, network, (96, 96))
    assert network.counted == 2
