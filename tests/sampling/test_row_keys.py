"""Rows with the same content are known as such."""

import os

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import coo_array

from cxrclf import Augmentation
from cxrclf.augmentation import AugmentedPath
from cxrclf.sampling._row_keys import row_keys


@pytest.fixture
def files(tmp_path):
    contents = {
        "one": b"12345678",
        "same": b"12345678",
        "same size": b"12345679",
        "longer": b"123456789",
    }
    paths = []
    for name, content in contents.items():
        paths.append(str(tmp_path / name))
        (tmp_path / name).write_bytes(content)
    return paths


def test_files_are_known_by_their_bytes(files):
    keys = row_keys(np.array(files)[:, None])
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


def test_copies_go_with_their_files(files):
    copies = [AugmentedPath(files[3], Augmentation(), 0, copy) for copy in range(2)]
    X = np.array([[*files, *copies]], dtype=object).T
    assert row_keys(X)[3:].tolist() == [row_keys(X)[3]] * 3


def test_forms_of_paths(files, tmp_path):
    expected = row_keys(np.array(files, dtype=object))
    for X in (
        files,
        pd.DataFrame({"path": files, "age": range(4)}),
        [tmp_path / os.path.basename(path) for path in files],
    ):
        np.testing.assert_array_equal(row_keys(X), expected)


def test_files_that_cannot_be_read_are_left_to_those_who_read_images(tmp_path):
    folders = [str(tmp_path / name) for name in ("a", "b")]
    for folder in folders:
        os.mkdir(folder)
    keys = row_keys(["missing.png", "other.png", "missing.png", *folders])
    assert keys[0] == keys[2]
    assert len(set(keys)) == 4


@pytest.mark.parametrize("shape", [(), (4,), (3, 2), (3, 2, 2)])
def test_arrays_are_known_by_their_values(shape):
    X = np.random.default_rng(0).integers(256, size=(5, *shape), dtype=np.uint8)
    X[3] = X[0]
    keys = row_keys(X)
    assert keys[3] == keys[0]
    assert len(set(keys)) == 4
    np.testing.assert_array_equal(row_keys(list(X)), keys)


def test_tables_and_sparse_rows():
    X = np.array([[1.0, 0.0], [0.0, np.nan], [1.0, 0.0], [0.0, np.nan], [2.0, 0.0]])
    expected = [0, 1, 0, 1, 2]
    for same in (X, pd.DataFrame(X), coo_array(X), X.astype(object)):
        assert row_keys(same).tolist() == expected
