"""Read one image file as gray pixels."""

import io
import os
import re
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, Any

import numpy as np
from PIL import Image

from cxrclf._utils.forks import after_fork_in_child
from cxrclf._utils.image_size import check_image_size, content_size, pad
from cxrclf.exceptions import NO_SUCH_FILE, ImageReadError, MissingDependencyError
from cxrclf.images._bits_stored import check_bits_stored
from cxrclf.images._formats import find_format
from cxrclf.images._pillow import read_pillow
from cxrclf.images._resize import resize

# Words in the error messages of Pillow and pydicom for incomplete files.
_CUT_SHORT = re.compile("truncated|less than expected", re.IGNORECASE)


def read_image(
    path: str | os.PathLike[str] | IO[bytes],
    image_size: int | tuple[int, int] | None = None,
    *,
    keep_aspect_ratio: bool = False,
    bits_stored: int | None = None,
) -> np.ndarray:
    """Read an image file as grayscale.

    The function reads DICOM (with ``pip install "cxrclf[dicom]"``), AVIF, BMP, GIF,
    JPEG, JPEG 2000, PCX, PGM, PNG, PPM, SGI, TIFF and WebP. It recognizes a format by
    the content of the file, and DICOM also by the suffix .dcm or .dicom.

    Parameters
    ----------
    path : path-like or binary file
        Path of the file, or an open binary file, such as ``io.BytesIO(data)`` for the
        bytes of a file. An open file is read from its start and stays open.
    image_size : int or (int, int), optional
        Side of a square, or height and width, in pixels. By default the image is not
        resized.
    keep_aspect_ratio : bool, default=False
        Whether the image keeps its aspect ratio. If True, it is fitted into
        `image_size` and centered on zeros. The default stretches the image, as in the
        published studies.
    bits_stored : int, optional
        Number of bits that the pixels of 16-bit files use, from 2 to 16, such as 12 for
        radiographs that were saved as 16-bit PNG without scaling. The pixels are
        scaled to the full range of 16 bits. By default the pixels use all bits. Files
        of 8 bits, DICOM files, and other files that contain their number of bits are
        not affected.

    Returns
    -------
    ndarray of shape (H, W)
        Pixels of uint16 in [0, 65535] if the file has more than 8 bits per pixel, else
        of uint8 in [0, 255].

    Raises
    ------
    ImageReadError
        If the file is missing, empty, cut short, not an image, or otherwise
        unreadable, or if a pixel has more bits than `bits_stored`.
    MissingDependencyError
        If the file is DICOM and pydicom is not installed.
    TypeError
        If `path` is neither a path nor an open binary file.
    ValueError
        If `image_size` is not a positive size, or `bits_stored` not a number of bits.

    See Also
    --------
    ImageReader : Scikit-learn transformer from many files to one array.

    Notes
    -----
    - Colors and palettes are converted to ITU-R 601-2 luma: with 16 bits for PNG and
      PPM of 16 bits per channel, else with 8 bits. Transparent pixels are placed on
      black. Color profiles are ignored.
    - Images are turned upright by their EXIF orientation.
    - Resizing is bilinear with antialiasing. Pixels of 16 bits keep 16 bits.
    - JPEGs larger than four times the working size are decoded at a reduced scale.
    - TIFF, PGM, PPM and JPEG 2000 files with other numbers of bits, such as 12, are
      scaled to the full range of 8 or 16 bits.
    - Signed integers and integers of 32 bits must be in [0, 65535] and are not scaled.
      Floats must be in [0, 1] and are scaled to 16 bits. Other values are refused,
      because their scale is unknown.
    - Files with several images are refused, also animated images.
    - The checksums of the pixels of PNG files are checked. JPEG has no checksum:
      damage within its compressed data changes pixels without an error.
    - For DICOM the steps are the modality LUT or rescale, then the first VOI LUT or
      else the first window, then the inversion of MONOCHROME1 [1]_. The result has 8
      bits if at most 8 bits are stored, else 16 bits. Without a VOI LUT or window the
      range of the stored bits is scaled to the full range. Padding values are treated
      as pixels.
    - Images with more than twice `PIL.Image.MAX_IMAGE_PIXELS` pixels (179 million by
      default) are refused as a decompression bomb. Pillow's warning at half of this
      number is not shown.

    References
    ----------
    .. [1] DICOM PS3.3, sections C.11.1 and C.11.2.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from PIL import Image
    >>> from cxrclf.images import read_image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "scan.png"
    ...     Image.fromarray(np.full((40, 30), 7, dtype=np.uint8)).save(path)
    ...     read_image(path, (4, 2))
    array([[7, 7],
           [7, 7],
           [7, 7],
           [7, 7]], dtype=uint8)
    """
    name = name_source(path)
    size = None if image_size is None else check_image_size(image_size)
    bits = check_bits_stored(bits_stored)
    try:
        with quiet_decoders(), open_source(path) as file:
            return _decode(file, name, size, keep_aspect_ratio, bits)
    except MissingDependencyError:
        raise
    except Exception as error:
        # A damaged file can cause any exception in a decoder.
        raise ImageReadError({name: describe_error(name, error)}) from error


