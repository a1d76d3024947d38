"""Decoded images on disk: gathered by row, pickled, and verified."""

import os
import pickle
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from cxrclf.exceptions import PixelRangeWarning
from cxrclf.images import DecodeStore, content_key
from cxrclf.masks import open_masks
from stores import SIZE, all_of, expected, index_of, write_image


def test_keys_are_content_keys(store, scans):
    images = store.fetch(scans)
    assert images.keys.dtype == np.uint64
    assert images.keys.tolist() == [content_key(image) for image in expected(scans)]
    assert any(key >= 2**63 for key in images.keys.tolist())
    with pytest.raises(ValueError, match="read-only"):
        images.keys[0] = 0


def test_gather_takes_any_order_and_repeats(store, scans):
    images, pixels = store.fetch(scans), expected(scans)
    for rows in ([3], [5, 0, 5, 5, 11], np.array([-1, 2]), range(4), slice(2, 5)):
        rows = np.arange(12)[rows] if isinstance(rows, slice) else rows
        np.testing.assert_array_equal(images.gather(rows), pixels[rows])
    none = images.gather([])
    assert none.shape == (0, *SIZE)
    assert none.dtype == np.uint8
    with pytest.raises(IndexError):
        images.gather([12])


@pytest.mark.parametrize("kind", ["images", "masks in files", "masks in memory"])
def test_rows_are_chosen_as_numpy_does(kind, store, scans):
    pixels = expected(scans)
    images = store.fetch(scans)
    if kind != "images":
        pixels = pixels > 99
        X = [scan.replace(".png", "_mask.png") for scan in scans]
        for path, mask in zip(X, pixels, strict=True):
            Image.fromarray(mask).save(path)
        images = open_masks(X if "files" in kind else pixels, SIZE)
    some = np.arange(12) % 3 == 0
    for rows in (some, some.tolist(), ~some, np.zeros(12, bool), [], [-1, 0], [-12]):
        chosen = pixels[np.arange(12)[rows]]
        np.testing.assert_array_equal(images.gather(rows), chosen)
    for rows in ([12], [-13], some[:11], np.append(some, True), [0.0]):
        with pytest.raises(IndexError):
            images.gather(rows)
    for rows in (3, True, [[0, 1]], pixels > 0):
        with pytest.raises(IndexError, match="one dimension"):
            images.gather(rows)


def test_gathered_pixels_are_a_copy(store, scans):
    images = store.fetch(scans)
    images.gather([0])[:] = 0
    np.testing.assert_array_equal(all_of(images), expected(scans))


def test_a_pickle_holds_no_pixels(store, scans):
    images = store.fetch(scans * 200)
    pickled = pickle.dumps(images)
    assert len(pickled) < 1000 + 20 * len(images)
    copy = pickle.loads(pickled)
    rows = [7, 0, 2399]
    np.testing.assert_array_equal(copy.gather(rows), images.gather(rows))
    np.testing.assert_array_equal(copy.keys, images.keys)
    with pytest.raises(ValueError, match="read-only"):
        copy.keys[0] = 0


def test_a_pickle_without_its_store_names_the_folder(store, scans, tmp_path):
    pickled = pickle.dumps(store.fetch(scans))
    folder = index_of(tmp_path).parent
    (folder / "pixels-8.bin").unlink()
    with pytest.raises(RuntimeError, match=re.escape(repr(str(folder)))):
        pickle.loads(pickled)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_other_pixels_than_those_stored_are_refused(store, scans, tmp_path, dtype):
    paths = [*scans, write_image(tmp_path / "one.png", 50, dtype)]
    store.fetch(paths)
    depth = 8 * np.dtype(dtype).itemsize
    pixels = index_of(tmp_path).with_name(f"pixels-{depth}.bin")
    content = bytearray(pixels.read_bytes())
    content[-1] ^= 1
    pixels.write_bytes(content)
    images = store.fetch(paths)
    images.gather(np.arange(12))  # the others are as before
    for rows in ([12], [0, 12]):
        with pytest.raises(RuntimeError, match="Delete that folder"):
            images.gather(rows)
    with pytest.raises(RuntimeError, match="Delete that folder"):
        all_of(pickle.loads(pickle.dumps(images)))


def test_damaged_masks_are_refused(scans, tmp_path):
    for path in scans:
        Image.fromarray(np.eye(20, 16, dtype=np.uint8) * 255).save(path)
    cache = tmp_path / "cache"
    masks = open_masks(scans, SIZE, cache_dir=cache)
    pixels = index_of(tmp_path).with_name("pixels-8.bin")
    pixels.write_bytes(bytes(pixels.stat().st_size))
    with pytest.raises(RuntimeError, match="Delete that folder"):
        masks.gather([3])


