"""Files of a decode store: an index and two arrays of pixels on disk."""

import errno
import os
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np

from cxrclf._utils.disk import copy_error, open_or_create, reason
from cxrclf.images._content_key import content_key

_WAIT = 300.0  # longest time in seconds to wait for the write lock
_TABLES = """
CREATE TABLE IF NOT EXISTS images (
    path BLOB NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL,
    depth INTEGER NOT NULL, slot INTEGER NOT NULL, key INTEGER NOT NULL,
    PRIMARY KEY (path, size, mtime)
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS slots ON images (depth, slot);
"""
_WANTED = """
CREATE TEMP TABLE wanted (row INTEGER PRIMARY KEY, path BLOB, size INTEGER,
                          mtime INTEGER)
"""
# CROSS JOIN makes SQLite look up the wanted files instead of reading the whole index.
_LOOKUP = """
SELECT row, depth, slot, key FROM wanted CROSS JOIN images
    USING (path, size, mtime)
"""
_DAMAGED = {
    sqlite3.SQLITE_CONSTRAINT,  # two images have the same place
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_ERROR,  # the tables have other columns
    sqlite3.SQLITE_NOTADB,
}
_NO_FILE = {errno.ENOENT, errno.EINVAL}  # missing, or not a regular file
_INDEX = "index.sqlite"

DEPTHS: dict[int, np.dtype] = {8: np.dtype("u1"), 16: np.dtype("<u2")}


class Identity(NamedTuple):
    """Identity of a file version: path, size, and modification time in nanoseconds."""

    path: bytes
    size: int
    mtime: int


class Places(NamedTuple):
    """Places of n images in a store, as three arrays of shape (n,).

    Attributes
    ----------
    depths : ndarray of uint8
        Number of bits, 8 or 16, which selects the file. 0 means not stored.
    slots : ndarray of int64
        Position of the image in the file.
    keys : ndarray of uint64
        Content key.
    """

    depths: np.ndarray
    slots: np.ndarray
    keys: np.ndarray

    @classmethod
    def not_stored(cls, n: int) -> Self:
        """Return the places of n images that are not stored."""
        return cls(np.zeros(n, np.uint8), np.zeros(n, np.int64), np.zeros(n, np.uint64))


def pixel_file(folder: Path, depth: int) -> Path:
    """Return the path of the file with all images of 8 or 16 bits."""
    return folder / f"pixels-{depth}.bin"


