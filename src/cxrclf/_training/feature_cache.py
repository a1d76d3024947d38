"""Features computed once, for all epochs, folds, candidates and processes.

A group holds the features of the views of one epoch, each under a 64-bit key of its
own. It consists of segments that are written whole and never changed, so readers need
no locks: a segment is there or not. Writers take locks only to share out the work: what
one process is computing, the others leave to it.
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
_WAIT = 0.02  # seconds between looks at what other processes have computed
_PATIENCE = 60.0  # seconds without any news, after which their work is done here too
_LOCK = "lock"
_RESERVE = 2 * 2**30  # bytes of the disk that are left free, or a tenth of a small one


class FeatureGroup:
    """Features by key; in this form, those that nobody keeps."""

    def __init__(self):
        self._set_segments(())

    def fetch(self, keys, compute, chunk):
        """Find features, and compute those that are not there.

        Parameters
        ----------
        keys : ndarray of shape (n,) of uint64
            Sorted and unique.
        compute : callable
            Takes positions in `keys` and returns their features, an array of shape
            (len(positions), ...).
        chunk : int
            How many are computed, and then shared, at once.

        Yields
        ------
        ndarray of shape (b,) of int
            Positions in `keys`; all of them once, in any order.
        ndarray of shape (b, ...)
            Their features.
        """
        missing, news = np.arange(len(keys)), time.monotonic()
        while missing.size:
            self._refresh()
            before = missing.size
            missing = yield from self._found(keys, missing)
            if missing.size < before:
                news = time.monotonic()
            patient = time.monotonic() - news < _PATIENCE
            with self._claimed(keys[missing], chunk, patient) as claimed:
                mine = missing[claimed]
                self._refresh()  # another process may have been faster
                mine = yield from self._found(keys, mine)
                if mine.size:
                    values = compute(mine)
                    self._add(keys[mine], values)
                    news = time.monotonic()
                    yield mine, values
                elif missing.size and not claimed.size:
                    time.sleep(_WAIT)
                missing = np.setdiff1d(missing, missing[claimed], assume_unique=True)

    def _found(self, keys, positions):
        """Yield what is there, and return the positions of what is not."""
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
            values = self._values(segments[number], places[at[here]])
            if values is None:
                absent.append(found[here])
            else:
                yield found[here], values
        return np.sort(np.concatenate(absent))

    def _set_segments(self, segments):
        """Take over pairs of keys and what has the values; make the keys searchable."""
        sizes = [len(keys) for keys, _ in segments]
        keys = np.concatenate([np.empty(0, np.uint64), *(k for k, _ in segments)])
        numbers = np.repeat(np.arange(len(sizes)), sizes)
        places = np.concatenate([np.empty(0, int), *map(np.arange, sizes)])
        order = np.argsort(keys)
        # One assignment: another thread may be reading.
        self._index = segments, keys[order], numbers[order], places[order]

    def _refresh(self):
        """Look for segments that others have added."""

    def _values(self, segment, places):
        """Return values of a segment, or None if it is gone."""
        return segment[1][places]

    @contextlib.contextmanager
    def _claimed(self, keys, chunk, patient):
        """Give the positions of those keys that are now up to this process."""
        yield np.arange(min(chunk, len(keys)))

    def _add(self, keys, values):
        """Keep a segment."""


class MemoryCache:
    """Features in the memory of this process, those used last.

    Parameters
    ----------
    max_bytes : int
    """

    _groups = OrderedDict()  # of all caches; those used last at the end
    _lock = threading.Lock()

    @classmethod
    def _renew_lock(cls):
        """Replace the lock in a forked process: a thread of its parent may hold it."""
        cls._lock = threading.Lock()

    def __init__(self, max_bytes):
        self.max_bytes = max_bytes

    def group(self, space, view):
        """Return a group of features, new or known.

        Parameters
        ----------
        space : str
            Digest of all that decides a feature besides the view.
        view : str
            Name of an epoch's views.

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
        """Drop groups, but for `kept`, until so much may be added.

        Returns
        -------
        bool
            Whether that can be.
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
    """Features in files, shared by all processes, those used last.

    Parameters
    ----------
    folder : path-like
    max_bytes : int
        Size of all files. 2 GiB of the disk, or a tenth of a smaller one, are left
        free in any case.
    """

    _share = 16  # of `max_bytes`, that is added before the files are counted again

    def __init__(self, folder, max_bytes):
        self.folder = Path(folder)
        self.max_bytes = max_bytes
        self._allowance = 0

    def group(self, space, view):
        """Return a group of features, as :meth:`MemoryCache.group`."""
        return _DiskGroup(self, self.folder / space, view)

    def make_room(self, n_bytes):
        """Delete the files used longest ago until so much may be added.

        Returns
        -------
        bool
            Whether that can be.
        """
        if n_bytes > self._allowance:
            self._allowance = self._evict(n_bytes)
        fits = n_bytes <= self._allowance
        if fits:
            self._allowance -= n_bytes
        return fits

    def give_up(self, error):
        """Keep nothing any more, after an error of the disk."""
        warnings.warn(
            f"The feature cache in {str(self.folder)!r} cannot be written: {error}. "
            "Features are computed anew in each epoch. See that its disk is writable "
            "and has room, or give another cache_dir.",
            RuntimeWarning,
            stacklevel=2,
        )
        self.max_bytes = 0

    def _evict(self, n_bytes):
        """Return how much may be added before the files are counted again.

        That is little at a time, because other processes add as well.
        """
        files, used = [], 0
        for group in self.folder.glob("*/*"):
            if group.is_symlink() or group.parent.is_symlink():
                continue  # nothing is deleted elsewhere
            remove_abandoned(group)
            for path in group.glob(f"*{SEGMENT}*"):
                with contextlib.suppress(OSError):  # deleted by another process
                    status = path.lstat()
                    used += status.st_size
                    if path.match(SEGMENT):  # else another process is writing it
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
            with contextlib.suppress(OSError):  # Windows keeps files that are open
                path.unlink()
                used -= size
            if not any(path.parent.glob(f"*{SEGMENT}*")):
                with contextlib.suppress(OSError):
                    path.with_name(_LOCK).unlink(missing_ok=True)
                    path.parent.rmdir()
        return min(wanted, limit - used)


class _DiskGroup(FeatureGroup):
    """A folder of segments."""

    def __init__(self, cache, space, view):
        super().__init__()
        self.cache = cache
        self.folder = space / view
        self._seen = set()
        self._swept = False

    def _refresh(self):
        try:
            names = set(fnmatch.filter(os.listdir(self.folder), SEGMENT))
        except OSError:  # none yet
            return
        new = []
        for name in sorted(names - self._seen):
            segment = find_segment(self.folder / name)
            if segment is not None:
                new.append(segment)
        self._seen |= names
        if new:
            self._set_segments((*self._index[0], *new))

    def _values(self, segment, places):
        keys, stored = segment
        # Opened when it is needed: a process may have few files open at once.
        values = read_segment(stored, keys[places], places)
        if values is None:
            self._set_segments(tuple(s for s in self._index[0] if s is not segment))
        return values

    @contextlib.contextmanager
    def _claimed(self, keys, chunk, patient):
        if not (patient and self.cache.max_bytes):
            yield np.arange(min(chunk, len(keys)))
            return
        numbers = (keys % np.uint64(_N_LOCKS)).astype(int)
        start = os.getpid() % _N_LOCKS
        claimed = [np.empty(0, int)]
        with contextlib.ExitStack() as stack:
            file = self._lock_file(stack)
            for number in sorted(set(numbers), key=lambda n: (n - start) % _N_LOCKS):
                if sum(map(len, claimed)) >= chunk:
                    break
                if _locked(file, number):
                    claimed.append(np.flatnonzero(numbers == number))
            yield np.concatenate(claimed)[:chunk]

    def _make(self):
        root = self.cache.folder
        make_folders(root.parent, root.name, *self.folder.parts[-2:])

    def _lock_file(self, stack):
        with contextlib.suppress(OSError):
            self._make()
            return stack.enter_context(open_or_create(self.folder / _LOCK))
        return None

    def _add(self, keys, values):
        if not self.cache.max_bytes:
            return
        path = self.folder / f"{secrets.token_hex(8)}.npy"
        try:
            self._make()
            if not self._swept:
                remove_abandoned(self.folder)
                self._swept = True
            if self.cache.make_room(segment_bytes(values)):
                write_segment(path, keys, values)
        except OSError as error:
            self.cache.give_up(error)


def _locked(file, number):
    """Take a lock, unless another process has it."""
    try:
        return file is None or try_lock_byte(file, number)
    except OSError:  # no locks on this disk: work may be done twice
        return True


def make_cache(kind, max_bytes, cache_dir):
    """Return the feature cache of an estimator.

    Parameters
    ----------
    kind : {"disk", "memory"} or None
    max_bytes : int
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
