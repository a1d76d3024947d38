"""The feature cache: features for all epochs, folds, candidates and processes.

A group has the features of the views of one epoch, each under its 64-bit key. A group
consists of segments. A segment is written whole and never changed, so that readers need
no locks. Locks only distribute the work: a process does not compute features that
another process is computing.
"""

import contextlib
import fnmatch
import os
import secrets
import shutil
import threading
import time
import warnings
from collections import OrderedDict
from pathlib import Path

import numpy as np

from cxrclf._training.feature_file import (
    SEGMENT,
    find_segment,
    read_segment,
    segment_bytes,
    write_segment,
)
from cxrclf._utils.disk import make_folders, open_or_create
from cxrclf._utils.file_lock import try_lock_byte
from cxrclf._utils.files import remove_abandoned
from cxrclf._utils.forks import after_fork_in_child
from cxrclf._utils.session import session_folder

_N_LOCKS = 256
_WAIT = 0.02  # seconds between two searches for features of other processes
# Seconds without new features, after which a process also computes the features that
# other processes have locked.
_PATIENCE = 60.0
_LOCK = "lock"
_RESERVE = 2 * 2**30  # bytes of the disk that stay free, or a tenth of a small disk


class FeatureGroup:
    """Features by key. This base class computes all features and caches none."""

    def __init__(self):
        self._set_segments(())

    def fetch(self, keys, compute, chunk):
        """Yield features from the cache, and compute the missing ones.

        Parameters
        ----------
        keys : ndarray of shape (n,) of uint64
            Sorted and unique.
        compute : callable
            Function of positions in `keys` that returns their features, an array of
            shape (len(positions), ...).
        chunk : int
            Number of features that are computed before they are cached.

        Yields
        ------
        positions : ndarray of shape (b,) of int
            Positions in `keys`. Each position occurs once, in any order.
        features : ndarray of shape (b, ...)
            Features of these positions.
        """
        missing, news = np.arange(len(keys)), time.monotonic()
        while missing.size:
            self._refresh()
            before = missing.size
            missing = yield from self._yield_found(keys, missing)
            if missing.size < before:
                news = time.monotonic()
            patient = time.monotonic() - news < _PATIENCE
            with self._claim(keys[missing], chunk, patient) as claimed:
                mine = missing[claimed]
                # Another process may have added them before the lock was taken.
                self._refresh()
                mine = yield from self._yield_found(keys, mine)
                if mine.size:
                    values = compute(mine)
                    self._add(keys[mine], values)
                    news = time.monotonic()
                    yield mine, values
                elif missing.size and not claimed.size:
                    time.sleep(_WAIT)
                missing = np.setdiff1d(missing, missing[claimed], assume_unique=True)

    def _yield_found(self, keys, positions):
        """Yield cached features, and return the positions of the missing ones."""
        segments, sorted_keys, numbers, places = self._index
        if not len(sorted_keys):
            return positions
        at = np.searchsorted(sorted_keys, keys[positions])
        at = at.clip(max=len(sorted_keys) - 1)
        there = sorted_keys[at] == keys[positions]
        found, at = positions[there], at[there]
        absent = [positions[~there]]
        for number in np.unique(numbers[at]):
            here = numbers[at] == number
            values = self._read_values(segments[number], places[at[here]])
            if values is None:
                absent.append(found[here])
            else:
                yield found[here], values
        return np.sort(np.concatenate(absent))

    def _set_segments(self, segments):
        """Replace the segments, pairs of keys and values, and index their keys.

        The form of the values depends on the subclass.
        """
        sizes = [len(keys) for keys, _ in segments]
        keys = np.concatenate([np.empty(0, np.uint64), *(k for k, _ in segments)])
        numbers = np.repeat(np.arange(len(sizes)), sizes)
        places = np.concatenate([np.empty(0, int), *map(np.arange, sizes)])
        order = np.argsort(keys)
        # A single assignment, because another thread may be reading the index.
        self._index = segments, keys[order], numbers[order], places[order]

    def _refresh(self):
        """Find segments that other threads or processes have added."""

    def _read_values(self, segment, places):
        """Return values of a segment, or None if the segment was deleted."""
        return segment[1][places]

    @contextlib.contextmanager
    def _claim(self, keys, chunk, patient):
        """Yield the positions of the keys that this process has to compute."""
        yield np.arange(min(chunk, len(keys)))

    def _add(self, keys, values):
        """Add a segment to the cache."""