def test_an_image_is_compared_with_its_key_once(store, scans, monkeypatch):
    compared = []

    def counted(image):
        compared.append(image)
        return content_key(image)

    images = store.fetch(scans)
    monkeypatch.setattr("cxrclf.images._stored_images.content_key", counted)
    for rows in ([0, 1, 2], [-11, 3], range(12), range(12)):
        images.gather(rows)
    assert len(compared) == 12
    all_of(pickle.loads(pickle.dumps(images)))
    assert len(compared) == 24


def test_pixels_cut_short_while_they_are_used_end_no_process(store, scans, tmp_path):
    images = store.fetch(scans)
    all_of(images)
    os.truncate(index_of(tmp_path).with_name("pixels-8.bin"), 500)
    with pytest.raises(RuntimeError, match="cut short.*Delete that folder"):
        all_of(images)
    np.testing.assert_array_equal(images.gather([0]), expected(scans[:1]))


def test_pixels_are_those_of_the_file_that_was_opened(store, scans, tmp_path):
    images = store.fetch(scans)
    pixels = index_of(tmp_path).with_name("pixels-8.bin")
    pixels.rename(tmp_path / "old")
    pixels.write_bytes(bytes((tmp_path / "old").stat().st_size))
    np.testing.assert_array_equal(all_of(images), expected(scans))


def test_threads_gather_from_the_same_images(store, scans):
    images, pixels = store.fetch(scans), expected(scans)

    def gather(seed):
        rows = np.random.default_rng(seed).integers(0, 12, 40)
        return (images.gather(rows) == pixels[rows]).all()

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(gather, range(40)))


def write_levels(tmp_path, levels, dtype=np.uint16):
    """Write images of one gray level each, and return their paths."""
    paths = [tmp_path / f"{i:03d}.png" for i in range(len(levels))]
    for path, level in zip(paths, levels, strict=True):
        Image.fromarray(np.full((4, 4), level, dtype=dtype)).save(path)
    return paths


@pytest.mark.parametrize(
    ("levels", "largest"),
    [
        ([4012, 0, 9], 4012),
        ([100], 100),
        ([16383], 16383),
        ([7] * 200, 7),
        ([4012, 4012, 65535], 4012),
    ],
)
def test_few_bits_are_warned_about(tmp_path, levels, largest):
    store = DecodeStore(4, cache_dir=tmp_path / "cache")
    images = store.fetch(write_levels(tmp_path, levels))
    message = f"no pixel above {largest} of 65535: .* for example bits_stored=12"
    for _ in range(2):
        with pytest.warns(PixelRangeWarning, match=message) as caught:
            images.warn_of_range()
        assert caught[0].filename == __file__


def test_dark_files_with_bits_stored(tmp_path):
    store = DecodeStore(4, bits_stored=12, cache_dir=tmp_path / "cache")
    images = store.fetch(write_levels(tmp_path, [3, 4]))
    with pytest.warns(PixelRangeWarning, match="Stretch them with IntensityNormalizer"):
        images.warn_of_range()


@pytest.mark.parametrize("dark", [1 / 4, 1 / 16])
def test_the_limit_of_dark_images(tmp_path, dark):
    store = DecodeStore(4, cache_dir=tmp_path / "cache")
    images = store.fetch(write_levels(tmp_path, [int(65535 * dark) + 1]))
    images.warn_of_range(dark)
    with pytest.warns(PixelRangeWarning):
        images.warn_of_range(2 * dark)


@pytest.mark.parametrize(
    ("levels", "dtype", "bits"),
    [
        ([16384, 3], np.uint16, None),
        ([65535], np.uint16, None),
        ([0, 0], np.uint16, None),
        ([3, 4], np.uint8, None),
        ([3, 400], np.uint16, 9),
        ([3] * 100 + [50000] * 100, np.uint16, None),
    ],
)
def test_other_images_are_not_warned_about(tmp_path, levels, dtype, bits):
    store = DecodeStore(4, bits_stored=bits, cache_dir=tmp_path / "cache")
    store.fetch(write_levels(tmp_path, levels, dtype)).warn_of_range()


def test_at_most_64_images_are_examined(tmp_path, monkeypatch):
    store = DecodeStore(4, cache_dir=tmp_path / "cache")
    images = store.fetch(write_levels(tmp_path, [50000] * 130))
    read, n_read = images._read, []
    monkeypatch.setattr(
        images, "_read", lambda depth, rows: n_read.extend(rows) or read(depth, rows)
    )
    images.warn_of_range()
    assert 32 < len(n_read) <= 64
    assert n_read[0] == 0
    assert n_read[-1] > 120
