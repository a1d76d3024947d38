"""The decode store: decoded once, whole, shared, and small in memory."""

import errno
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from joblib import cpu_count, effective_n_jobs, parallel_config
from PIL import Image

from cxrclf.exceptions import ImageReadError
from cxrclf.images import (
    DecodeStore,
    content_key,
    read_image,
)
from cxrclf.images import _decode_store as store_module
from cxrclf.images._stored_images import StoredImages
from stores import (
    SIZE,
    all_of,
    expected,
    index_of,
    write_image,
)


@pytest.fixture
def decoded(monkeypatch):
    """Names of the files in the order in which they are decoded."""
    names = []

    def counted(path, *args, **options):
        names.append(Path(path).name)
        return read_image(path, *args, **options)

    monkeypatch.setattr(store_module, "read_image", counted)
    return names


# What is fetched


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_pixels_are_those_of_read_image(store, scans, n_jobs):
    images = store.fetch(scans, n_jobs=n_jobs)
    assert isinstance(images, StoredImages)
    assert images.shape == (12, *SIZE)
    assert len(images) == 12
    pixels = all_of(images)
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, expected(scans))


def test_paths_in_any_form_with_repeats(store, scans, decoded):
    repeated = np.array([[scans[2]], [scans[0]], [scans[2]]])
    images = store.fetch(repeated)
    np.testing.assert_array_equal(all_of(images), expected(scans)[[2, 0, 2]])
    assert sorted(decoded) == ["00.png", "02.png"]


def test_one_file_by_two_names(store, scans, decoded, monkeypatch):
    monkeypatch.chdir(Path(scans[0]).parent)
    images = store.fetch(["00.png", scans[0], "./00.png"])
    assert decoded == ["00.png"]
    np.testing.assert_array_equal(all_of(images), expected(scans[:1] * 3))


def test_8_and_16_bits(store, scans, tmp_path):
    deep = [write_image(tmp_path / f"{i}.png", i, np.uint16) for i in range(3)]
    images = store.fetch([scans[0], deep[0], scans[1], deep[1], deep[2]])
    assert images.gather([2, 0]).dtype == np.uint8
    np.testing.assert_array_equal(images.gather([4, 1]), expected([deep[2], deep[0]]))
    mixed = images.gather([3, 0, 1])
    assert mixed.dtype == np.uint16
    np.testing.assert_array_equal(mixed[[0, 2]], expected([deep[1], deep[0]]))
    np.testing.assert_array_equal(mixed[1], expected(scans[:1])[0] * np.uint16(257))
    # The keys are those of the pixels as decoded, before any scaling.
    assert int(images.keys[0]) == content_key(read_image(scans[0], SIZE))
    assert int(images.keys[1]) == content_key(read_image(deep[0], SIZE))


def test_aspect_ratio(tmp_path, scans):
    store = DecodeStore(SIZE, cache_dir=tmp_path, keep_aspect_ratio=True)
    image = store.fetch(scans[:1]).gather([0])[0]
    kept = read_image(scans[0], SIZE, keep_aspect_ratio=True)
    np.testing.assert_array_equal(image, kept)


@pytest.mark.parametrize("X", [np.zeros((3, 4)), [], [[1.0]], None])
def test_pixels_are_no_paths(store, X):
    with pytest.raises(ValueError, match="Expected paths of image files"):
        store.fetch(X)


def test_bad_settings(scans):
    with pytest.raises(ValueError, match="image_size must be"):
        DecodeStore(0)
    with pytest.raises(ValueError, match="n_jobs"):
        DecodeStore(8).fetch(scans, n_jobs=0)


# Decoded once


def test_a_second_fetch_decodes_nothing(store, scans, tmp_path, decoded):
    store.fetch(scans[:8])
    assert len(decoded) == 8
    again = DecodeStore(SIZE, cache_dir=str(tmp_path / "cache")).fetch(scans[:8])
    assert len(decoded) == 8
    np.testing.assert_array_equal(all_of(again), expected(scans[:8]))
    store.fetch(scans)
    assert sorted(decoded[8:]) == ["08.png", "09.png", "10.png", "11.png"]


def test_other_settings_decode_again(tmp_path, scans, decoded):
    for options in ({}, {"keep_aspect_ratio": True}, {"bits_stored": 12}):
        for size in (8, 9):
            DecodeStore(size, cache_dir=tmp_path, **options).fetch(scans)
    assert len(decoded) == 72


def test_bits_stored(tmp_path):
    values = np.arange(16, dtype=np.uint16).reshape(4, 4) * 273
    Image.fromarray(values).save(tmp_path / "deep.png")
    store = DecodeStore(4, bits_stored=12, cache_dir=tmp_path)
    pixels = store.fetch([tmp_path / "deep.png"]).gather([0])[0]
    np.testing.assert_array_equal(pixels, np.arange(16).reshape(4, 4) * 4369)
    with pytest.raises(ValueError, match="bits_stored must be"):
        DecodeStore(4, bits_stored=1)


