"""Presets: parameters of CycleGANGenerator for a CPU, and of the paper."""

_PRESETS = {
    "cpu": {
        "image_size": 96,
        "width": 16,
        "skip": True,
        "discriminator_width": 32,
        "cycle_weight": 3.0,
        "identity_weight": 1.0,
        "learning_rate": 5e-4,
        "ema_decay": 0.995,
        "max_iter": 2000,
        "batch_size": 1,
    },
    "paper": {
        "image_size": 256,
        "width": 64,
        "n_blocks": 9,
        "skip": False,
        "discriminator_width": 64,
        "cycle_weight": 10.0,
        "identity_weight": 5.0,
        "learning_rate": 2e-4,
        "ema_decay": 0.0,
        "max_epochs": 200,
        "max_iter": None,
        "batch_size": 1,
    },
}


def preset_parameters(name):
    """Return the parameters of a preset.

    Parameters
    ----------
    name : str

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        If there is no preset with this name.
    """
    if name not in _PRESETS:
        raise ValueError(f"preset must be one of {sorted(_PRESETS)}, got {name!r}.")
    return dict(_PRESETS[name])
