"""Files of features: whole or not there, and compared with checksums when read.

A segment is two arrays in NumPy's format, one after the other in a file. The first has
the key and the checksum of each row, the second the values.
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
from cxrclf._utils.files import open_regular, replaced_whole

SEGMENT = "[0-9a-f]" * 16 + ".npy"  # the pattern of the names of segments
_INDEX = np.dtype([("key", "<u8"), ("check", "<u8")])
_HEADERS = 256  # bytes of those of the two arrays
_FRESH = 60.0  # seconds in which a segment's time of last use is not renewed


def segment_bytes(values):
    """Return the size of a segment of these values."""
    return _HEADERS + len(values) * _INDEX.itemsize + values.nbytes


def write_segment(path, keys, values):
    """Write a segment.

    Parameters
    ----------
    path : pathlib.Path
        Its last two folders are the name of the group.
    keys : ndarray of shape (n,) of uint64
    values : ndarray of shape (n, ...)
    """
    index = np.empty(len(keys), _INDEX)
    index["key"], index["check"] = keys, _checks(path, keys, values)
    with replaced_whole(path, sweep=False) as temporary, temporary.open("wb") as file:
        np.save(file, index)
        np.save(file, values)
        # On disk before it has its name, lest a power cut parts them.
        file.flush()
        os.fsync(file.fileno())


def find_segment(path):
    """Return what is in a segment.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    keys : ndarray of shape (n,) of uint64
    stored : Stored
        For :func:`read_segment`.
    or None
        If the segment is gone or damaged; a damaged one is deleted.
    """
    with _intact(path), open_regular(path, follow_links=False) as file:
        return _read_index(file, path)
    return None


def read_segment(stored, keys, places):
    """Return values of a segment.

    Parameters
    ----------
    stored : Stored
    keys : ndarray of shape (b,) of uint64
        Of the rows.
    places : ndarray of shape (b,) of int
        The rows' numbers.

    Returns
    -------
    ndarray of shape (b, ...) or None
        None if the segment is gone or damaged; a damaged one is deleted.
    """
    path = stored.path
    values = np.empty((len(places), *stored.shape), stored.dtype)
    with _intact(path), open_regular(path, follow_links=False) as file:
        read_rows(file, places, values, stored.offset)
        if (_checks(path, keys, values) != stored.checks[places]).any():
            raise ValueError("the values are not those that were stored")
        _renew(file, path)
        return values
    return None


class Stored(NamedTuple):
    """Where the values of a segment are, and what they have to be."""

    path: Path
    checks: np.ndarray
    dtype: np.dtype
    shape: tuple
    offset: int


def _read_index(file, path):
    """Return the keys of a segment, and where its values are."""
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
        raise ValueError("the file is of another version of NumPy's format")
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    return shape, dtype


@contextlib.contextmanager
def _intact(path):
    """Leave the block where a segment is gone or damaged, and delete a damaged one."""
    try:
        yield
    except OSError as error:  # deleted meanwhile, or not to be read
        damaged = error.errno == errno.EINVAL
    except Exception as error:  # a damaged header may raise anything when parsed
        damaged = not isinstance(error, MemoryError)
    else:
        return
    if damaged:
        with contextlib.suppress(OSError):
            if sys.platform == "win32" or path.lstat().st_uid == os.geteuid():
                path.unlink()


def _renew(file, path):
    """Set the time of last use."""
    with contextlib.suppress(OSError):  # another user's
        if time.time() - os.fstat(file.fileno()).st_mtime > _FRESH:
            os.utime(file.fileno() if os.utime in os.supports_fd else path)


def _checks(path, keys, values):
    kind = (*path.parts[-3:-1], values.dtype.str, values.shape[1:])
    return _checksums(keys, values, repr(kind))


def _checksums(keys, values, kind):
    """Return 64 bits for each row that depend on its key, its values and their kind.

    They are the sum of the row's 64-bit words, each multiplied by an odd number of its
    own, modulo 2^64. An odd number has an inverse, so every change of a single word
    shows. Zeros or other content in place of several words go unnoticed with a
    probability of about 2^-64, and flips of only the highest bits of an even number of
    words always: this is a guard against damaged disks, not against forgery.
    """
    salt = hashlib.blake2b(kind.encode(), digest_size=8).digest()
    rows = np.ascontiguousarray(values).reshape(len(values), -1).view(np.uint8)
    if rows.shape[1] % 8:
        rows = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 8)))
    words = rows.view("<u8")
    sums = words @ _weights(words.shape[1] + 1)[1:]
    return sums + keys * _weights(1) + np.uint64(int.from_bytes(salt, "little"))


@lru_cache(maxsize=4)
def _weights(n):
    return np.random.PCG64(0).random_raw(n) | np.uint64(1)