class DecodeIndex:
    """Index of a decode store, as a context manager.

    One transaction holds SQLite's write lock, writes the pixels, and then adds their
    entries. A killed process leaves pixels without entries, which the next process
    overwrites. Entries are never changed or removed. Therefore a place that was looked
    up stays readable as long as the folder exists.

    Parameters
    ----------
    folder : pathlib.Path
        Existing folder of the store.
    survives_power_failure : bool, default=True
        Whether each write waits until the disk has the data. A store that is deleted
        when the process ends does not need it.
    """

    def __init__(self, folder: Path, *, survives_power_failure: bool = True):
        self.folder = folder
        self._waits_for_disk = survives_power_failure
        with self._explained_errors():
            self._check_files()
            # isolation_level=None: _transaction issues BEGIN and COMMIT itself.
            self._connection = sqlite3.connect(
                folder / _INDEX, timeout=_WAIT, isolation_level=None
            )
            self._connection.text_factory = bytes  # damaged text may not be UTF-8
            try:
                self._create_tables()
            except BaseException:
                self._connection.close()
                raise

    def _check_files(self) -> None:
        """Refuse links, which SQLite follows, and pipes, on which it waits forever."""
        for suffix in ("", "-journal", "-wal", "-shm"):
            path = self.folder / f"{_INDEX}{suffix}"
            try:
                mode = path.lstat().st_mode
            except FileNotFoundError:
                continue
            if not stat.S_ISREG(mode):
                raise damage_error(self.folder, f"{path.name} is not a regular file")

    def _create_tables(self) -> None:
        if not self._waits_for_disk:
            self._connection.execute("PRAGMA synchronous = OFF")
        known = "SELECT count(*) FROM sqlite_master WHERE name IN ('images', 'slots')"
        if self._connection.execute(known).fetchone()[0] < 2:
            with self._transaction("IMMEDIATE"):
                for statement in _TABLES.split(";"):
                    self._connection.execute(statement)
        self._connection.execute("PRAGMA temp_store = MEMORY")
        self._connection.execute(_WANTED)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connection.close()

    def find(self, identities: Sequence[Identity]) -> Places:
        """Return the places of the images of files."""
        with self._explained_errors(), self._transaction("DEFERRED"):
            return self._find(identities)

    def add(self, identities: Sequence[Identity], images: Sequence[np.ndarray]) -> None:
        """Store images, unless another process has stored them in the meantime."""
        with self._explained_errors(), self._transaction("IMMEDIATE"):
            missing = np.flatnonzero(self._find(identities).depths == 0).tolist()
            for depth, dtype in DEPTHS.items():
                rows = [row for row in missing if images[row].itemsize * 8 == depth]
                if rows:
                    first = self._append([images[row] for row in rows], depth, dtype)
                    self._insert(rows, identities, images, depth, first)

    def _find(self, identities: Sequence[Identity]) -> Places:
        execute = self._connection.execute
        execute("DELETE FROM wanted")
        self._connection.executemany(
            "INSERT INTO wanted VALUES (?, ?, ?, ?)",
            ((row, *identity) for row, identity in enumerate(identities)),
        )
        places = Places.not_stored(len(identities))
        # A damaged index may hold other types, because SQLite does not check them.
        found = np.array(execute(_LOOKUP).fetchall() or np.empty((0, 4), np.int64))
        if found.dtype.kind != "i":
            raise damage_error(self.folder, "its index does not hold integers")
        rows, depths, slots, keys = found.T
        if not np.isin(depths, list(DEPTHS)).all() or (slots < 0).any():
            raise damage_error(self.folder, "its index holds impossible places")
        places.depths[rows] = depths
        places.slots[rows] = slots
        places.keys[rows] = keys.astype(np.uint64)
        return places

    def _append(self, images: Sequence[np.ndarray], depth: int, dtype: np.dtype) -> int:
        """Write images after all indexed images, and return the first slot."""
        (last,) = self._connection.execute(
            "SELECT coalesce(max(slot), -1) FROM images WHERE depth = ?", (depth,)
        ).fetchone()
        path = pixel_file(self.folder, depth)
        with open_or_create(path) as file:
            size, image_bytes = os.fstat(file.fileno()).st_size, images[0].nbytes
            if not (isinstance(last, int) and 0 <= (last + 1) * image_bytes <= size):
                raise damage_error(self.folder, f"{path.name} is cut short")
            first = last + 1
            file.seek(first * image_bytes)
            for image in images:
                file.write(np.ascontiguousarray(image, dtype=dtype).data)
            file.flush()
            if self._waits_for_disk:
                # The pixels must be on the disk before their entries. After a power
                # failure the index would otherwise refer to missing pixels.
                os.fsync(file.fileno())
        return first

    def _insert(
        self,
        rows: Sequence[int],
        identities: Sequence[Identity],
        images: Sequence[np.ndarray],
        depth: int,
        first: int,
    ) -> None:
        self._connection.executemany(
            "INSERT INTO images VALUES (?, ?, ?, ?, ?, ?)",
            (
                (*identities[row], depth, slot, _to_signed(content_key(images[row])))
                for slot, row in enumerate(rows, start=first)
            ),
        )

    @contextmanager
    def _transaction(self, kind: str) -> Iterator[None]:
        self._connection.execute(f"BEGIN {kind}")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _explained_errors(self) -> Iterator[None]:
        """Replace errors by errors that name the store and a remedy."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise store_error(self.folder, error) from error


def damage_error(folder: Path, cause: object) -> RuntimeError:
    """Return the error for a store with invalid content."""
    return RuntimeError(
        f"The decode store in {str(folder)!r} is damaged ({cause}). Delete that "
        "folder; its images will be decoded again."
    )


def store_error(
    folder: Path, error: sqlite3.Error | OSError | EOFError
) -> RuntimeError | OSError:
    """Return an error that names the store and the remedy."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary result code
    number = getattr(error, "errno", None)
    if code in _DAMAGED or number in _NO_FILE or isinstance(error, EOFError):
        return damage_error(folder, error)
    if not isinstance(error, OSError):
        full = code == sqlite3.SQLITE_FULL
        error = OSError(errno.ENOSPC, str(error)) if full else OSError(str(error))
    return access_error(folder, error)


def access_error(folder: Path, error: OSError) -> OSError:
    """Return the error for a store that cannot be read or written."""
    return copy_error(
        error,
        f"The decode store in {str(folder)!r} cannot be used: {reason(error)}. Check "
        "that its disk is writable and has free space, or pass another cache_dir.",
    )


def _to_signed(key: int) -> int:
    # SQLite's integers are signed. `_find` converts the 64 bits back to unsigned.
    return key - 2**64 if key >= 2**63 else key
