"""Limit of the number of pixels of a file."""

from PIL import Image


def check_pixel_count(height: int, width: int) -> None:
    """Raise an error if an image has more pixels than Pillow allows.

    Parameters
    ----------
    height, width : int
        Size of the image in pixels.

    Raises
    ------
    PIL.Image.DecompressionBombError
        If the image has more than twice ``PIL.Image.MAX_IMAGE_PIXELS`` pixels.
    """
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and height * width > 2 * limit:
        raise Image.DecompressionBombError(
            f"{height} x {width} pixels exceed the limit of {2 * limit} pixels"
        )