def name_source(source: Any) -> str:
    """Return the name of a file for messages.

    Parameters
    ----------
    source : object
        Path, or open binary file.

    Raises
    ------
    TypeError
        If `source` is neither.
    """
    if isinstance(source, io.TextIOBase):
        raise TypeError("The file is open as text. Open it with open(path, 'rb').")
    if hasattr(source, "read") and hasattr(source, "seek"):
        name = getattr(source, "name", None)
        return name if isinstance(name, str) else "<bytes>"
    if isinstance(source, (str, os.PathLike)):
        return os.fsdecode(source)
    cure = ""
    if isinstance(source, (bytes, bytearray, memoryview)):
        cure = " For the content of a file, pass io.BytesIO(data)."
    elif hasattr(source, "__array_interface__"):
        cure = " Pixels need no reading."
    raise TypeError(
        "Expected the path of an image file, or an open binary file; got "
        f"{type(source).__name__}.{cure}"
    )


@contextmanager
def open_source(source: Any) -> Iterator[IO[bytes]]:
    """Open a path, or rewind an open file, which stays open."""
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as file:
            yield file
    else:
        source.seek(0)
        yield source


def _decode(
    file: IO[bytes],
    path: str,
    size: tuple[int, int] | None,
    keep_aspect_ratio: bool,
    bits_stored: int | None,
) -> np.ndarray:
    kind = find_format(file, path)
    if kind is not None:
        pixels = kind.read(file)
        if 0 in pixels.shape:
            raise ValueError(f"has no pixels: its shape is {pixels.shape}")
        if size is not None:
            target = content_size(pixels.shape, size, keep_aspect_ratio)
            pixels = resize(pixels, target)
    else:
        pixels = read_pillow(file, size, keep_aspect_ratio, bits_stored)
    return np.ascontiguousarray(pixels if size is None else pad(pixels, size))


def describe_error(path: str, error: Exception) -> str:
    """Return in a few words why a file cannot be read."""
    if isinstance(error, FileNotFoundError):
        return NO_SUCH_FILE
    if os.path.isdir(path):  # Windows raises PermissionError for a folder
        return "is a folder, not a file"
    if isinstance(error, PermissionError):
        return "no permission to read it"
    if isinstance(error, Image.DecompressionBombError):
        return (
            "has too many pixels (a decompression bomb?); if you trust it, raise "
            "PIL.Image.MAX_IMAGE_PIXELS"
        )
    if isinstance(error, MemoryError):
        return "needs more memory than there is, or states a wrong size"
    if isinstance(error, (EOFError, struct.error)) or _CUT_SHORT.search(str(error)):
        return "is cut short (truncated)"
    if type(error) is ValueError:
        return str(error)
    return f"is damaged or of an unknown kind ({type(error).__name__}: {error})"


_quiet_lock = threading.Lock()
_quiet_users = 0
_quiet_stack = ExitStack()


@contextmanager
def quiet_decoders() -> Iterator[None]:
    """Suppress the warnings of Pillow and pydicom about single files.

    `warnings.catch_warnings` is not thread-safe. Therefore the first of several threads
    enters it, and the last thread exits it.
    """
    global _quiet_users
    lock = _quiet_lock
    with lock:
        if _quiet_users == 0:
            _quiet_stack.enter_context(warnings.catch_warnings())
            warnings.filterwarnings("ignore", module=r"(PIL|pydicom)\.")
        _quiet_users += 1
    try:
        yield
    finally:
        # A child that was forked within the block has another lock, and has restored
        # the warnings already.
        if lock is _quiet_lock:
            with lock:
                _quiet_users -= 1
                if _quiet_users == 0:
                    _quiet_stack.close()


def _restore_warnings() -> None:
    """Restore the warnings in a forked child, where no other thread can do it."""
    global _quiet_lock, _quiet_users
    _quiet_lock = threading.Lock()  # a thread of the parent may hold the old lock
    _quiet_users = 0
    _quiet_stack.close()


after_fork_in_child(_restore_warnings)
