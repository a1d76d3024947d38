"""Masks in any form, understood once."""

import numpy as np
import pandas as pd
import pytest
import torch

from cxrclf.masks import MaskInput, open_masks


@pytest.mark.parametrize(
    ("masks", "got"),
    [
        (np.arange(8), r"an array of \(8,\)"),
        (np.zeros((8, 5)), r"an array of \(8, 5\)"),
        (np.zeros((8, 5, 5, 3)), r"an array of \(8, 5, 5, 3\)"),
        (np.zeros((0, 5, 5)), r"an array of \(0, 5, 5\)"),
        ([], r"an array of \(0,\)"),
        (None, "a NoneType"),
    ],
)
def test_what_is_neither_files_nor_a_stack(masks, got):
    with pytest.raises(ValueError, match=f"Masks must be files, .* got {got}"):
        open_masks(masks, 8)


@pytest.mark.parametrize(
    ("shape", "cure", "fix"),
    [
        ((6, 8, 9, 3), r"pass y\[..., 0\]", lambda y: y[..., 0]),
        ((6, 1, 8, 9), r"Pass y\[:, 0\]", lambda y: y[:, 0]),
        ((6, 8, 9, 5), r"y.argmax\(axis=-1\)", lambda y: y.argmax(axis=-1)),
    ],
)
def test_the_remedies_for_channels_of_masks(shape, cure, fix):
    y = np.zeros(shape, np.uint8)
    with pytest.raises(ValueError, match=cure):
        MaskInput.from_y(y)
    assert MaskInput.from_y(fix(y)).values.shape == (6, 8, 9)


def test_masks_of_several_sizes():
    with pytest.raises(ValueError, match="y has images of several sizes"):
        open_masks([np.zeros((4, 5)), np.zeros((5, 5))], 8)


def test_objects_that_are_no_masks():
    with pytest.raises(TypeError, match="y holds bytes. Pass the paths of mask files"):
        open_masks([b"mask"], 8)
    with pytest.raises(TypeError, match=r"y is a dict. Pass y\['data'\]"):
        open_masks({"data": ["mask.png"]}, 8)


def test_arrays_in_a_series_and_a_tensor():
    values = np.random.default_rng(0).integers(0, 2, (3, 4, 5), dtype=np.uint8)
    for y in (pd.Series(list(values)), list(values), torch.from_numpy(values)):
        np.testing.assert_array_equal(MaskInput.from_y(y).values, values)


def test_an_array_of_complex_numbers_is_no_mask():
    with pytest.raises(ValueError, match="numbers; got one of complex128"):
        open_masks(np.zeros((1, 2, 2), dtype=complex))


def test_the_columns_of_paths(files):
    _, paths = files
    rows = np.array(paths).reshape(4, 2)

    def columns(y):
        return [column.tolist() for column in MaskInput.from_y(y).columns]

    assert columns(rows) == rows.T.tolist()
    assert columns(rows.tolist()) == rows.T.tolist()
    assert columns(paths) == [paths]
    frame = pd.DataFrame(rows, columns=["left_mask", "right_mask"])
    assert columns(frame) == rows.T.tolist()
    assert columns(frame.assign(path=rows[:, 0])) == [rows[:, 0].tolist()]
    masks = MaskInput.from_y(np.zeros((2, 3, 4)))
    assert masks.columns is None
    assert masks.values.shape == (2, 3, 4)


def test_names_are_files_or_rows(files):
    _, paths = files
    assert MaskInput.from_y(paths).name(2) == paths[2]
    assert MaskInput.from_y([paths[:2]]).name(0) == f"{paths[0]} + {paths[1]}"
    assert MaskInput.from_y(np.zeros((2, 3, 4))).name(1) == "1"


def test_a_last_axis_of_one_channel_is_dropped():
    masks = MaskInput.from_y(np.ones((2, 3, 4, 1), dtype=bool))
    assert len(masks) == 2
    assert masks.values.shape == (2, 3, 4)


def test_no_file_is_read_before_it_is_asked_for():
    masks = MaskInput.from_y([["a.png", "b.png"]] * 3, labels=(0, 255))
    assert len(masks) == 3
    assert masks.labels.tolist() == [0, 255]


def test_rows_of_files_that_fit_no_table(files):
    _, paths = files
    with pytest.raises(ValueError, match="of one length.* repeat one of them"):
        open_masks([paths[:2], paths[:1]], 8)
    with pytest.raises(ValueError, match="Every column .* repeat one of them"):
        open_masks(np.array([[paths[0], None], [paths[1], None]], dtype=object), 8)
    with pytest.raises(ValueError, match="y has no path .* row 1.* repeat one of them"):
        open_masks(np.array([paths[:2], [paths[0], None]], dtype=object), 8)
    with pytest.raises(ValueError, match="not defined for 3 classes"):
        open_masks([paths[:2]], 8, labels=(0, 1, 2))
    with pytest.raises(ValueError, match="Every column of mask files"):
        open_masks(pd.DataFrame({"mask": paths, "age": range(8)}), 8)
