"""The files of a decode store: an index and two arrays of pixels on disk."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np

from cxrclf.imaging._content import content_key

_WAIT = 300.0  # seconds for another process to finish writing
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
# CROSS JOIN makes SQLite walk the wanted files, not the whole index.
_LOOKUP = """
SELECT row, depth, slot, key FROM wanted CROSS JOIN images
    USING (path, size, mtime)
"""
_DAMAGED = {
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_ERROR,  # other tables than ours
    sqlite3.SQLITE_NOTADB,
}

DEPTHS: dict[int, np.dtype] = {8: np.dtype("u1"), 16: np.dtype("<u2")}


class Identity(NamedTuple):
    """What tells a file from another one, and from itself after a change."""

    path: bytes
    size: int
    mtime: int


class Places(NamedTuple):
    """Where images are: three arrays of shape (n,). A depth of 0 means nowhere."""

    depths: np.ndarray
    slots: np.ndarray
    keys: np.ndarray

    @classmethod
    def nowhere(cls, n: int) -> Self:
        """Return the places of n images that are not stored."""
        return cls(np.zeros(n, np.uint8), np.zeros(n, np.int64), np.zeros(n, np.uint64))


def pixel_file(folder: Path, depth: int) -> Path:
    """Return the file that holds the images of 8 or 16 bits, one after the other."""
    return folder / f"pixels-{depth}.bin"


class DecodeIndex:
    """An open index, to be closed by leaving a with statement.

    Pixels are written first and indexed after, in one transaction that starts by
    taking SQLite's write lock. A process that is killed leaves pixels without an
    entry, which the next one overwrites. Entries are never changed or removed, so
    that whoever has looked a place up can read it as long as the folder exists.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        with self._clear_errors():
            # Transactions are begun and ended by hand.
            self._connection = sqlite3.connect(
                folder / "index.sqlite", timeout=_WAIT, isolation_level=None
            )
            try:
                self._set_up()
            except BaseException:
                self._connection.close()
                raise

    def _set_up(self) -> None:
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
        """Look up where the images of files are."""
        with self._clear_errors(), self._transaction("DEFERRED"):
            return self._find(identities)

    def add(self, identities: Sequence[Identity], images: Sequence[np.ndarray]) -> None:
        """Store images, but for those that another process has stored meanwhile."""
        with self._clear_errors(), self._transaction("IMMEDIATE"):
            absent = np.flatnonzero(self._find(identities).depths == 0).tolist()
            for depth, dtype in DEPTHS.items():
                rows = [row for row in absent if images[row].itemsize * 8 == depth]
                if rows:
                    first = self._append([images[row] for row in rows], depth, dtype)
                    self._enter(rows, identities, images, depth, first)

    def _find(self, identities: Sequence[Identity]) -> Places:
        execute = self._connection.execute
        execute("DELETE FROM wanted")
        self._connection.executemany(
            "INSERT INTO wanted VALUES (?, ?, ?, ?)",
            ((row, *identity) for row, identity in enumerate(identities)),
        )
        places = Places.nowhere(len(identities))
        found = np.array(execute(_LOOKUP).fetchall(), dtype=np.int64).reshape(-1, 4)
        rows, depths, slots, keys = found.T
        places.depths[rows] = depths
        places.slots[rows] = slots
        places.keys[rows] = keys.astype(np.uint64)
        return places

    def _append(self, images: Sequence[np.ndarray], depth: int, dtype: np.dtype) -> int:
        """Write images behind all that are indexed, and return the first slot."""
        (first,) = self._connection.execute(
            "SELECT coalesce(max(slot) + 1, 0) FROM images WHERE depth = ?", (depth,)
        ).fetchone()
        path = pixel_file(self.folder, depth)
        path.touch()
        with path.open("r+b") as file:
            file.seek(first * images[0].nbytes)
            for image in images:
                file.write(np.ascontiguousarray(image, dtype=dtype).data)
            file.flush()
            # On disk before the index says so, lest a power cut parts them.
            os.fsync(file.fileno())
        return first

    def _enter(
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
                (*identities[row], depth, slot, _signed(content_key(images[row])))
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
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # less its details
            if code in _DAMAGED:
                raise damaged(self.folder, error) from error
            raise OSError(
                f"The decode store in {str(self.folder)!r} cannot be used: {error}. "
                "See that its disk is writable and has room, or give another "
                "cache_dir."
            ) from error


def damaged(folder: Path, why: object) -> RuntimeError:
    """Return the error for a store that holds what no store would write."""
    return RuntimeError(
        f"The decode store in {str(folder)!r} is damaged ({why}). Delete that folder; "
        "its images will be decoded again."
    )


def _signed(key: int) -> int:
    # SQLite's integers are signed. Back: the same 64 bits, taken as unsigned.
    return key - 2**64 if key >= 2**63 else key
