"""Features computed once, for all epochs, folds, candidates and processes.

A group holds the features of the views of one epoch, each under a 64-bit key of its
own. It consists of segments that are written whole and never changed: whoever has
opened one can read it to the end, though it be deleted meanwhile. So readers need no
locks. Writers take locks only to share out the work: what one process is computing,
the others leave to it.
"""

import contextlib
import os
import secrets
import shutil
import threading
import time
import warnings
from collections import OrderedDict
from pathlib import Path

import numpy as np

from cxrclf._utils._file_lock import try_lock
from cxrclf._utils._files import replaced_whole

_N_LOCKS = 256
_WAIT = 0.02  # seconds between looks at what other processes have computed
_FRESH = 60.0  # seconds in which a segment's time of last use is not renewed


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
        missing = np.arange(len(keys))
        while missing.size:
            self._refresh()
            missing = yield from self._found(keys, missing)
            with self._claimed(keys[missing], chunk) as claimed:
                mine = missing[claimed]
                self._refresh()  # another process may have been faster
                mine = yield from self._found(keys, mine)
                if mine.size:
                    values = compute(mine)
                    self._add(keys[mine], values)
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
        for number in np.unique(numbers[at]):
            here = numbers[at] == number
            yield found[here], np.asarray(segments[number][1][places[at[here]]])
        return positions[~there]

    def _set_segments(self, segments):
        """Take over pairs of keys and values, and make the keys searchable."""
        sizes = [len(keys) for keys, _ in segments]
        keys = np.concatenate([np.empty(0, np.uint64), *(k for k, _ in segments)])
        numbers = np.repeat(np.arange(len(sizes)), sizes)
        places = np.concatenate([np.empty(0, int), *map(np.arange, sizes)])
        order = np.argsort(keys)
        # One assignment: another thread may be reading.
        self._index = segments, keys[order], numbers[order], places[order]

    def _refresh(self):
        """Look for segments that others have added."""

    @contextlib.contextmanager
    def _claimed(self, keys, chunk):
        """Give the positions of those keys that are now up to this process."""
        yield np.arange(min(chunk, len(keys)))

    def _add(self, keys, values):
        """Keep a segment."""


class MemoryBank:
    """Features in the memory of this process, those used last.

    Parameters
    ----------
    max_bytes : int
    """

    _groups = OrderedDict()  # of all banks; those used last at the end
    _lock = threading.Lock()

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
            group = self._groups.setdefault((space, view), _MemoryGroup(self))
            self._groups.move_to_end((space, view))
            return group

    def forget(self, n_bytes):
        """Drop groups until so much may be added; say whether that can be."""
        used = sum(group.n_bytes for group in self._groups.values())
        for name, group in list(self._groups.items()):
            if used + n_bytes <= self.max_bytes:
                break
            del self._groups[name]
            used -= group.n_bytes
        return used + n_bytes <= self.max_bytes


class _MemoryGroup(FeatureGroup):
    def __init__(self, bank):
        super().__init__()
        self.bank = bank
        self.n_bytes = 0

    def _add(self, keys, values):
        with MemoryBank._lock:
            if self.bank.forget(values.nbytes):
                self._set_segments((*self._index[0], (keys, values)))
                self.n_bytes += values.nbytes


class DiskBank:
    """Features in files, shared by all processes, those used last.

    Parameters
    ----------
    folder : path-like
    max_bytes : int
        Size of all files. A tenth of the disk is left free in any case.
    """

    _share = 16  # of `max_bytes`, that is added before the files are counted again

    def __init__(self, folder, max_bytes):
        self.folder = Path(folder)
        self.max_bytes = max_bytes
        self._allowance = 0

    def group(self, space, view):
        """Return a group of features, as :meth:`MemoryBank.group`."""
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
            f"The feature bank in {str(self.folder)!r} cannot be written: {error}. "
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
        files = []
        for path in self.folder.glob("*/*/*"):
            with contextlib.suppress(OSError):  # deleted by another process
                status = path.stat()
                files.append((status.st_mtime, status.st_size, path))
        used = sum(size for _, size, _ in files)
        disk = shutil.disk_usage(self.folder)
        limit = min(self.max_bytes, used + disk.free - disk.total // 10)
        if n_bytes > limit:
            return 0
        wanted = max(n_bytes, limit // self._share)
        for _, size, path in sorted(files):
            if used + wanted <= limit:
                break
            with contextlib.suppress(OSError):  # Windows keeps files that are open
                path.unlink()
                used -= size
        return min(wanted, limit - used)


class _DiskGroup(FeatureGroup):
    """A folder of segments: arrays of (key, value) in NumPy's format."""

    def __init__(self, bank, space, view):
        super().__init__()
        self.bank = bank
        self.space = space
        self.folder = space / view
        self._seen = set()

    def _refresh(self):
        try:
            names = {n for n in os.listdir(self.folder) if n.endswith(".npy")}
        except OSError:  # none yet
            return
        opened = []
        for name in sorted(names - self._seen):
            # Deleted meanwhile, or damaged: as if it were not there.
            with contextlib.suppress(OSError, ValueError, EOFError, IndexError):
                opened.append(_opened(self.folder / name))
        self._seen |= names
        if opened:
            self._set_segments((*self._index[0], *opened))

    @contextlib.contextmanager
    def _claimed(self, keys, chunk):
        numbers = (keys % np.uint64(_N_LOCKS)).astype(int)
        start = os.getpid() % _N_LOCKS
        claimed = [np.empty(0, int)]
        with contextlib.ExitStack() as locks:
            for number in sorted(set(numbers), key=lambda n: (n - start) % _N_LOCKS):
                if sum(map(len, claimed)) >= chunk:
                    break
                if self._lock(number, locks):
                    claimed.append(np.flatnonzero(numbers == number))
            yield np.concatenate(claimed)[:chunk]

    def _lock(self, number, locks):
        """Take a lock until `locks` end, unless another process has it."""
        try:
            self.space.mkdir(parents=True, exist_ok=True)
            file = locks.enter_context((self.space / f"{number}.lock").open("ab"))
            return try_lock(file)
        except OSError:  # no locks here: work may be done twice
            return True

    def _add(self, keys, values):
        if not self.bank.max_bytes:
            return
        segment = np.empty(len(keys), _segment_dtype(values))
        segment["key"], segment["value"] = keys, values
        path = self.folder / f"{secrets.token_hex(8)}.npy"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if self.bank.make_room(segment.nbytes):
                with replaced_whole(path) as temporary, temporary.open("wb") as file:
                    np.save(file, segment)
        except OSError as error:
            self.bank.give_up(error)


def _segment_dtype(values):
    return np.dtype([("key", "<u8"), ("value", values.dtype, values.shape[1:])])


def _opened(path):
    """Return a segment's keys and values, mapped from its file."""
    if time.time() - path.stat().st_mtime > _FRESH:
        os.utime(path)
    segment = np.load(path, mmap_mode="r", allow_pickle=False)
    return np.array(segment["key"]), segment["value"]
