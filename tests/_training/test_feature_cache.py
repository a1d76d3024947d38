"""The feature cache against a dictionary: what is kept, dropped and shared."""

import gc
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from cxrclf._training import feature_cache, feature_file
from cxrclf._training.feature_cache import DiskCache, FeatureGroup, MemoryCache
from cxrclf._training.feature_file import SEGMENT

KIB = 1024


@pytest.fixture(params=["disk", "memory"])
def make_cache(request, tmp_path, monkeypatch):
    """Return a function that makes a cache, empty but for what earlier ones hold."""
    monkeypatch.setattr(MemoryCache, "_groups", type(MemoryCache._groups)())
    if request.param == "memory":
        return MemoryCache
    return lambda max_bytes: DiskCache(tmp_path / "features", max_bytes)


class Body:
    """A body whose features are known, and that counts its images."""

    def __init__(self, keys):
        self.keys = keys
        self.computed = []

    def __call__(self, positions):
        self.computed.extend(self.keys[positions].tolist())
        return features_of(self.keys[positions])


def features_of(keys):
    return np.stack([keys % np.uint64(251), keys // np.uint64(7)], 1).astype("f4")


def fetched(group, keys, chunk=5):
    """Return the features of keys, and the keys that were computed."""
    body = Body(keys)
    out = np.full((len(keys), 2), np.nan, "f4")
    for positions, values in group.fetch(keys, body, chunk):
        assert np.isnan(out[positions]).all()  # each position once
        out[positions] = values
    np.testing.assert_array_equal(out, features_of(keys))
    assert len(set(body.computed)) == len(body.computed)
    return sorted(body.computed)


def n_open_files():
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


def some_keys(n, seed=0):
    keys = np.random.default_rng(seed).integers(0, 2**64, n, dtype=np.uint64)
    return np.unique(keys)


def test_what_is_kept_is_not_computed_again(make_cache):
    cache, keys = make_cache(2**20), some_keys(40)
    assert fetched(cache.group("body", "0"), keys[:30]) == keys[:30].tolist()
    assert fetched(cache.group("body", "0"), keys[::2]) == keys[30::2].tolist()
    assert fetched(make_cache(2**20).group("body", "0"), keys[:31]) == []


def test_groups_do_not_mix(make_cache):
    cache, keys = make_cache(2**20), some_keys(10)
    for space, view in (("body", "0"), ("body", "1"), ("other", "0")):
        assert len(fetched(cache.group(space, view), keys)) == 10


def test_without_a_cache_everything_is_computed():
    group, keys = FeatureGroup(), some_keys(12)
    assert len(fetched(group, keys)) == len(fetched(group, keys)) == 12


def test_values_keep_their_type_and_shape(make_cache):
    keys = some_keys(9)
    maps = np.arange(9 * 24, dtype=np.int16).reshape(9, 4, 3, 2)
    for _ in range(2):
        group = make_cache(2**20).group("body", "maps")
        for positions, values in group.fetch(keys, maps.__getitem__, 4):
            assert values.dtype == np.int16
            np.testing.assert_array_equal(values, maps[positions])


def test_those_used_last_stay_and_the_limit_holds(make_cache, tmp_path, monkeypatch):
    monkeypatch.setattr(feature_file, "_FRESH", 0.0)
    monkeypatch.setattr(DiskCache, "_share", 2**20)  # counts files each time
    # A group has 2 KiB in memory and 6.25 on disk: four or two of them fit.
    limit = 9 * KIB if make_cache is MemoryCache else 13 * KIB
    cache, keys = make_cache(limit), some_keys(256)
    computed = {}
    for view in "abacadae":
        group = cache.group("body", view)
        computed[view] = len(fetched(group, keys, chunk=256))
        time.sleep(0.02)  # a file system's clock is coarse
    assert computed == {"a": 0, "b": 256, "c": 256, "d": 256, "e": 256}
    assert len(fetched(cache.group("body", "b"), keys, chunk=256)) == len(keys)
    kept = sum(p.stat().st_size for p in tmp_path.glob("features/*/*/*"))
    assert kept <= limit


def test_a_cache_too_small_for_anything_keeps_nothing(make_cache, tmp_path):
    keys = some_keys(50)
    for _ in range(2):
        assert len(fetched(make_cache(16).group("body", "0"), keys)) == 50
    assert not list(tmp_path.glob("features/*/*/*.npy"))


def test_memory_keeps_its_limit_and_the_group_in_use(monkeypatch):
    monkeypatch.setattr(MemoryCache, "_groups", type(MemoryCache._groups)())
    small, keys = MemoryCache(3 * KIB), some_keys(512)  # 4 KiB of values
    fetched(small.group("body", "other"), keys[:128], chunk=128)  # 1 KiB
    group = small.group("body", "0")
    fetched(group, keys, chunk=128)
    assert group.n_bytes == 3 * KIB  # a part that fits; and the other one made room
    assert list(MemoryCache._groups) == [("body", "0")]
    # A larger cache of the same process goes on with it.
    assert len(fetched(MemoryCache(2**20).group("body", "0"), keys)) == 128
    assert fetched(MemoryCache(2**20).group("body", "0"), keys) == []


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts with /proc")
def test_segments_are_open_only_while_they_are_read(tmp_path):
    cache, keys = DiskCache(tmp_path, 2**20), some_keys(400)
    group = cache.group("body", "0")
    fetched(group, keys, chunk=2)
    assert len(list(tmp_path.glob("*/*/*.npy"))) == 200
    before = n_open_files()
    fetched(cache.group("body", "0"), keys)
    assert n_open_files() == before


def test_a_cache_that_may_only_be_read_is_used(tmp_path, monkeypatch):
    def refuse(*args):
        raise PermissionError

    cache, keys = DiskCache(tmp_path, 2**20), some_keys(20)
    fetched(cache.group("body", "0"), keys)
    monkeypatch.setattr(feature_file, "_FRESH", -1.0)
    monkeypatch.setattr(os, "utime", refuse)
    assert fetched(cache.group("body", "0"), keys) == []


def test_a_disk_without_locks_keeps_features(tmp_path, monkeypatch):
    def refuse(*args):
        raise OSError("no locks available")

    monkeypatch.setattr(feature_cache, "try_lock_byte", refuse)
    cache, keys = DiskCache(tmp_path, 2**20), some_keys(20)
    assert len(fetched(cache.group("body", "0"), keys)) == 20
    assert fetched(cache.group("body", "0"), keys) == []


def test_a_full_disk_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(feature_cache, "_RESERVE", 2**60)
    monkeypatch.setattr(
        feature_cache.shutil,
        "disk_usage",
        lambda path: shutil._ntuple_diskusage(10**12, 99 * 10**10, 10**10),
    )
    keys = some_keys(20)
    with pytest.warns(RuntimeWarning, match="disk is full"):
        fetched(DiskCache(tmp_path, 2**20).group("body", "0"), keys)


def test_whoever_waits_too_long_computes_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(feature_cache, "_PATIENCE", 0.3)
    worker = started_worker(tmp_path, stops_at=0)
    assert worker.stdout.readline() == "stopped\n"  # with locks of its first chunk
    group = DiskCache(tmp_path, 2**20).group("body", "0")
    try:
        assert len(fetched(group, WORKERS_KEYS)) == 256
    finally:
        worker.kill()
        worker.communicate()


def test_threads_share_a_cache(make_cache):
    keys = some_keys(300)
    group = make_cache(2**20).group("body", "0")

    def work(seed):
        mine = np.unique(np.random.default_rng(seed).choice(keys, 200))
        for _ in range(3):
            fetched(group, mine, chunk=16)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))


