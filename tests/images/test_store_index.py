"""The index of a decode store, and damage to it."""

import os
import sqlite3

import numpy as np
import pytest

from cxrclf.images import content_key
from cxrclf.images._store_index import DecodeIndex, Identity, pixel_file
from stores import assert_refused, change_index, index_of


def test_a_foreign_index_names_the_folder_to_delete(store, scans, tmp_path):
    store.fetch(scans)
    index = index_of(tmp_path)
    index.write_text("not a database " * 100)
    with pytest.raises(RuntimeError, match="Delete that folder") as caught:
        store.fetch(scans)
    assert str(index.parent) in str(caught.value)


def test_an_index_of_other_tables_names_the_folder_to_delete(store, scans, tmp_path):
    store.fetch(scans)
    with sqlite3.connect(index_of(tmp_path)) as connection:
        connection.execute("ALTER TABLE images RENAME COLUMN slot TO place")
    connection.close()
    with pytest.raises(RuntimeError, match="Delete that folder"):
        store.fetch(scans)


def test_pixels_cut_short_name_the_folder_to_delete(store, scans, tmp_path):
    store.fetch(scans)
    os.truncate(index_of(tmp_path).with_name("pixels-8.bin"), 500)
    with pytest.raises(RuntimeError, match="Delete that folder"):
        store.fetch(scans)


@pytest.mark.parametrize(
    "statements",
    [
        ["UPDATE images SET slot = -1 WHERE slot = 3"],
        ["UPDATE images SET slot = 1000 WHERE slot = 3"],
        ["UPDATE images SET slot = 4611686018427387904 WHERE slot = 3"],
        ["UPDATE images SET slot = 'three' WHERE slot = 3"],
        ["UPDATE images SET slot = 2.5 WHERE slot = 3"],
        ["UPDATE images SET slot = CAST(x'ff' AS TEXT) WHERE slot = 3"],
        [
            f"UPDATE images SET slot = {new} WHERE slot = {old}"
            for old, new in ((3, 99), (4, 3), (99, 4))
        ],
        ["DROP INDEX slots", "UPDATE images SET slot = 2 WHERE slot = 3"],
        ["UPDATE images SET depth = 0 WHERE slot = 3"],
        ["UPDATE images SET depth = 16 WHERE slot = 3"],
        ["UPDATE images SET depth = 264 WHERE slot = 3"],
        ["UPDATE images SET depth = x'08' WHERE slot = 3"],
        ["UPDATE images SET key = key + 1 WHERE slot = 3"],
        ["UPDATE images SET key = 'k' WHERE slot = 3"],
    ],
)
def test_a_damaged_index_is_never_believed(store, scans, tmp_path, statements):
    store.fetch(scans)
    change_index(tmp_path, *statements)
    assert_refused(store, scans)


@pytest.mark.parametrize("value", ["'text'", "-7", "10000000"])
def test_a_damaged_index_gives_no_place_to_new_images(store, scans, tmp_path, value):
    store.fetch(scans[:1])
    change_index(tmp_path, f"UPDATE images SET slot = {value}")
    pixels = index_of(tmp_path).with_name("pixels-8.bin")
    before = pixels.read_bytes()
    assert_refused(store, scans[1:])
    assert pixels.read_bytes() == before


def test_missing_pixels_are_not_replaced_by_a_hole(store, scans, tmp_path):
    store.fetch(scans[:6])
    index_of(tmp_path).with_name("pixels-8.bin").unlink()
    assert_refused(store, scans[6:])
    assert_refused(store, scans[:6])


def identity(number):
    return Identity(f"/scan{number}.png".encode(), 100, number)


def test_what_is_added_is_found(tmp_path):
    images = [np.full((2, 3), k, dtype=t) for k, t in enumerate(["u1", "u2", "u1"])]
    with DecodeIndex(tmp_path) as index:
        index.add([identity(k) for k in range(3)], images)
        places = index.find([identity(k) for k in (2, 9, 1, 0)])
    assert places.depths.tolist() == [8, 0, 16, 8]  # the second is nowhere
    assert places.slots[[0, 2, 3]].tolist() == [1, 0, 0]
    assert places.keys[[0, 2, 3]].tolist() == [
        content_key(images[k]) for k in (2, 1, 0)
    ]
    assert pixel_file(tmp_path, 8).read_bytes() == bytes(6) + bytes([2] * 6)
    assert pixel_file(tmp_path, 16).read_bytes() == b"\1\0" * 6


def test_what_is_stored_already_is_not_stored_twice(tmp_path):
    with DecodeIndex(tmp_path) as index, DecodeIndex(tmp_path) as other:
        index.add([identity(0)], [np.zeros((2, 3), dtype=np.uint8)])
        other.add(
            [identity(0), identity(1)], [np.ones((2, 3), dtype=np.uint8) for _ in "ab"]
        )
        assert index.find([identity(0), identity(1)]).slots.tolist() == [0, 1]
    assert pixel_file(tmp_path, 8).stat().st_size == 12


def test_a_file_that_changed_is_another_one(tmp_path):
    with DecodeIndex(tmp_path) as index:
        index.add([identity(0)], [np.zeros((2, 3), dtype=np.uint8)])
        changed = [identity(0)._replace(size=101), identity(0)._replace(mtime=7)]
        assert index.find(changed).depths.tolist() == [0, 0]