def test_a_changed_file_is_decoded_again(store, scans, decoded):
    before = store.fetch(scans)
    status = os.stat(scans[3])
    write_image(scans[3], seed=99)
    os.utime(scans[3], ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000))
    after = store.fetch(scans)
    assert decoded[12:] == ["03.png"]
    np.testing.assert_array_equal(all_of(after), expected(scans))
    # What was fetched before keeps the pixels of then.
    changed = np.flatnonzero(before.keys != after.keys)
    assert changed.tolist() == [3]
    assert content_key(before.gather([3])[0]) == int(before.keys[3])


def test_a_file_of_another_size_is_decoded_again(store, scans, decoded):
    store.fetch(scans)
    status = os.stat(scans[3])
    Image.fromarray(np.full((5, 5), 7, dtype=np.uint8)).save(scans[3])
    os.utime(scans[3], ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (store.fetch(scans).gather([3]) == 7).all()


def test_in_chunks_of_any_length(store, scans, monkeypatch):
    monkeypatch.setattr(store_module, "_CHUNK_FILES", 5)
    np.testing.assert_array_equal(all_of(store.fetch(scans, n_jobs=2)), expected(scans))


def test_the_next_chunk_is_decoded_while_a_chunk_is_written(
    store, scans, decoded, monkeypatch
):
    monkeypatch.setattr(store_module, "_CHUNK_FILES", 3)
    add, seen = store_module.DecodeIndex.add, []

    def add_after_next_chunk(index, identities, images):
        written = sum(seen)
        seen.append(len(identities))
        deadline = time.monotonic() + 30
        while len(decoded) < min(written + 6, 12) and time.monotonic() < deadline:
            time.sleep(0.001)
        assert len(decoded) == min(written + 6, 12)
        add(index, identities, images)

    monkeypatch.setattr(store_module.DecodeIndex, "add", add_after_next_chunk)
    np.testing.assert_array_equal(all_of(store.fetch(scans)), expected(scans))
    assert seen == [3, 3, 3, 3]


def test_nothing_more_is_decoded_after_a_failed_write(
    store, scans, decoded, monkeypatch
):
    monkeypatch.setattr(store_module, "_CHUNK_FILES", 6)
    closed = threading.Event()

    class Pool(ThreadPoolExecutor):
        def shutdown(self, wait=True, *, cancel_futures=False):
            super().shutdown(wait=False, cancel_futures=cancel_futures)
            closed.set()
            super().shutdown()

    def read_slowly(path, *args, **options):
        if len(decoded) == 6:  # the second chunk
            closed.wait(30)
        decoded.append(path)
        return read_image(path, *args, **options)

    def fail(index, identities, images):
        raise OSError("No space left")

    monkeypatch.setattr(store_module, "ThreadPoolExecutor", Pool)
    monkeypatch.setattr(store_module, "read_image", read_slowly)
    monkeypatch.setattr(store_module.DecodeIndex, "add", fail)
    with pytest.raises(OSError, match="No space left"):
        store.fetch(scans)
    assert len(decoded) <= 7  # one file was being decoded


def test_progress_is_shown_on_demand(store, scans, capsys):
    store.fetch(scans[:3])
    assert capsys.readouterr().err == ""
    store.fetch(scans, verbose=1)
    assert "9/9" in capsys.readouterr().err


# Unreadable files


def test_all_unreadable_files_are_named_and_the_others_stay(
    store, scans, tmp_path, decoded, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Path("empty.png").touch()
    Path("text.png").write_text("not a radiograph")
    jpeg = Path("cut.jpg")
    Image.fromarray(np.eye(99, dtype=np.uint8) * 200).save(jpeg)
    jpeg.write_bytes(jpeg.read_bytes()[:-100])
    bad = ["missing.png", "empty.png", "scans", "text.png", "cut.jpg", "a\0b.png"]
    paths = [path for pair in zip(scans, bad, strict=False) for path in pair]
    with pytest.raises(ImageReadError, match="6 image files") as caught:
        store.fetch(paths)
    assert list(caught.value.failures) == bad
    reasons = list(caught.value.failures.values())
    assert reasons[:5] == [
        "no such file",
        "is empty (0 bytes)",
        "is a folder, not a file",
        "is not an image, or not of a known format",
        "is cut short (truncated)",
    ]
    del decoded[:]
    store.fetch(scans[:6])
    assert decoded == []


def test_a_file_that_is_gone_is_missing_though_it_was_decoded(store, scans):
    store.fetch(scans)
    Path(scans[5]).unlink()
    with pytest.raises(ImageReadError) as caught:
        store.fetch(scans)
    assert caught.value.failures == {scans[5]: "no such file"}


# Links, pipes and folders in place of our files


def put_in_place(kind, path, target):
    path.unlink(missing_ok=True)
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(target)


@pytest.mark.skipif(sys.platform == "win32", reason="has no FIFO")
@pytest.mark.parametrize("kind", ["fifo", "folder", "link"])
@pytest.mark.parametrize(
    "name", ["pixels-8.bin", "index.sqlite", "index.sqlite-journal"]
)
def test_other_things_than_files_are_not_opened(store, scans, tmp_path, name, kind):
    store.fetch(scans[:6])
    target = tmp_path / "target"
    put_in_place(kind, index_of(tmp_path).with_name(name), target)
    for paths in (scans[:6], scans[6:]):
        with pytest.raises((RuntimeError, OSError), match="cache"):
            store.fetch(paths)
    assert not target.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights")
@pytest.mark.parametrize("level", [0, 1])
def test_folders_that_are_links_are_refused(store, scans, tmp_path, level):
    store.fetch(scans)
    folder = (index_of(tmp_path).parent, tmp_path / "cache" / "decoded")[level]
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="another cache_dir"):
        store.fetch(scans)


# Disks without room


def test_a_full_disk_names_the_folder_and_the_remedy(
    store, scans, tmp_path, monkeypatch
):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("cxrclf.images._store_index.os.fsync", full)
    with pytest.raises(OSError, match="No space left.*another cache_dir") as caught:
        store.fetch(scans)
    assert caught.value.errno == errno.ENOSPC
    assert str(index_of(tmp_path).parent) in str(caught.value)
    monkeypatch.undo()
    np.testing.assert_array_equal(all_of(store.fetch(scans)), expected(scans))


def test_only_a_folder_that_stays_waits_for_the_disk(store, scans, monkeypatch):
    synced, fsync = [], os.fsync

    def count(descriptor):
        synced.append(descriptor)
        fsync(descriptor)

    monkeypatch.setattr("cxrclf.images._store_index.os.fsync", count)
    images = DecodeStore((9, 13)).fetch(scans)
    assert not synced
    np.testing.assert_array_equal(
        all_of(images), [read_image(path, (9, 13)) for path in scans]
    )
    store.fetch(scans)
    assert synced


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit of a file's size")
def test_a_file_that_may_not_grow_names_the_folder_and_the_remedy(scans, tmp_path):
    setup = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, resource.RLIM_INFINITY))
