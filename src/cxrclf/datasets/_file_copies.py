"""Find files with the same content."""

import hashlib
import os
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tqdm import tqdm

from cxrclf._utils.files import open_regular
from cxrclf.datasets._layout import format_names
from cxrclf.exceptions import ImageReadError
from cxrclf.images import content_key, read_image, read_image_size

_THREADS = 4


def find_file_copies(paths, compare, *, verbose=0):
    """Find files with the same bytes or the same pixels.

    Only files that can be equal are read completely: files of the same number of bytes,
    or images of the same height and width.

    Parameters
    ----------
    paths : sequence of str
        Paths of n image files.
    compare : {"bytes", "pixels"} or None
        What copies have in common. "bytes" compares files, and an empty file has no
        copies. "pixels" compares the decoded gray values. With None, each file has no
        copies.
    verbose : int, default=0
        Whether to show a progress bar.

    Returns
    -------
    ndarray of shape (n,) of int
        First row with the same content.

    Raises
    ------
    FileNotFoundError
        If files do not exist. The message names them.
    ImageReadError
        If pixels are compared and files cannot be read. The message names all of them.
    """
    first = np.arange(len(paths))
    if compare is None:
        return first
    sizes = _read_sizes(paths)
    with ThreadPoolExecutor(_THREADS) as executor:
        if compare == "pixels":
            sizes = _map(executor, read_image_size, paths)
        rows = defaultdict(list)
        for row, size in enumerate(sizes):
            if size:
                rows[size].append(row)
        alike = sorted(
            row for found in rows.values() if len(found) > 1 for row in found
        )
        read = _hash_pixels if compare == "pixels" else _hash_file
        keys = _map(executor, read, [paths[row] for row in alike], verbose)
    seen = {}
    for row, key in zip(alike, keys, strict=True):
        first[row] = seen.setdefault(key, row)
    return first


def _read_sizes(paths):
    """Return the numbers of bytes of files, and check that all files exist."""
    sizes, lost = [], []
    for path in paths:
        try:
            sizes.append(os.stat(path).st_size)
        except FileNotFoundError:
            lost.append(path)
    if lost:
        raise FileNotFoundError(
            f"{len(lost)} of {len(paths)} files do not exist: {format_names(lost)}. "
            "Connect the disk, or list the data sets again."
        )
    return sizes


def _map(executor, function, paths, verbose=0):
    """Return the values of all paths, or raise one error for all failures."""
    values = list(
        tqdm(
            executor.map(lambda path: _try(function, path), paths),
            "comparing images",
            len(paths),
            unit="image",
            disable=not verbose,
        )
    )
    failures = {}
    for value in values:
        if isinstance(value, ImageReadError):
            failures.update(value.failures)
    if failures:
        raise ImageReadError(failures)
    return values


def _try(function, path):
    try:
        return function(path)
    except ImageReadError as error:
        return error


def _hash_file(path):
    with open_regular(Path(path)) as file:
        return hashlib.file_digest(file, "blake2b").digest()


def _hash_pixels(path):
    return content_key(read_image(path))
