"""The precision that "auto" chooses: by the processor alone."""

import pytest
import torch

from cxrclf import CXRClassifier
from cxrclf._training import precision
from cxrclf._training.precision import resolve_precision

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
    maker = "AuthenticAMD" if amd else "GenuineIntel"
    monkeypatch.setattr(precision, "processor_name", lambda: f"vendor_id : {maker}")
    assert resolve_precision("auto", CPU) == (torch.float32, expected)


def test_without_torchs_checks_it_is_float32(monkeypatch):
    for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"):
        monkeypatch.delattr(torch.cpu, name, raising=False)
    assert resolve_precision("auto", CPU) == (torch.float32, None)


def test_the_processor_is_named(tmp_path, monkeypatch):
    info = tmp_path / "cpuinfo"
    monkeypatch.setattr(precision, "Path", lambda name: info)
    monkeypatch.setattr(precision.platform, "processor", lambda: "AMD64 AuthenticAMD")
    assert precision.processor_name.__wrapped__() == "AMD64 AuthenticAMD"
    core = "processor\t: {}\nvendor_id\t: GenuineIntel\nmodel\t\t: 106\ncpu MHz : {}\n"
    info.write_text("\n".join(core.format(number, 2000 + number) for number in (0, 1)))
    found = precision.processor_name.__wrapped__()
    assert found.split() == ["vendor_id", ":", "GenuineIntel", "model", ":", "106"]


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float64"])
def test_the_fitted_estimator_says_what_was_chosen(radiograph_arrays, precision):
    clf = CXRClassifier(
        "test_resnet", weights=None, max_epochs=1, precision=precision, random_state=0
    )
    with pytest.raises(AttributeError, match="no precision_ before fit"):
        clf.precision_  # noqa: B018
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
