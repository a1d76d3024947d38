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
