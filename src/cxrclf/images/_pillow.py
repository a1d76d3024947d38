"""Read the image formats of Pillow as gray pixels."""

from collections.abc import Callable
from typing import IO

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from cxrclf._utils.image_size import content_size
from cxrclf.images._jpeg2000 import read_jpeg2000
from cxrclf.images._luma import blend_with_black
from cxrclf.images._png import buffer_png, load_png, read_png
from cxrclf.images._pnm import read_pnm
from cxrclf.images._resize import resize
from cxrclf.images._tiff import convert_integers, load_tiff, read_floats, read_tiff
from cxrclf.images._unknown_kind import UNKNOWN, describe_unknown

# Formats whose pixels were compared with another decoder. Pillow also opens textures,
# icons, documents and scientific data, whose pixels have other meanings.
_FORMATS = {"AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "MPO", "PCX", "PNG", "PPM", "SGI"}
_FORMATS |= {"TIFF", "WEBP"}
# Functions that turn stored pixels upright, by the value of the EXIF tag Orientation.
_UPRIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: np.rot90(pixels),
}
SIDEWAYS = (5, 6, 7, 8)
ORIENTATION = 0x0112

# A JPEG is decoded at 1/2, 1/4 or 1/8 of its size if the result is at least twice the
# target size. For real radiographs of about 512 pixels and targets of 64 to 128 pixels,
# this is 1.5 to 1.9 times as fast as full decoding. The mean difference to full
# decoding is 0.18 to 0.34 of 255 gray levels, and at most 2 at the 99th percentile.
# Radiographs of 2000 pixels are read up to 4 times as fast. With an oversampling of 1
# the filter of the decoder would replace the resize filter, with a mean difference of
# 0.31 to 0.79 (5 at the 99th percentile).
_OVERSAMPLING = 2


def read_pillow(
    file: IO[bytes],
    image_size: tuple[int, int] | None,
    keep_aspect_ratio: bool,
    bits_stored: int | None = None,
) -> np.ndarray:
    """Read an open file as upright gray pixels, resized but not padded."""
    file = buffer_png(file)
    with open_pillow(file) as image:
        check_single(image)
        png = load_png(image, file) if image.format == "PNG" else None
        if image.format == "TIFF":
            load_tiff(image, file)
        orientation = image.getexif().get(ORIENTATION, 1)
        size = image.height, image.width
        extent: tuple[float, float] = size
        target = None
        if image_size is not None:
            # The small image is turned at the end. Until then the height and width are
            # as stored in the file.
            sideways = orientation in SIDEWAYS
            frame = image_size[::-1] if sideways else image_size
            target = content_size(size, frame, keep_aspect_ratio)
        enough = target and (target[1] * _OVERSAMPLING, target[0] * _OVERSAMPLING)
        # Only JPEG supports drafts. The mode "L" skips the color channels.
        draft = image.draft("L", enough)
        if draft is not None:
            # The part of the draft that the image covers may have a fractional size.
            _, (_, _, width, height) = draft
            extent = height, width
        pixels = None
        if png is not None:
            pixels = read_png(image, png, bits_stored)
        elif image.format == "TIFF":
            pixels = read_tiff(image, bits_stored)
        elif image.format == "PPM":
            pixels = read_pnm(image, file, bits_stored)
        elif image.format == "JPEG2000":
            pixels = read_jpeg2000(image, file, bits_stored)
        gray = _convert_to_gray(image, bits_stored) if pixels is None else pixels
        gray = np.asarray(gray) if target is None else resize(gray, target, extent)
    return turn_upright(gray, orientation)


def turn_upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn stored pixels upright.

    Parameters
    ----------
    pixels : ndarray of shape (H, W) or (H, W, C)
        Pixels as stored in the file.
    orientation : int
        Value of the EXIF tag Orientation. Other values than 2 to 8 change nothing.

    Returns
    -------
    ndarray
        The upright pixels, often as a view.
    """
    return _UPRIGHT[orientation](pixels) if orientation in _UPRIGHT else pixels


def open_pillow(file: IO[bytes]) -> ImageFile:
    """Open an image with Pillow, without its pixels.

    Parameters
    ----------
    file : binary file
        A file that is open at its start.

    Returns
    -------
    PIL.ImageFile.ImageFile
        The image. Its format is one of `_FORMATS`.

    Raises
    ------
    ValueError
        If the file is not an image of one of these formats. The message names its kind.
    """
    try:
        image = Image.open(file)
    except (UnidentifiedImageError, KeyError) as error:  # KeyError for TIFF
        raise ValueError(describe_unknown(file)) from error
    if image.format not in _FORMATS:
        reason = describe_unknown(file)
        # TGA has no signature, so that Pillow takes other files for it.
        if reason == UNKNOWN and image.format != "TGA":
            reason = (
                f"is of the format {image.format}, which is not read; save it as PNG "
                "or TIFF"
            )
        raise ValueError(reason)
    if 0 in image.size:
        raise ValueError("has no pixels: its width or height is 0")
    if image.format == "SGI" and _read_at(file, 3) == b"\2":
        raise ValueError("is SGI of 16 bits, of which Pillow reads 8; save it as PNG")
    return image


def _read_at(file: IO[bytes], start: int) -> bytes:
    position = file.tell()
    file.seek(start)
    byte = file.read(1)
    file.seek(position)
    return byte


def check_single(image: Image.Image) -> None:
    """Check that a file holds one image."""
    n_frames = getattr(image, "n_frames", 1)
    # MPO is a JPEG from a camera, followed by previews of the same image.
    if n_frames > 1 and image.format != "MPO":
        raise ValueError(
            f"holds {n_frames} images, expected one; save each to a file of its own"
        )


def _convert_to_gray(
    image: Image.Image, bits_stored: int | None
) -> np.ndarray | Image.Image:
    """Convert the pixels as Pillow decodes them, to an array or an image "L"."""
    if image.mode.startswith("I"):
        return convert_integers(np.asarray(image), bits_stored)
    if image.mode == "F":
        return read_floats(image)
    if image.has_transparency_data:
        # Blend with black, because the values of transparent pixels are arbitrary.
        pixels = np.asarray(image.convert("RGBA").convert("LA"))
        return blend_with_black(pixels[..., 0], pixels[..., 1])
    if image.mode not in ("1", "L", "RGB"):
        image = image.convert("RGB")
    return image if image.mode == "L" else image.convert("L")
