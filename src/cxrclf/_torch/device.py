"""Devices of torch."""

import torch


def resolve_device(device: str | torch.device) -> torch.device:
    """Return the torch device of a name.

    Parameters
    ----------
    device : {"auto"} or str or torch.device
        Name of the device. ``"auto"`` is CUDA if it is available, else the CPU.

    Returns
    -------
    torch.device

    Raises
    ------
    ValueError
        If the name is unknown or the device is not available.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        resolved = torch.device(device)
        torch.empty(0, device=resolved)  # fails if the device does not exist
    except (RuntimeError, AssertionError, TypeError, NotImplementedError) as error:
        raise ValueError(
            f"device={device!r} is not available here. Use 'auto', 'cpu', or a device "
            "that torch sees, such as 'cuda' or 'cuda:1'."
        ) from error
    return resolved


def upload(tensor, device):
    """Copy a tensor from the CPU to a device, without waiting for the device."""
    if device.type != "cuda":
        return tensor.to(device)
    # Only a copy from pinned memory runs while the CPU goes on.
    return tensor.pin_memory().to(device, non_blocking=True)


def has_room(n_bytes, device):
    """Return whether data fit into a quarter of the free memory of a GPU."""
    return device.type == "cuda" and n_bytes <= torch.cuda.mem_get_info(device)[0] // 4
