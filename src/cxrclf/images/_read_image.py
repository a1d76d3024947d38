"""One file to grey pixels."""

import os
import re
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO

import numpy as np
from PIL import Image, UnidentifiedImageError

from cxrclf._utils.forks import after_fork_in_child
from cxrclf._utils.image_size import check_image_size, content_size, pad
from cxrclf.exceptions import ImageReadError, MissingDependencyError
from cxrclf.images._dicom import is_dicom, read_dicom
from cxrclf.images._pillow import read_pillow
from cxrclf.images._resize import resize

# Of Pillow and of pydicom.
_CUT_SHORT = re.compile("truncated|less than expected", re.IGNORECASE)


def read_image(
    path: str | os.PathLike[str],
    image_size: int | tuple[int, int] | None = None,
    *,
    keep_aspect_ratio: bool = False,
) -> np.ndarray:
    """Read an image file as greyscale.

    Reads DICOM (with ``pip install "cxrclf[dicom]"``) and what Pillow reads, among
    them JPEG, PNG and TIFF. DICOM is told by its content, or by the suffix .dcm or
    .dicom.

    Parameters
    ----------
    path : path-like
        The file.
    image_size : int or (int, int), optional
        Side of a square, or height and width, in pixels. None keeps the file's
        size.
    keep_aspect_ratio : bool, default=False
        Whether to fit the image into `image_size` and to centre it on zeros. The
        default ignores the aspect ratio, as the published studies do.

    Returns
    -------
    ndarray of shape (H, W)
        uint8 in [0, 255]; uint16 in [0, 65535] where the file has more than 8 bits
        a pixel.

    Raises
    ------
    ImageReadError
        If the file is missing, empty, cut short, not an image, or otherwise
        unreadable.
    MissingDependencyError
        If the file is DICOM and pydicom is not installed.
    ValueError
        If `image_size` is not a positive size.

    See Also
    --------
    ImageReader : Many files to one array, as a scikit-learn transformer.

    Notes
    -----
    - Colours become ITU-R 601-2 luma. Colour images of 16 bits a channel are read
      with 8 bits. Transparent pixels are laid over black.
    - Images are turned upright by their EXIF orientation.
    - Resizing is bilinear with antialiasing. 16-bit pixels keep their 16 bits.
    - JPEGs larger than four times the working size are decoded at reduced scale.
    - TIFF of 12 bits is scaled to the full range of 16. Whole numbers of 32 bits
      must lie in [0, 65535] and are taken as they are; floats must lie in [0, 1]
      and are scaled to 16 bits. Others are refused: their scale is unknown.
    - Files of several images are refused.
    - DICOM: modality LUT or rescale, then the first VOI LUT or else the first
      window, then the inversion of MONOCHROME1 [1]_; 8 bits where at most 8 are
      stored, else 16. Without a VOI LUT or window the range of the stored bits
      becomes the full range. Padding values are treated as pixels.
    - More than twice `PIL.Image.MAX_IMAGE_PIXELS` pixels (179 million, unless you
      set it) count as a decompression bomb; Pillow's warning at half of that is
      not shown.

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
    path = os.fspath(path)
    size = None if image_size is None else check_image_size(image_size)
    try:
        with quiet_decoders(), open(path, "rb") as file:
            return _read(file, path, size, keep_aspect_ratio)
    except (MissingDependencyError, MemoryError):
        raise
    except Exception as error:
        # Decoders raise whatever a damaged file leads them to.
        raise ImageReadError({path: why_unreadable(path, error)}) from error


def _read(
    file: IO[bytes], path: str, size: tuple[int, int] | None, keep_aspect_ratio: bool
) -> np.ndarray:
    head = file.read(132)
    if not head:
        raise ValueError("is empty (0 bytes)")
    file.seek(0)
    if is_dicom(head, path):
        pixels = read_dicom(file)
        if size is not None:
            target = content_size(pixels.shape, size, keep_aspect_ratio)
            pixels = resize(pixels, target)
    else:
        pixels = read_pillow(file, size, keep_aspect_ratio)
    return np.ascontiguousarray(pixels if size is None else pad(pixels, size))


def why_unreadable(path: str, error: Exception) -> str:
    """Put into a few words why a file cannot be read."""
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if os.path.isdir(path):  # which Windows calls a lack of permission
        return "is a folder, not a file"
    if isinstance(error, PermissionError):
        return "no permission to read it"
    if isinstance(error, UnidentifiedImageError):
        return "is not an image, or not of a known format"
    if isinstance(error, Image.DecompressionBombError):
        return (
            "has too many pixels (a decompression bomb?); if you trust it, raise "
            "PIL.Image.MAX_IMAGE_PIXELS"
        )
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
    """Keep Pillow and pydicom from warning about single files.

    `warnings.catch_warnings` is not safe in threads, so the first of several
    threads enters it and the last one leaves it.
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
        if lock is _quiet_lock:  # not in a child that was forked within the block
            with lock:
                _quiet_users -= 1
                if _quiet_users == 0:
                    _quiet_stack.close()


def _restore_warnings() -> None:
    """Leave the block in a forked child: its parent's threads cannot do it there."""
    global _quiet_lock, _quiet_users
    _quiet_lock = threading.Lock()  # a thread of the parent may hold the other one
    _quiet_users = 0
    _quiet_stack.close()


after_fork_in_child(_restore_warnings)
