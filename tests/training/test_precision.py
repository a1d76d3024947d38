"""The precision that "auto" chooses: by the processor alone."""

import pytest
import torch

from cxrclf import CXRClassifier
from cxrclf.training import _device
from cxrclf.training._device import resolve_precision

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("amx", "avx512_bf16", "amd", "expected"),
    [
        (True, True, False, torch.bfloat16),  # Intel Sapphire Rapids and later
        (False, True, False, None),  # Intel Cooper Lake, or AMX switched off
        (False, True, True, torch.bfloat16),  # AMD Zen 4 and later
        (False, False, True, None),
        (False, False, False, None),
    ],
)
def test_a_cpu_takes_bfloat16_where_it_is_faster(
    monkeypatch, amx, avx512_bf16, amd, expected
):
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx, raising=False)
    monkeypatch.setattr(
        torch.cpu, "_is_avx512_bf16_supported", lambda: avx512_bf16, raising=False
    )
    monkeypatch.setattr(_device, "_is_amd", lambda: amd)
    assert resolve_precision("auto", CPU) == (torch.float32, expected)


def test_without_torchs_checks_it_is_float32(monkeypatch):
    for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"):
        monkeypatch.delattr(torch.cpu, name, raising=False)
    assert resolve_precision("auto", CPU) == (torch.float32, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("vendor_id\t: AuthenticAMD\n", True),
        ("vendor_id\t: GenuineIntel\n", False),
        (None, True),
    ],
)
def test_the_maker_of_the_processor_is_read(tmp_path, monkeypatch, text, expected):
    info = tmp_path / "cpuinfo"
    if text is not None:
        info.write_text(text)
    monkeypatch.setattr(_device, "Path", lambda name: info)
    monkeypatch.setattr(
        _device.platform, "processor", lambda: "AMD64 Family 25, AuthenticAMD"
    )
    assert _device._is_amd.__wrapped__() is expected


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float64"])
def test_the_fitted_estimator_says_what_was_chosen(radiograph_arrays, precision):
    clf = CXRClassifier(
        "test_resnet", weights=None, max_epochs=1, precision=precision, random_state=0
    )
    assert not hasattr(clf, "precision_")
    assert clf.fit(*radiograph_arrays).precision_ == precision


def test_the_choice_is_reported_by_auto(radiograph_arrays):
    clf = CXRClassifier("test_resnet", weights=None, max_epochs=1, random_state=0)
    chosen = resolve_precision("auto", CPU)[1]
    clf.set_params(device="cpu").fit(*radiograph_arrays)
    assert clf.precision_ == ("float32" if chosen is None else "bfloat16")


@pytest.fixture(scope="module")
def radiograph_arrays():
    images = torch.randint(
        256, (6, 32, 32), generator=torch.Generator().manual_seed(0), dtype=torch.uint8
    )
    return images.numpy(), ["a", "b"] * 3