def test_damaged_segments_are_as_if_they_were_not_there(tmp_path):
    cache, keys = DiskCache(tmp_path, 2**20), some_keys(20)
    fetched(cache.group("body", "0"), keys, chunk=10)
    first, second = tmp_path.glob("*/*/*.npy")
    first.write_bytes(first.read_bytes()[:-30])
    second.write_bytes(b"")
    assert len(fetched(cache.group("body", "0"), keys)) == 20
    assert fetched(cache.group("body", "0"), keys) == []


def test_no_damaged_byte_gets_into_a_feature(tmp_path):
    cache, keys = DiskCache(tmp_path, 2**20), some_keys(5)
    fetched(cache.group("body", "0"), keys)
    (path,) = tmp_path.glob("*/*/*.npy")
    whole = path.read_bytes()
    for position in range(len(whole)):
        content = bytearray(whole)
        content[position] ^= 1 << position % 8
        path.write_bytes(content)
        fetched(cache.group("body", "0"), keys)  # compares the features
        # What was damaged is gone, and what was computed instead is found.
        assert fetched(cache.group("body", "0"), keys) == []
        for other in tmp_path.glob("*/*/*.npy"):
            other.unlink()


@pytest.mark.parametrize("n_bytes", [0, 1, 60, 130, 200, 300, 370, 1000])
def test_segments_of_another_length_are_computed_again(tmp_path, n_bytes):
    cache, keys = DiskCache(tmp_path, 2**20), some_keys(5)
    fetched(cache.group("body", "0"), keys)
    (path,) = tmp_path.glob("*/*/*.npy")
    with path.open("r+b") as file:
        file.truncate(n_bytes)
    assert fetched(cache.group("body", "0"), keys) == keys.tolist()
    assert not path.exists()