"""
    for path in scans:  # larger than a limit that leaves room for the index
        write_image(path, 0)
    code = _FETCH.format(setup=setup).replace("(12, 10)", "(200, 200)")
    process = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "scans"), str(tmp_path / "cache")],
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
    )
    last = process.stderr.splitlines()[-1]
    assert last.startswith("OSError: ")
    assert str(tmp_path / "cache") in last
    assert "another cache_dir" in last


def test_a_folder_that_may_not_be_made_keeps_the_class_of_the_error(
    store, scans, monkeypatch
):
    def deny(path, *args, **options):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", deny)
    with pytest.raises(PermissionError, match="another cache_dir"):
        store.fetch(scans)


# Threads and forks


def test_a_worker_of_a_pool_decodes_with_the_threads_asked_for(
    store, scans, monkeypatch
):
    # As in workers of multiprocessing.Pool, where joblib's default starts no others.
    monkeypatch.setitem(multiprocessing.current_process()._config, "daemon", True)
    with pytest.warns(UserWarning, match="Loky-backed"):
        effective_n_jobs(3)
    for n_jobs, expected_threads in ((None, 1), (1, 1), (3, 3), (-1, cpu_count())):
        assert store_module._count_threads(n_jobs) == expected_threads
    with parallel_config(n_jobs=3):
        assert store_module._count_threads(None) == 3
    np.testing.assert_array_equal(
        all_of(store.fetch(scans, n_jobs=-1)), expected(scans)
    )


@pytest.mark.parametrize("backend", ["loky", "threading", "sequential"])
@pytest.mark.parametrize("n_jobs", [None, 1, 3, -1])
def test_threads_are_counted_as_joblib_counts_jobs(backend, n_jobs):
    with parallel_config(backend=backend, n_jobs=2):
        assert store_module._count_threads(n_jobs) == effective_n_jobs(n_jobs)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_process_gathers_from_the_same_images(store, scans):
    images, pixels = store.fetch(scans), expected(scans)
    child = os.fork()
    if child == 0:
        os._exit(0 if (all_of(images) == pixels).all() else 1)
    np.testing.assert_array_equal(all_of(images), pixels)
    assert os.waitpid(child, 0)[1] == 0


def test_a_folder_that_cannot_be_made(scans, tmp_path):
    (tmp_path / "cache").write_text("a file in the way")
    with pytest.raises(OSError, match="cache"):
        DecodeStore(SIZE, cache_dir=tmp_path / "cache").fetch(scans)


def test_an_index_that_another_process_keeps_locked(
    store, scans, tmp_path, monkeypatch
):
    store.fetch(scans[:1])
    monkeypatch.setattr("cxrclf.images._store_index._WAIT", 0.05)
    connection = sqlite3.connect(index_of(tmp_path), isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    with pytest.raises(OSError, match="database is locked"):
        store.fetch(scans)
    connection.close()
    store.fetch(scans)


# Several processes

_FETCH = """
import os, sys, time
from pathlib import Path
from cxrclf.images import _decode_store
from cxrclf.images import DecodeStore
folder, cache = map(Path, sys.argv[1:3])
_decode_store._CHUNK_FILES = 4
paths = sorted(str(path) for path in folder.iterdir())
{setup}
images = DecodeStore((12, 10), cache_dir=cache).fetch(paths)
print(*images.keys)
"""


def start_fetch(tmp_path, setup):
    command = [sys.executable, "-c", _FETCH.format(setup=setup)]
    return subprocess.Popen(
        [*command, str(tmp_path / "scans"), str(tmp_path / "cache")],
        stdout=subprocess.PIPE,
        text=True,
    )


def entries(tmp_path):
    connection = sqlite3.connect(index_of(tmp_path))
    try:
        return connection.execute("SELECT depth, slot FROM images").fetchall()
    finally:
        connection.close()


def test_two_processes_write_at_once(store, tmp_path):
    (tmp_path / "scans").mkdir()
    scans = [
        write_image(
            tmp_path / "scans" / f"{i:03d}.png", i, (np.uint8, np.uint16)[i % 2]
        )
        for i in range(60)
    ]
    # Both wait for the start, and then until both decode.
    setup = f"""
