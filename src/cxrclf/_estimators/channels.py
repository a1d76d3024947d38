"""Channels of X and of the network."""


def count_channels(shape):
    """Return the number of channels that the network of an X gets.

    Parameters
    ----------
    shape : tuple of int or None
        Shape (H, W) or (H, W, C) of an image, or None for files. Gray images are
        repeated to 3 channels.
    """
    channels = shape[2] if shape is not None and len(shape) == 3 else 1
    return 3 if channels == 1 else channels


def has_color(shape):
    """Return whether images of a shape (H, W) or (H, W, C) have several channels."""
    return shape is not None and len(shape) == 3 and shape[2] > 1


def check_channels(shape, n_channels, name):
    """Raise an error for images that a network of other channels does not accept.

    Parameters
    ----------
    shape : tuple of int or None
        Shape (H, W) or (H, W, C) of an image, or None for files.
    n_channels : int
        Number of channels of the images that the network accepts.
    name : str
        Name of the estimator, for the error message.

    Raises
    ------
    ValueError
        If the numbers of channels differ.
    """
    if count_channels(shape) == n_channels:
        return
    if shape is None:
        raise ValueError(
            f"X has image files, which are gray, but this {name} was fitted on images "
            f"of {n_channels} channels."
        )
    if shape[:2] == (1, 1):
        raise ValueError(
            f"X has rows of {shape[2]} values, but this {name} was fitted on images. "
            "Pass an (n, H, W) array, X[None] for a single image, or set image_shape "
            "to the shape of a row's image."
        )
    cure = f"Pass an (n, H, W, {n_channels}) array."
    if n_channels == 3:
        cure = "Pass gray images as an (n, H, W) array, or 3 channels"
        cure += ": X[..., :3] has no alpha channel." if shape[2:] == (4,) else "."
    raise ValueError(
        f"X has images of shape {shape}, but this {name} was fitted on images of "
        f"{n_channels} channels. {cure}"
    )