def test_a_segment_cut_short_while_it_is_used_ends_no_process(tmp_path):
    cache, keys = DiskCache(tmp_path, 2**20), some_keys(20)
    fetched(cache.group("body", "0"), keys, chunk=20)
    group = cache.group("body", "0")
    assert fetched(group, keys) == []
    (path,) = tmp_path.glob("*/*/*.npy")
    os.truncate(path, path.stat().st_size - 1)
    assert fetched(group, keys, chunk=20) == keys.tolist()


def test_a_segment_of_another_group_is_not_used(tmp_path):
    cache, keys = DiskCache(tmp_path, 2**20), some_keys(20)
    fetched(cache.group("body", "0"), keys)
    for space, view in (("body", "1"), ("other", "0")):
        (tmp_path / space / view).mkdir(parents=True)
        for path in (tmp_path / "body" / "0").glob("*.npy"):
            shutil.copy(path, tmp_path / space / view)
        assert fetched(cache.group(space, view), keys) == keys.tolist()


@pytest.mark.parametrize("dtype", ["f8", "f2", "i4", "O"])
def test_values_of_another_type_or_shape_are_not_used(tmp_path, dtype):
    cache, keys = DiskCache(tmp_path, 2**20), some_keys(20)
    index = None
    for values in (np.zeros((20, 2), dtype), np.zeros((20, 3), "f4"), np.zeros(20)):
        fetched(cache.group("body", "0"), keys, chunk=20)
        (path,) = tmp_path.glob("*/*/*.npy")
        with path.open("rb") as file:
            index = np.load(file)
        with path.open("wb") as file:
            np.save(file, index)
            np.save(file, values)
        assert fetched(cache.group("body", "0"), keys, chunk=20) == keys.tolist()
        assert not path.exists()


@pytest.mark.skipif(os.name == "nt", reason="has no FIFO, and links need rights")
@pytest.mark.parametrize("kind", ["fifo", "folder", "link"])
@pytest.mark.parametrize("name", ["0123456789abcdef.npy", "lock"])
def test_other_things_than_files_are_not_opened(tmp_path, name, kind):
    cache, keys = DiskCache(tmp_path / "cache", 2**20), some_keys(20)
    path, target = tmp_path / "cache" / "body" / "0" / name, tmp_path / "target"
    path.parent.mkdir(parents=True)
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(target)
    assert len(fetched(cache.group("body", "0"), keys)) == 20
    assert fetched(cache.group("body", "0"), keys) == []
    assert not target.exists()


@pytest.mark.skipif(os.name == "nt", reason="links need rights")
@pytest.mark.parametrize("link", ["body", "body/0"])
def test_nothing_is_written_or_deleted_through_links(tmp_path, link):
    cache, elsewhere = tmp_path / "cache", tmp_path / "elsewhere"
    (elsewhere / "0").mkdir(parents=True)
    for folder in (elsewhere, elsewhere / "0"):
        (folder / "0123456789abcdef.npy").write_bytes(bytes(4 * KIB))
        make_old(folder / "0123456789abcdef.npy")
    (cache / link).parent.mkdir(parents=True)
    (cache / link).symlink_to(elsewhere)
    before = sorted(elsewhere.rglob("*"))
    keys = some_keys(40)
    fetched(DiskCache(cache, 2 * KIB).group("other", "0"), keys)
    assert sorted(elsewhere.rglob("*")) == before
    with pytest.warns(RuntimeWarning, match="link, not a folder"):
        fetched(
            DiskCache(cache, 2 * KIB).group("body", "1" if link == "body" else "0"),
            keys,
        )
    assert not list(elsewhere.rglob("lock"))


def test_only_segments_are_deleted_to_make_room(tmp_path):
    cache, keys = DiskCache(tmp_path, 2 * KIB), some_keys(40)
    fetched(cache.group("body", "0"), keys, chunk=40)
    precious = tmp_path / "body" / "0" / "results.npy"
    np.save(precious, np.zeros(1000))
    make_old(precious)
    fetched(DiskCache(tmp_path, 2 * KIB).group("body", "1"), keys, chunk=40)
    assert [path.parent.name for path in tmp_path.glob(f"*/*/{SEGMENT}")] == ["1"]
    assert precious.exists()


def make_old(path):
    then = time.time() - 10**6
    os.utime(path, (then, then))


