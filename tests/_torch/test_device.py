"""Devices: the CPU, a pretended GPU, and with `pytest -m gpu` a real one."""

import pytest
import torch

from cxrclf._torch.device import has_room, resolve_device, upload
from pretend_cuda import nobody_waits


def test_room_is_a_quarter_of_the_free_memory(cuda):
    device = torch.device("cuda")
    free = torch.cuda.mem_get_info(device)[0]
    assert has_room(free // 5, device)
    assert not has_room(free // 2, device)
    assert not has_room(1, torch.device("cpu"))


def test_the_device_is_found(cuda):
    assert resolve_device("auto") == torch.device("cuda")
    assert resolve_device("cuda:0") == torch.device("cuda", 0)
    with pytest.raises(ValueError, match="device='cuda:99' is not available here"):
        resolve_device("cuda:99")


@pytest.mark.parametrize("device", ["tpu9", "cpu:0:0", "meta!", 3.5])
def test_devices_that_are_none_are_named(device):
    with pytest.raises(ValueError, match=f"device={device!r} is not available here"):
        resolve_device(device)


def test_an_upload_to_the_cpu_is_the_same_tensor():
    tensor = torch.arange(3)
    assert upload(tensor, torch.device("cpu")) is tensor
    assert resolve_device(torch.device("cpu")) == torch.device("cpu")


def test_nobody_waits_for_an_upload(cuda):
    with nobody_waits("an upload"):
        there = upload(torch.arange(3), torch.device("cuda"))
    assert there.device.type == "cuda"
    assert there.tolist() == [0, 1, 2]
