"""Files and arrays of masks, opened at one size."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cxrclf.exceptions import ImageReadError
from cxrclf.masks import (
    open_masks,
    read_mask,
)
from mask_files import nearest, saved

FORMS = {
    "list": list,
    "tuple": tuple,
    "array": np.array,
    "column": lambda paths: np.array(paths)[:, None],
    "objects": lambda paths: np.array(paths, dtype=object),
    "series": lambda paths: pd.Series(paths, index=range(50, 58)),
    "frame": lambda paths: pd.DataFrame({"n": range(8), "path": paths}),
    "frame of masks": lambda paths: pd.DataFrame({"mask": paths}),
    "rows of one": lambda paths: [[path] for path in paths],
}


@pytest.mark.parametrize("form", FORMS)
def test_files_in_all_forms(files, form):
    masks, paths = files
    opened = open_masks(FORMS[form](paths), (60, 80))
    assert len(opened) == 8
    assert opened.shape == (8, 60, 80)
    np.testing.assert_array_equal(opened.gather([5, 0, 5]), masks[[5, 0, 5]])


@pytest.mark.parametrize(
    "array",
    [
        lambda m: m.astype(bool),
        lambda m: m,
        lambda m: m * 255,
        lambda m: (m * 255).astype(np.int64),
        lambda m: m.astype(np.float32),
        lambda m: m * np.float64(0.25),
        lambda m: m[..., None],
        lambda m: m[:, ::-1][:, ::-1],
        lambda m: m.tolist(),
        list,
    ],
)
def test_arrays_in_all_forms(files, array):
    masks, _ = files
    masks = masks[:, 20:40, 10:50]
    opened = open_masks(array(masks))
    gathered = opened.gather(np.array([7, 1]))
    assert gathered.dtype == np.uint8
    np.testing.assert_array_equal(gathered, masks[[7, 1]])
    np.testing.assert_array_equal(
        open_masks(array(masks), (11, 13)).gather([3])[0], nearest(masks[3], 11, 13)
    )


def test_files_need_a_size(files):
    with pytest.raises(ValueError, match="Mask files need image_size"):
        open_masks(files[1])


@pytest.mark.parametrize("form", [np.array, list, lambda rows: tuple(map(tuple, rows))])
@pytest.mark.parametrize("n_columns", [2, 3])
def test_the_union_of_the_files_of_a_row(files, form, n_columns):
    masks, paths = files
    rows = [[paths[(k + 2 * c) % 8] for c in range(n_columns)] for k in range(5)]
    expected = [
        np.any([masks[(k + 2 * c) % 8] for c in range(n_columns)], axis=0)
        for k in range(5)
    ]
    opened = open_masks(form(rows), (60, 80))
    assert opened.shape == (5, 60, 80)
    np.testing.assert_array_equal(opened.gather([4, 0]), [expected[4], expected[0]])
    np.testing.assert_array_equal(
        open_masks(form(rows), (60, 80), labels=(0, 255)).gather([1])[0], expected[1]
    )


def test_all_that_is_wrong_is_said_at_once(files, tmp_path):
    _, paths = files
    cut, missing = tmp_path / "cut.png", str(tmp_path / "missing.png")
    cut.write_bytes(Path(paths[0]).read_bytes()[:80])
    grey = saved(tmp_path, np.linspace(0, 255, 400).astype(np.uint8)[None], "grey.png")
    rows = [[paths[0], missing], [str(cut), paths[1]], [str(grey), paths[2]]]
    with pytest.raises(ImageReadError) as caught:
        open_masks(rows, 8)
    reasons = caught.value.failures
    assert set(reasons) == {missing, str(cut), str(grey)}
    assert reasons[missing] == "no such file"
    assert "is no mask: 50%" in reasons[str(grey)]


def test_a_file_is_decoded_once_and_again_when_it_changes(
    files, tmp_path, monkeypatch, lungs
):
    masks, paths = files
    read = []
    real = read_mask

    def counted(path, *args, **settings):
        read.append(path)
        return real(path, *args, **settings)

    monkeypatch.setattr("cxrclf.masks._mask_input.read_mask", counted)
    settings = {"cache_dir": tmp_path / "cache"}
    for _ in range(2):
        opened = open_masks([paths[:2], paths[1:3]], (60, 80), **settings)
        assert sorted(read) == paths[:3]
    keys = opened.keys
    saved(tmp_path, lungs[::-1] * np.uint8(255), "1.png")
    status = os.stat(paths[1])
    os.utime(paths[1], ns=(status.st_atime_ns, status.st_mtime_ns + 10**9))
    opened = open_masks([paths[:2], paths[1:3]], (60, 80), **settings)
    assert sorted(read[3:]) == [paths[1]]
    np.testing.assert_array_equal(opened.gather([0])[0], masks[0] | lungs[::-1])
    assert (opened.keys != keys).all()


def test_masks_and_images_of_one_file_are_kept_apart(tmp_path, classes):
    cache = tmp_path / "cache"
    path = [str(saved(tmp_path, 20 * classes**3))]
    two = open_masks(path, (60, 80), cache_dir=cache)
    three = open_masks(path, (60, 80), labels=(0, 20, 160), cache_dir=cache)
    turned = open_masks(path, (60, 80), labels=(0, 160, 20), cache_dir=cache)
    np.testing.assert_array_equal(two.gather([0])[0], classes > 1)
    np.testing.assert_array_equal(three.gather([0])[0], classes)
    np.testing.assert_array_equal(turned.gather([0])[0], np.array([0, 2, 1])[classes])
