"""Presets: parameters of the segmenters of published studies."""

from sklearn.base import clone

from cxrclf.augmentation import Augmentation

_PRESETS = {
    "vgg19_unet": {
        "image_size": 512,
        "width": 64,
        "batch_norm": False,
        "loss": "cross_entropy",
        "augmentation": Augmentation(zoom=0.05, shift=0.05, horizontal_flip=True),
        "optimizer": "adam",
        "learning_rate": 1e-3,
        "learning_rate_schedule": "constant",
        "max_epochs": 50,
        "batch_size": 16,
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
    return {
        key: clone(value) if isinstance(value, Augmentation) else value
        for key, value in _PRESETS[name].items()
    }
