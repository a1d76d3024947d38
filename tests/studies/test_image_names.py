"""Images are named after their files."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cxrclf.studies._image_names import name_images

PATHS = [
    os.path.join("data", "covid", "1.png"),
    os.path.join("data", "normal", "1.png"),
]
NAMES = [os.path.join("covid", "1.png"), os.path.join("normal", "1.png")]


@pytest.mark.parametrize(
    "X",
    [
        PATHS,
        list(map(Path, PATHS)),
        np.array(PATHS)[:, None],
        pd.DataFrame({"age": [1, 2], "path": PATHS}),
        [os.path.abspath(path) for path in PATHS],
    ],
    ids=["list", "paths", "column", "frame", "absolute"],
)
def test_names_are_relative_to_the_common_folder(X):
    assert name_images(X) == NAMES


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["1.png", "2.png"], ["1.png", "2.png"]),
        ([PATHS[0]], ["1.png"]),
        (["1.png", os.path.abspath("2.png")], ["1.png", os.path.abspath("2.png")]),
    ],
    ids=["no folder", "one file", "mixed"],
)
def test_files_without_a_common_folder(paths, names):
    assert name_images(paths) == names


def test_pixels_are_named_after_their_row():
    assert name_images(np.zeros((3, 8, 8), np.uint8)) == ["row 0", "row 1", "row 2"]
