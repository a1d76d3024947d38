"""Masks of one size: their content keys, and what is gathered."""

import numpy as np

from cxrclf.images import content_key
from cxrclf.masks import open_masks
from mask_files import nearest


def test_keys_are_those_of_the_content(files):
    masks, paths = files
    from_files = open_masks(paths, (30, 40)).keys
    assert from_files.dtype == np.uint64
    assert len(set(from_files.tolist())) == 8
    small = np.stack([nearest(mask, 30, 40) for mask in masks])
    assert from_files.tolist() == [content_key(mask) for mask in small]
    for array in (masks, masks.astype(bool), masks * 255):
        np.testing.assert_array_equal(open_masks(array, (30, 40)).keys, from_files)


def test_every_part_of_a_union_counts_in_its_key(files):
    _, (a, b, c, *_) = files
    rows = [(a, b), (a, c), (c, b), (b, a), (a, a), (b, b), (c, c), (b, c)]
    assert len(set(open_masks(rows, 32).keys.tolist())) == len(rows)


def test_what_was_gathered_may_be_written_to(files):
    masks, paths = files
    for form in (masks, masks.astype(bool), paths):
        opened = open_masks(form, (60, 80))
        opened.gather([0])[:] = 1
        np.testing.assert_array_equal(opened.gather([0])[0], masks[0])
