"""Image formats that Pillow does not read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

import numpy as np

from cxrclf.images._dicom import is_dicom, read_dicom, read_dicom_size


@dataclass(frozen=True)
class Format:
    """A format with a reader of its own.

    Parameters
    ----------
    name : str
        Name of the format, for messages.
    matches : callable
        Function of the first 132 bytes of a file and its path. It returns whether the
        file has the format.
    read : callable
        Function of an open binary file to its upright gray pixels, of shape (H, W),
        uint8 or uint16.
    read_size : callable
        Function of an open binary file to its height and width in pixels. It reads no
        pixels.
    """

    name: str
    matches: Callable[[bytes, str], bool]
    read: Callable[[IO[bytes]], np.ndarray]
    read_size: Callable[[IO[bytes]], tuple[int, int]]


FORMATS = (Format("DICOM", is_dicom, read_dicom, read_dicom_size),)


def find_format(file: IO[bytes], path: str) -> Format | None:
    """Return the format of a file, or None if Pillow has to read it.

    Parameters
    ----------
    file : binary file
        An open file. Its position is at the start again afterwards.
    path : str
        Path of the file.

    Raises
    ------
    ValueError
        If the file is empty.
    """
    head = file.read(132)
    if not head:
        raise ValueError("is empty (0 bytes)")
    file.seek(0)
    for kind in FORMATS:
        if kind.matches(head, path):
            return kind
    return None
