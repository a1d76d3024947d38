"""Decode stores of small images, and what is on their disk."""

import sqlite3

import numpy as np
import pytest
from PIL import Image

from cxrclf.images import read_image

SIZE = (12, 10)


def write_image(path, seed, dtype=np.uint8):
    """Write a file of random pixels, and return its path as str."""
    high = np.iinfo(dtype).max + 1
    pixels = np.random.default_rng(seed).integers(0, high, (20, 16), dtype=dtype)
    Image.fromarray(pixels).save(path)
    return str(path)


def all_of(images):
    """Return the pixels of all images."""
    return images.gather(np.arange(len(images)))


def expected(paths):
    """Return what a store must hold for some files."""
    return np.stack([read_image(path, SIZE) for path in paths])


def index_of(tmp_path):
    """Return the one index in the folder of a test."""
    (path,) = (tmp_path / "cache").rglob("index.sqlite")
    return path


def change_index(tmp_path, *statements):
    """Run SQL on the index in the folder of a test."""
    with sqlite3.connect(index_of(tmp_path)) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def assert_refused(store, paths):
    """Check that a damaged store is not believed."""
    with pytest.raises(RuntimeError, match="Delete that folder"):
        all_of(store.fetch(paths))