@pytest.mark.parametrize("by", ["writing", "counting"])
def test_temporary_files_of_killed_writers_are_removed(tmp_path, by):
    cache, keys = DiskCache(tmp_path, 2**20), some_keys(20)
    fetched(cache.group("body", "0"), keys[:10])
    left = tmp_path / "body" / "0" / f".{'0' * 16}.npy.cxrclf-{'1' * 16}"
    left.write_bytes(bytes(100))
    make_old(left)
    view = "0" if by == "writing" else "1"
    fetched(DiskCache(tmp_path, 2**20).group("body", view), keys)
    assert not left.exists()


def test_files_that_are_being_written_count(tmp_path, monkeypatch):
    monkeypatch.setattr(feature_cache, "remove_abandoned", lambda folder: None)
    cache, keys = DiskCache(tmp_path, 4 * KIB), some_keys(40)
    fetched(cache.group("body", "0"), keys, chunk=40)
    assert len(list(tmp_path.glob("*/*/*.npy"))) == 1
    (tmp_path / "body" / "0" / f".{'0' * 16}.npy.cxrclf-{'1' * 16}").write_bytes(
        bytes(2000)
    )
    fetched(DiskCache(tmp_path, 4 * KIB).group("body", "1"), keys, chunk=40)
    assert [path.parent.name for path in tmp_path.glob(f"*/*/{SEGMENT}")] == ["1"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_process_forked_while_a_thread_adds_features_does_not_wait():
    with MemoryCache._lock:  # as another thread would hold it
        child = os.fork()
        if child == 0:
            os._exit(0 if MemoryCache._lock.acquire(timeout=10) else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_segments_deleted_while_they_are_read_do_no_harm(tmp_path):
    cache, keys = DiskCache(tmp_path, 2**20), some_keys(20)
    fetched(cache.group("body", "0"), keys, chunk=10)
    out = []
    for positions, values in cache.group("body", "0").fetch(keys, Body(keys), 10):
        for path in tmp_path.glob("*/*/*.npy"):
            path.unlink()
        out.extend(positions)
        np.testing.assert_array_equal(values, features_of(keys[positions]))
    assert sorted(out) == list(range(20))
    assert len(fetched(cache.group("body", "0"), keys)) == 20


def test_a_disk_that_cannot_be_written_is_said_once(tmp_path):
    (tmp_path / "body").write_text("a file where a folder has to be")
    cache, keys = DiskCache(tmp_path, 2**20), some_keys(20)
    with pytest.warns(RuntimeWarning, match="cannot be written.*cache_dir") as caught:
        fetched(cache.group("body", "0"), keys)
    assert len(caught) == 1
    assert len(fetched(cache.group("body", "0"), keys)) == 20


WORKERS_KEYS = some_keys(256)
WORKER = """
    import sys
    import numpy as np
    from cxrclf._training.feature_cache import DiskCache

    keys = np.unique(np.random.default_rng(0).integers(0, 2**64, 256, dtype="u8"))
    computed = []

    def compute(positions):
        if len(computed) == int(sys.argv[2]):
            print("stopped", flush=True)
            sys.stdin.readline()
        computed.append(len(positions))
        return keys[positions][:, None].astype("f8")

    out = np.zeros((256, 1))
    group = DiskCache(sys.argv[1], 2**20).group("body", "0")
    for positions, values in group.fetch(keys, compute, 16):
        out[positions] = values
    assert (out[:, 0] == keys.astype("f8")).all()
    print(sum(computed))
"""


def started_worker(folder, stops_at=-1):
    """Start a process that stops before it computes a chunk, until `go`."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WORKER), str(folder), str(stops_at)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def go(process):
    process.stdin.write("\n")
    process.stdin.flush()


def test_processes_share_the_work_out(tmp_path):
    workers = [started_worker(tmp_path, stops_at=0) for _ in range(3)]
    for worker in workers:  # all of them hold a share before the first one computes
        assert worker.stdout.readline() == "stopped\n"
    for worker in workers:
        go(worker)
    computed = [int(worker.communicate()[0]) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0, 0]
    assert sum(computed) == 256  # nothing twice
    assert min(computed) > 0  # and nobody idle


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
def test_a_killed_process_blocks_nobody(tmp_path):
    killed = started_worker(tmp_path, stops_at=1)
    assert killed.stdout.readline() == "stopped\n"
    killed.send_signal(signal.SIGKILL)  # holds the locks of its second chunk
    killed.communicate()
    other = started_worker(tmp_path)
    out, _ = other.communicate()
    assert other.returncode == 0
    assert int(out) == 256 - 16  # all but the first chunk