class MemoryCache:
    """Features in the memory of this process.

    All memory caches of a process share their groups.

    Parameters
    ----------
    max_bytes : int
        Maximum size of all groups. The groups used longest ago are removed first.
    """

    _groups = OrderedDict()  # in the order of their last use
    _lock = threading.Lock()

    @classmethod
    def _renew_lock(cls):
        """Replace the lock in a forked process.

        A thread of the parent may hold the lock, and does not exist in the child.
        """
        cls._lock = threading.Lock()

    def __init__(self, max_bytes):
        self.max_bytes = max_bytes

    def group(self, space, view):
        """Return a group of features. A new group is empty.

        Parameters
        ----------
        space : str
            Digest of everything except the view that decides a feature.
        view : str
            Name of the views of an epoch.

        Returns
        -------
        FeatureGroup
        """
        with self._lock:
            group = self._groups.setdefault((space, view), _MemoryGroup())
            self._groups.move_to_end((space, view))
            group.cache = self
            return group

    def make_room(self, n_bytes, kept):
        """Remove groups until `n_bytes` may be added to the group `kept`.

        Returns
        -------
        bool
            Whether there is enough room.
        """
        if kept.n_bytes + n_bytes > self.max_bytes:
            return False
        used = sum(group.n_bytes for group in self._groups.values())
        for name, group in list(self._groups.items()):
            if used + n_bytes <= self.max_bytes:
                break
            if group is not kept:
                del self._groups[name]
                used -= group.n_bytes
        return True


after_fork_in_child(MemoryCache._renew_lock)


class _MemoryGroup(FeatureGroup):
    def __init__(self):
        super().__init__()
        self.n_bytes = 0

    def _add(self, keys, values):
        with MemoryCache._lock:
            if self.cache.make_room(values.nbytes, self):
                self._set_segments((*self._index[0], (keys, values)))
                self.n_bytes += values.nbytes