whole = _decode_store.read_image
def at_once(*args, **options):
    Path({str(tmp_path)!r}, f"{{os.getpid()}}.decodes").touch()
    while len(list(Path({str(tmp_path)!r}).glob("*.decodes"))) < 2:
        time.sleep(0.01)
    return whole(*args, **options)
_decode_store.read_image = at_once
Path({str(tmp_path)!r}, sys.argv[2] + str(time.time_ns()) + ".ready").touch()
while not Path({str(tmp_path / "start")!r}).exists():
    time.sleep(0.01)
"""
    both = [start_fetch(tmp_path, setup) for _ in range(2)]
    while len(list(tmp_path.glob("*.ready"))) < 2:
        assert all(process.poll() is None for process in both)
        time.sleep(0.02)
    (tmp_path / "start").touch()
    outputs = [process.communicate(timeout=60)[0] for process in both]
    keys = [content_key(read_image(path, SIZE)) for path in scans]
    assert [list(map(int, output.split())) for output in outputs] == [keys, keys]
    # No file was stored twice, and no place given twice.
    assert sorted(entries(tmp_path)) == [(d, s) for d in (8, 16) for s in range(30)]
    images = store.fetch(scans)
    for row, path in enumerate(scans):
        np.testing.assert_array_equal(images.gather([row])[0], read_image(path, SIZE))


@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGKILL")
@pytest.mark.parametrize("written", [1.0, 0.4])
def test_a_killed_process_leaves_whole_images_only(
    store, scans, tmp_path, decoded, written
):
    # Dies in the second chunk, with its pixels written and its index not.
    setup = """
import os, signal
from cxrclf.images import _store_index
calls = []
def die_the_second_time(file):
    calls.append(file)
    if len(calls) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
_store_index.os.fsync = die_the_second_time
"""
    process = start_fetch(tmp_path, setup)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert sorted(entries(tmp_path)) == [(8, slot) for slot in range(4)]
    pixels = index_of(tmp_path).with_name("pixels-8.bin")
    image_bytes = SIZE[0] * SIZE[1]
    assert pixels.stat().st_size == 8 * image_bytes
    # The same, had it died in the middle of an image.
    os.truncate(pixels, int((4 + 4 * written) * image_bytes))
    images = store.fetch(scans)
    assert len(decoded) == 8
    np.testing.assert_array_equal(all_of(images), expected(scans))
    assert pixels.stat().st_size == 12 * image_bytes


def test_the_default_folder_is_the_session_of_the_process(scans, decoded):
    from cxrclf._utils.session import session_folder

    images = DecodeStore((12, 11)).fetch(scans[:2])
    assert list(session_folder().rglob("pixels-8.bin"))
    DecodeStore((12, 11)).fetch(scans[:2])
    assert len(decoded) == 2
    assert images.shape == (2, 12, 11)
