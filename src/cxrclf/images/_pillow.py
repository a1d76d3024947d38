"""Grey pixels from the formats that Pillow reads."""

from collections.abc import Callable
from typing import IO

import numpy as np
from PIL import Image

from cxrclf._utils.image_size import content_size
from cxrclf.images._resize import resize

# What turns stored pixels upright, for the values of the EXIF tag Orientation.
_UPRIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.T,
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: pixels[::-1, ::-1].T,
    8: lambda pixels: np.rot90(pixels),
}
SIDEWAYS = (5, 6, 7, 8)
ORIENTATION = 0x0112
_BITS_PER_SAMPLE, _PHOTOMETRIC, _WHITE_IS_ZERO = 258, 262, 0

# A JPEG is decoded at 1/2, 1/4 or 1/8 where that leaves at least twice the target
# size. On real radiographs of about 512 pixels, and targets of 64 to 128, the result
# then differs from full decoding by 0.18 to 0.34 grey levels of 255 on average (by 2
# at most at the 99th percentile), 1.5 to 1.9 times as fast; originals of 2000 pixels
# are read up to 4 times as fast. Were the target size itself enough, the decoder's
# filter would replace the resize filter, and the difference be 0.31 to 0.79 (5).
_OVERSAMPLING = 2


def read_pillow(
    file: IO[bytes], image_size: tuple[int, int] | None, keep_aspect_ratio: bool
) -> np.ndarray:
    """Read an open file as upright grey pixels, resized but not padded."""
    with Image.open(file) as image:
        check_single(image)
        if image.format == "TIFF":
            image.load()  # turns the image itself, and removes the tag
        orientation = image.getexif().get(ORIENTATION, 1)
        size = image.height, image.width
        extent: tuple[float, float] = size
        target = None
        if image_size is not None:
            # The image is turned last, when it is small: so far, its sides are
            # those of the file.
            sideways = orientation in SIDEWAYS
            frame = image_size[::-1] if sideways else image_size
            target = content_size(size, frame, keep_aspect_ratio)
        enough = target and (target[1] * _OVERSAMPLING, target[0] * _OVERSAMPLING)
        # Only JPEG has drafts; a mode of "L" skips its colours.
        draft = image.draft("L", enough)
        if draft is not None:
            _, (_, _, width, height) = draft
            extent = height, width
        pixels = _grey(image)
    if target is not None:
        pixels = resize(pixels, target, extent)
    return _UPRIGHT.get(orientation, lambda upright: upright)(pixels)


def check_single(image: Image.Image) -> None:
    n_frames = getattr(image, "n_frames", 1)
    # MPO is a JPEG of a camera, followed by previews of itself.
    if n_frames > 1 and image.format != "MPO":
        raise ValueError(
            f"holds {n_frames} images, expected one; save each to a file of its own"
        )


def _grey(image: Image.Image) -> np.ndarray:
    if image.mode.startswith("I;16"):
        return _grey_16(image)
    if image.mode == "I":
        return _whole_to_16(np.asarray(image))
    if image.mode == "F":
        return _unit_to_16(np.asarray(image))
    if image.has_transparency_data:
        # Over black: what lies beneath transparent pixels is arbitrary.
        pixels = np.asarray(image.convert("RGBA").convert("LA")).astype(np.uint16)
        return ((pixels[..., 0] * pixels[..., 1] + 127) // 255).astype(np.uint8)
    if image.mode not in ("1", "L", "RGB"):
        image = image.convert("RGB")
    return np.asarray(image.convert("L"))


def _grey_16(image: Image.Image) -> np.ndarray:
    pixels = np.asarray(image).astype(np.uint16)
    if image.format == "TIFF":
        # Pillow leaves these two of 16-bit TIFF to its callers.
        tags = image.tag_v2  # type: ignore[attr-defined]
        top = 2 ** tags.get(_BITS_PER_SAMPLE, (16,))[0] - 1
        if top < 65535:
            pixels = np.rint(pixels * (65535 / top)).astype(np.uint16)
        if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
            pixels = 65535 - pixels
    return pixels


def _whole_to_16(pixels: np.ndarray) -> np.ndarray:
    if pixels.min() < 0 or pixels.max() > 65535:
        raise ValueError(
            f"holds 32-bit whole numbers from {pixels.min()} to {pixels.max()}, and "
            "their scale is unknown; save it with 8 or 16 bits"
        )
    return pixels.astype(np.uint16)


def _unit_to_16(pixels: np.ndarray) -> np.ndarray:
    if not (pixels.min() >= 0 and pixels.max() <= 1):  # false for NaN, too
        raise ValueError(
            "holds floating-point numbers outside [0, 1], and their scale is unknown; "
            "save it with 8 or 16 bits"
        )
    return np.rint(pixels.astype(np.float64) * 65535).astype(np.uint16)