class DiskCache:
    """Features in files that all processes share.

    Parameters
    ----------
    folder : path-like
    max_bytes : int
        Maximum size of all files. The files used longest ago are removed first. 2 GiB
        of the disk, or a tenth of a small disk, always stay free.
    """

    # The files are counted again after a sixteenth of `max_bytes` was added.
    _share = 16

    def __init__(self, folder, max_bytes):
        self.folder = Path(folder)
        self.max_bytes = max_bytes
        self._allowance = 0

    def group(self, space, view):
        """Return a group of features, as :meth:`MemoryCache.group` does."""
        return _DiskGroup(self, self.folder / space, view)

    def make_room(self, n_bytes):
        """Delete the files used longest ago until `n_bytes` may be added.

        Returns
        -------
        bool
            Whether there is enough room.
        """
        if n_bytes > self._allowance:
            self._allowance = self._delete_old_files(n_bytes)
        fits = n_bytes <= self._allowance
        if fits:
            self._allowance -= n_bytes
        return fits

    def give_up(self, error):
        """Warn of an error of the disk, and cache nothing from now on."""
        warnings.warn(
            f"The feature cache in {str(self.folder)!r} cannot be written: {error}. "
            "Features are computed again in each epoch. Free space on its disk and "
            "make it writable, or set another cache_dir.",
            RuntimeWarning,
            stacklevel=2,
        )
        self.max_bytes = 0

    def _delete_old_files(self, n_bytes):
        """Delete old files, and return the number of bytes that may be added.

        The number is small, because other processes add files at the same time. When
        it is used up, the files are counted again.
        """
        files, used = [], 0
        for group in self.folder.glob("*/*"):
            if group.is_symlink() or group.parent.is_symlink():
                continue  # a link would delete files elsewhere
            remove_abandoned(group)
            for path in group.glob(f"*{SEGMENT}*"):
                with contextlib.suppress(OSError):  # deleted by another process
                    status = path.lstat()
                    used += status.st_size
                    # Other names are temporary: a process is writing these files.
                    if path.match(SEGMENT):
                        files.append((status.st_mtime, status.st_size, path))
        disk = shutil.disk_usage(self.folder)
        free = disk.free - min(disk.total // 10, _RESERVE)
        limit = min(self.max_bytes, used + free)
        if n_bytes > limit:
            if n_bytes <= self.max_bytes:
                self.give_up("its disk is full")
            return 0
        wanted = max(n_bytes, limit // self._share)
        for _, size, path in sorted(files):
            if used + wanted <= limit:
                break
            with contextlib.suppress(OSError):  # Windows deletes no open file
                path.unlink()
                used -= size
            if not any(path.parent.glob(f"*{SEGMENT}*")):
                with contextlib.suppress(OSError):
                    path.with_name(_LOCK).unlink(missing_ok=True)
                    path.parent.rmdir()
        return min(wanted, limit - used)


class _DiskGroup(FeatureGroup):
    """A group on the disk: a folder of segments."""

    def __init__(self, cache, space, view):
        super().__init__()
        self.cache = cache
        self.folder = space / view
        self._seen = set()
        self._swept = False

    def _refresh(self):
        try:
            names = set(fnmatch.filter(os.listdir(self.folder), SEGMENT))
        except OSError:  # no folder yet
            return
        new = []
        for name in sorted(names - self._seen):
            segment = find_segment(self.folder / name)
            if segment is not None:
                new.append(segment)
        self._seen |= names
        if new:
            self._set_segments((*self._index[0], *new))

    def _read_values(self, segment, places):
        keys, stored = segment
        # The file is opened for each read, because the number of open files of a
        # process is limited.
        values = read_segment(stored, keys[places], places)
        if values is None:
            self._set_segments(tuple(s for s in self._index[0] if s is not segment))
        return values

    @contextlib.contextmanager
    def _claim(self, keys, chunk, patient):
        if not (patient and self.cache.max_bytes):
            yield np.arange(min(chunk, len(keys)))
            return
        # Each remainder of a key has a byte of the lock file. Processes start at
        # different remainders, so that they rarely try the same lock.
        numbers = (keys % np.uint64(_N_LOCKS)).astype(int)
        start = os.getpid() % _N_LOCKS
        claimed = [np.empty(0, int)]
        with contextlib.ExitStack() as stack:
            file = self._open_lock_file(stack)
            for number in sorted(set(numbers), key=lambda n: (n - start) % _N_LOCKS):
                if sum(map(len, claimed)) >= chunk:
                    break
                if _try_lock(file, number):
                    claimed.append(np.flatnonzero(numbers == number))
            yield np.concatenate(claimed)[:chunk]

    def _make_folder(self):
        root = self.cache.folder
        make_folders(root.parent, root.name, *self.folder.parts[-2:])

    def _open_lock_file(self, stack):
        with contextlib.suppress(OSError):
            self._make_folder()
            return stack.enter_context(open_or_create(self.folder / _LOCK))
        return None

    def _add(self, keys, values):
        if not self.cache.max_bytes:
            return
        path = self.folder / f"{secrets.token_hex(8)}.npy"
        try:
            self._make_folder()
            if not self._swept:
                remove_abandoned(self.folder)
                self._swept = True
            if self.cache.make_room(segment_bytes(values)):
                write_segment(path, keys, values)
        except OSError as error:
            self.cache.give_up(error)


def _try_lock(file, number):
    """Take a lock until the file is closed; return False if another process has it."""
    try:
        return file is None or try_lock_byte(file, number)
    except OSError:  # no locks on this disk; some features may be computed twice
        return True


def make_cache(kind, max_bytes, cache_dir):
    """Return the feature cache of an estimator.

    Parameters
    ----------
    kind : {"disk", "memory"} or None
        None stands for no cache.
    max_bytes : int
        Maximum size of the cache.
    cache_dir : path-like or None
        Folder of the files. None stands for the folder of the session.

    Returns
    -------
    DiskCache, MemoryCache or None
    """
    if kind is None:
        return None
    if kind == "memory":
        return MemoryCache(max_bytes)
    root = session_folder() if cache_dir is None else Path(cache_dir)
    return DiskCache(root / "features", max_bytes)
