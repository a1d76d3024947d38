"""Where torch computes."""

import torch


def resolve_device(device: str | torch.device) -> torch.device:
    """Return the torch device that `device` names.

    Parameters
    ----------
    device : {"auto"} or str or torch.device
        ``"auto"`` is CUDA where there is one, else the CPU.

    Raises
    ------
    ValueError
        If the name is unknown or the device is not there.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        resolved = torch.device(device)
        torch.empty(0, device=resolved)
    except (RuntimeError, AssertionError, TypeError, NotImplementedError) as error:
        raise ValueError(
            f"device={device!r} is not available here. Use 'auto', 'cpu', or a device "
            "that torch sees, as 'cuda' or 'cuda:1'."
        ) from error
    return resolved


def upload(tensor, device):
    """Return a tensor of the CPU on a device, without waiting for the device."""
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def has_room(n_bytes, device):
    """Return whether data had better lie in the memory of a GPU: a quarter of it."""
    return device.type == "cuda" and n_bytes <= torch.cuda.mem_get_info(device)[0] // 4
