"""Segments: files of features with checksums.

A segment is a file of two arrays in NumPy's format. The first array has the key and the
checksum of each row, the second array has the values. A segment is either whole or
absent, and its checksums are compared when it is read.
"""

import contextlib
import errno
import hashlib
import math
import os
import sys
import time
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cxrclf._utils.disk import read_rows
from cxrclf._utils.files import open_regular, replace_file

SEGMENT = "[0-9a-f]" * 16 + ".npy"  # pattern of the file names of segments
_INDEX = np.dtype([("key", "<u8"), ("check", "<u8")])
_HEADERS = 256  # bytes of the headers of both arrays
_FRESH = 60.0  # seconds after which the time of last use is written again


def segment_bytes(values):
    """Return the size of a segment with these values, in bytes."""
    return _HEADERS + len(values) * _INDEX.itemsize + values.nbytes


def write_segment(path, keys, values):
    """Write a segment.

    Parameters
    ----------
    path : pathlib.Path
        File of the segment. Its last two folders are the name of the group.
    keys : ndarray of shape (n,) of uint64
    values : ndarray of shape (n, ...)
    """
    index = np.empty(len(keys), _INDEX)
    index["key"], index["check"] = keys, _compute_checks(path, keys, values)
    with replace_file(path, sweep=False) as temporary, temporary.open("wb") as file:
        np.save(file, index)
        np.save(file, values)
        # The data must be on the disk before the file has its name: otherwise a power
        # cut could leave a named file without its data.
        file.flush()
        os.fsync(file.fileno())


def find_segment(path):
    """Return the keys of a segment, and the location of its values.

    A damaged segment is deleted.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    keys : ndarray of shape (n,) of uint64
    stored : Stored
        Location of the values, for :func:`read_segment`.
    or None
        If the segment is missing or damaged.
    """
    with _delete_if_damaged(path), open_regular(path, follow_links=False) as file:
        return _read_index(file, path)
    return None


def read_segment(stored, keys, places):
    """Return values of a segment.

    A damaged segment is deleted.

    Parameters
    ----------
    stored : Stored
        Location of the values, from :func:`find_segment`.
    keys : ndarray of shape (b,) of uint64
        Keys of the rows.
    places : ndarray of shape (b,) of int
        Numbers of the rows.

    Returns
    -------
    ndarray of shape (b, ...) or None
        None if the segment is missing or damaged.
    """
    path = stored.path
    values = np.empty((len(places), *stored.shape), stored.dtype)
    with _delete_if_damaged(path), open_regular(path, follow_links=False) as file:
        read_rows(file, places, values, stored.offset)
        if (_compute_checks(path, keys, values) != stored.checks[places]).any():
            raise ValueError("the values do not match their checksums")
        _write_time_of_use(file, path)
        return values
    return None


class Stored(NamedTuple):
    """Location, shape, type and checksums of the values of a segment."""

    path: Path
    checks: np.ndarray
    dtype: np.dtype
    shape: tuple
    offset: int


def _read_index(file, path):
    """Return the keys of a segment, and the location of its values."""
    size = os.fstat(file.fileno()).st_size
    (n,), dtype = _read_header(file)
    if dtype != _INDEX or file.tell() + n * dtype.itemsize > size:
        raise ValueError("the file does not start with an index")
    index = np.frombuffer(file.read(n * dtype.itemsize), dtype)
    (n_values, *shape), dtype = _read_header(file)
    n_bytes = n_values * math.prod(shape) * dtype.itemsize
    if n_values != n or dtype.hasobject or file.tell() + n_bytes != size:
        raise ValueError("the values do not fill the file")
    keys, checks = np.array(index["key"]), np.array(index["check"])
    return keys, Stored(path, checks, dtype, tuple(shape), file.tell())


def _read_header(file):
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("the file has another version of NumPy's format")
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    return shape, dtype


@contextlib.contextmanager
def _delete_if_damaged(path):
    """Suppress errors of a missing or damaged segment, and delete a damaged one."""
    try:
        yield
    except OSError as error:  # deleted meanwhile, or unreadable
        damaged = error.errno == errno.EINVAL  # open_regular: not a regular file
    except Exception as error:  # the parser of a damaged header raises any type
        damaged = not isinstance(error, MemoryError)
    else:
        return
    if damaged:
        with contextlib.suppress(OSError):
            # A file of another user is not deleted.
            if sys.platform == "win32" or path.lstat().st_uid == os.geteuid():
                path.unlink()


def _write_time_of_use(file, path):
    """Write the time of last use, by which the cache chooses files to delete."""
    with contextlib.suppress(OSError):  # a file of another user
        if time.time() - os.fstat(file.fileno()).st_mtime > _FRESH:
            os.utime(file.fileno() if os.utime in os.supports_fd else path)


def _compute_checks(path, keys, values):
    """Return the checksum of each row of a segment at a path."""
    kind = (*path.parts[-3:-1], values.dtype.str, values.shape[1:])
    return _checksums(keys, values, repr(kind))


def _checksums(keys, values, kind):
    """Return a 64-bit checksum of the key, the values and the kind of each row.

    The checksum is the sum of the row's 64-bit words modulo 2^64, each multiplied by
    its own odd number. An odd number has an inverse modulo 2^64, so that the checksum
    detects every change of a single word. It misses a change of several words with a
    probability of about 2^-64. It always misses a flip of only the highest bits of an
    even number of words. It protects against damaged disks, and not against forgery.
    """
    salt = hashlib.blake2b(kind.encode(), digest_size=8).digest()
    rows = np.ascontiguousarray(values).reshape(len(values), -1).view(np.uint8)
    if rows.shape[1] % 8:
        # Zeros fill the last word. Rows of another length have another checksum all
        # the same, because the kind contains the shape.
        rows = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 8)))
    words = rows.view("<u8")
    sums = words @ _weights(words.shape[1] + 1)[1:]
    return sums + keys * _weights(1) + np.uint64(int.from_bytes(salt, "little"))


@lru_cache(maxsize=4)
def _weights(n):
    """Return the odd numbers, the same in every process and version of NumPy."""
    return np.random.PCG64(0).random_raw(n) | np.uint64(1)
