"""Each row of the table of forms of X in the user guide."""

import io
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from PIL import Image
from sklearn.utils import Bunch
from torch.utils.data import DataLoader, TensorDataset

from cxrclf import Augmentation, CXRClassifier
from cxrclf.augmentation import AugmentedPath
from cxrclf.exceptions import ImageReadError, PixelRangeWarning

PAGE = Path(__file__).parents[2] / "docs" / "user_guide" / "images.rst"
N, SIDE = 6, 32


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """The same six images as 8-bit pixels and as files."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (N, SIDE, SIDE), dtype=np.uint8)
    folder = tmp_path_factory.mktemp("forms")
    paths = [str(folder / f"{row}.png") for row in range(N)]
    for path, image in zip(paths, pixels, strict=True):
        Image.fromarray(image).save(path)
    return Bunch(pixels=pixels, paths=paths, folder=folder)


@pytest.fixture(scope="module")
def fitted(scans):
    """A classifier that was fitted on the files, and its predictions for them."""
    clf = CXRClassifier(
        "test_resnet",
        weights=None,
        image_size=SIDE,
        max_epochs=1,
        n_threads=1,
        precision="float32",
        random_state=0,
    ).fit(scans.paths, np.arange(N) % 2)
    return clf, clf.predict_proba(scans.paths)


def frame(scans, **columns):
    return pd.DataFrame({"age": range(N), **columns})


def twelve_bits(scans):
    return np.rint(scans.pixels * (4095 / 255)).astype(np.uint16)


def encoded(image):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="PNG")
    return buffer


def boxed(images):
    values = np.empty(len(images), dtype=object)
    for row, image in enumerate(images):
        values[row] = image
    return values


def rgb(scans):
    return np.repeat(scans.pixels[..., None], 3, axis=-1)


def colors(scans):
    return np.stack([scans.pixels, scans.pixels // 2, 255 - scans.pixels], axis=-1)


def deep(scans):
    return scans.pixels.astype(np.uint16) * 257


# Forms that are read as the same images, with the parameters that they need

SAME = {
    "List, tuple or array of paths": [
        lambda s: s.paths,
        lambda s: tuple(map(Path, s.paths)),
        lambda s: np.array(s.paths)[:, None],
    ],
    "Series of paths, data frame with a column ``path``": [
        lambda s: pd.Series(s.paths),
        lambda s: frame(s, path=s.paths),
    ],
    "(n, H, W) array of uint8": [lambda s: s.pixels],
    "(n, H, W) array of uint16 that uses all 16 bits": [deep],
    "16-bit pixels of 12 bits, with ``bits_stored=12``": [
        (twelve_bits, {"bits_stored": 12}),
        (lambda s: twelve_bits(s).astype(np.int16), {"bits_stored": 12}),
    ],
    "(n, H, W) array of floats in [0, 1]": [
        lambda s: s.pixels / 255,
        lambda s: (s.pixels / 255).astype(np.float32),
    ],
    "(n, H, W, 1) array": [lambda s: s.pixels[..., None]],
    "(n, H, W, 3) array with equal channels": [rgb],
    "List, Series or object array of arrays of one size": [
        lambda s: list(s.pixels),
        lambda s: pd.Series(list(s.pixels)),
        lambda s: boxed(s.pixels),
    ],
    "Tensor of shape (n, H, W) or (n, H, W, C)": [
        lambda s: torch.from_numpy(s.pixels),
        lambda s: torch.from_numpy(rgb(s)),
        lambda s: torch.nn.Parameter(torch.from_numpy(s.pixels / 255)),
    ],
    "Rows of H · W values, with ``image_shape=(H, W)``": [
        (lambda s: s.pixels.reshape(N, -1), {"image_shape": (SIDE, SIDE)}),
        (
            lambda s: pd.DataFrame(s.pixels.reshape(N, -1)),
            {"image_shape": (SIDE, SIDE)},
        ),
    ],
    ":class:`~cxrclf.augmentation.AugmentedPath` objects": [
        lambda s: [AugmentedPath(path, Augmentation(), 0, 1) for path in s.paths],
    ],
}

# Forms that warn: the form, the warning, and whether predict warns too

WARNS = {
    "Nested lists of integers": [
        (lambda s: s.pixels.tolist(), "int64 .* bits_stored=8"),
    ],
    "16-bit pixels of 12 bits, in an array": [
        (twelve_bits, "uint16 .*reach only 4095.*bits_stored=12"),
    ],
    "Floats outside [0, 1]": [
        (lambda s: s.pixels.astype(float), "from 0 to 255. Divide 8-bit pixels"),
        (lambda s: s.pixels / 127.5 - 1, "from -1 to 1"),
    ],
    "Floats that were divided by 255 twice": [
        (lambda s: s.pixels / 255 / 255, "by 255 once, not twice"),
    ],
    "Floats of 12-bit pixels that were divided by 65,535": [
        (lambda s: twelve_bits(s) / 65535, "by 4095, and not by 65535"),
    ],
    "uint8 pixels that are 0 or 1": [
        (lambda s: (s.pixels > 99).astype(np.uint8), "reach only 1: .* as bool"),
    ],
}

# Forms that are refused: the form, the type of the error, and its text

TYPE, VALUE, READ = TypeError, ValueError, ImageReadError
REFUSED = {
    "A path, or a folder": [
        (lambda s: s.paths[0], VALUE, r"Put it in a list"),
        (lambda s: s.folder, VALUE, "For a folder, use .*load_image_folder"),
    ],
    "A folder in a list": [(lambda s: [str(s.folder)] * 2, READ, "is a folder")],
    "A file that does not exist": [
        (lambda s: ["gone.png"] * 2, READ, "gone.png: no such")
    ],
    "Data frame of paths without a column ``path``": [
        (lambda s: frame(s, file=s.paths), VALUE, "Rename the column"),
    ],
    "A missing path": [
        (lambda s: frame(s, path=[None, *s.paths[1:]]), VALUE, "no path in 1 of 6"),
        (lambda s: [*s.paths[1:], np.nan], VALUE, "The first is row 5"),
    ],
    "Paths and other values": [
        (lambda s: [*s.paths[1:], 3.0], TYPE, "All image paths must be str"),
        (lambda s: [s.paths[0], s.pixels[0]], TYPE, "All image paths must be str"),
    ],
    "A table with several columns of paths": [
        (lambda s: np.array([s.paths, s.paths]).T, VALUE, r"got shape \(6, 2\)"),
    ],
    "Negative integers": [
        (lambda s: s.pixels.astype(np.int16) - 128, VALUE, "negative integers, from"),
    ],
    "NaN or infinity": [
        (lambda s: np.where(s.pixels == 9, np.nan, 0.5), VALUE, "contains NaN"),
    ],
    "Complex numbers, dates or records": [
        (lambda s: s.pixels.astype(complex), VALUE, "Complex data not supported"),
        (lambda s: s.pixels.astype("M8[s]"), VALUE, "Pass pixels as bool, integers"),
    ],
    "(n, 3, H, W) or (n, 1, H, W) array or tensor": [
        (lambda s: np.moveaxis(rgb(s), -1, 1), VALUE, r"moveaxis\(X, 1, -1\)"),
        (lambda s: s.pixels[:, None], VALUE, r"gray images as X\[:, 0\]"),
        (lambda s: torch.from_numpy(s.pixels)[:, None], VALUE, "channels first"),
    ],
    "(H, W, 3) array": [
        (lambda s: rgb(s)[0], VALUE, r"one image with 3 channels.*image\[None\]"),
    ],
    "(3, H, W) tensor": [
        (lambda s: torch.from_numpy(rgb(s)[0]).permute(2, 0, 1), VALUE, "one color im"),
    ],
    "(n, D, H, W) array of volumes": [
        (lambda s: np.stack([s.pixels[:5]] * 5, 1)[..., :24], VALUE, "Pass each slice"),
    ],
    "Images of several sizes": [
        (lambda s: [i[row:] for row, i in enumerate(s.pixels)], VALUE, "several sizes"),
        (lambda s: boxed([s.pixels[0], rgb(s)[0]]), VALUE, "several sizes: .* Resize"),
    ],
    "``bytes``, also of a path": [
        (lambda s: [encoded(s.pixels[0]).getvalue()], TYPE, r"read_image\(io.BytesIO"),
        (lambda s: np.array([b"scan.png"]), TYPE, "use os.fsdecode"),
    ],
    "``io.BytesIO`` or an open file": [
        (lambda s: encoded(s.pixels[0]), TYPE, "open file"),
        (lambda s: [encoded(image) for image in s.pixels], TYPE, r"read_image\(file"),
    ],
    "Images of Pillow": [
        (lambda s: Image.fromarray(s.pixels[0]), TYPE, "an image of Pillow"),
        (lambda s: [Image.fromarray(i) for i in s.pixels], TYPE, "an image of Pillow"),
    ],
    "A dict or Bunch": [
        (lambda s: Bunch(data=s.paths), TYPE, r"Pass X\['data'\]"),
        (lambda s: [{"path": path} for path in s.paths], TYPE, "Pass the paths or arr"),
    ],
    "A generator or set": [
        (lambda s: (path for path in s.paths), TYPE, r"Pass list\(X\)"),
        (lambda s: set(s.paths), TYPE, r"Pass list\(X\)"),
    ],
    "A data set or loader of torch": [
        (lambda s: TensorDataset(torch.zeros(2, 8, 8)), TYPE, "X is a TensorDataset"),
        (
            lambda s: DataLoader(TensorDataset(torch.zeros(2, 8, 8))),
            TYPE,
            "X is a DataLoader",
        ),
    ],
    "Sparse matrix": [
        (lambda s: scipy.sparse.csr_matrix(s.pixels[0]), TYPE, "[Ss]parse"),
    ],
    "Array with masked pixels": [
        (lambda s: np.ma.masked_less(s.pixels, 9), TYPE, r"X.filled\(0\)"),
    ],
    "None, a number, or an empty list": [
        (lambda s: None, VALUE, "an object of type NoneType"),
        (lambda s: 3, VALUE, "an object of type int"),
        (lambda s: [], VALUE, "no image: X is empty"),
        (lambda s: s.pixels[:0], VALUE, "0 sample"),
    ],
}


def each(table):
    return [
        pytest.param(*(case if isinstance(case, tuple) else (case,)), id=f"{name}{i}")
        for name, cases in table.items()
        for i, case in enumerate(cases)
    ]


@pytest.mark.parametrize(
    ("form", "params"),
    [
        (case.values[0], case.values[1] if len(case.values) > 1 else {})
        for case in each(SAME)
    ],
)
def test_the_same_images(form, params, fitted, scans):
    clf, expected = fitted
    clf.set_params(**params)
    try:
        found = clf.predict_proba(form(scans))
    finally:
        clf.set_params(bits_stored=None, image_shape=None)
    np.testing.assert_allclose(found, expected, atol=2e-4)
    again = CXRClassifier(**{**clf.get_params(), **params})
    again.fit(form(scans), np.arange(N) % 2)
    # The training multiplies the differences of 12 bits and of copies.
    np.testing.assert_allclose(again.predict_proba(scans.paths), expected, atol=5e-3)


@pytest.mark.parametrize(("form", "message"), each(WARNS))
def test_forms_that_warn(form, message, fitted, scans):
    clf = fitted[0]
    with pytest.warns(PixelRangeWarning, match=message) as caught:
        clf.predict(form(scans))
    assert [warning.filename for warning in caught] == [__file__]
    with pytest.warns(PixelRangeWarning, match=message):
        CXRClassifier(**clf.get_params()).fit(form(scans), np.arange(N) % 2)


@pytest.mark.parametrize(("form", "error", "message"), each(REFUSED))
def test_forms_that_are_refused(form, error, message, fitted, scans):
    clf = fitted[0]
    with pytest.raises(error, match=message):
        clf.predict(form(scans))
    if "Sparse" not in message:  # scikit-learn asks for y of the same length first
        X = form(scans)
        n = len(X) if isinstance(X, (list, np.ndarray)) else N
        with pytest.raises(error, match=message):
            CXRClassifier(**clf.get_params()).fit(X, np.arange(n) % 2)


# Rows with an outcome of their own


def test_bool(fitted, scans):
    """(n, H, W) array of bool."""
    clf = fitted[0]
    black_and_white = scans.pixels > 99
    np.testing.assert_array_equal(
        clf.predict_proba(black_and_white),
        clf.predict_proba(black_and_white.astype(np.uint8) * np.uint8(255)),
    )


def test_16_bit_files_of_12_bits(fitted, scans, tmp_path):
    """16-bit files of 12 bits."""
    clf, expected = fitted
    paths = [tmp_path / f"{row}.png" for row in range(N)]
    for path, image in zip(paths, twelve_bits(scans), strict=True):
        Image.fromarray(image).save(path)
    with pytest.warns(PixelRangeWarning, match="example bits_stored=12"):
        clf.predict(paths)
    with pytest.warns(PixelRangeWarning, match="example bits_stored=12"):
        CXRClassifier(**clf.get_params()).fit(paths, np.arange(N) % 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = clf.set_params(bits_stored=12).predict_proba(paths)
    clf.set_params(bits_stored=None)
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_colors(fitted, scans):
    """(n, H, W, 3) array with different channels."""
    clf = fitted[0]
    with pytest.warns(UserWarning, match="color images, but .* fitted on gray"):
        clf.predict(colors(scans))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        colored = CXRClassifier(**clf.get_params()).fit(colors(scans), np.arange(N) % 2)
        assert colored.input_shape_ == (SIDE, SIDE, 3)
        colored.predict(colors(scans))


def test_other_numbers_of_channels(fitted, scans):
    """Another number of channels than in fit."""
    clf = fitted[0]
    alpha = np.concatenate([rgb(scans), rgb(scans)[..., :1]], axis=-1)
    with pytest.raises(ValueError, match=r"4\), .* 3 channels.*X\[..., :3\]"):
        clf.predict(alpha)
    with pytest.raises(ValueError, match="of 3 channels. Pass gray images as an"):
        clf.predict(alpha[..., :2])
    four = CXRClassifier(**clf.get_params()).fit(alpha, np.arange(N) % 2)
    with pytest.raises(ValueError, match=r"of 4 channels. Pass an \(n, H, W, 4\)"):
        four.predict(scans.pixels)
    with pytest.raises(ValueError, match="image files, which are gray, .* 4 channels"):
        four.predict(scans.paths)


def test_opacity(fitted, scans):
    """(n, H, W, 4) array with opacity."""
    alpha = np.concatenate(
        [rgb(scans), np.full_like(rgb(scans)[..., :1], 255)], axis=-1
    )
    with pytest.warns(UserWarning, match=r"probably the opacity.*X\[..., :3\]"):
        CXRClassifier(**fitted[0].get_params()).fit(alpha, np.arange(N) % 2)


def test_one_gray_image(fitted, scans):
    """(H, W) array."""
    clf = fitted[0]
    with pytest.raises(ValueError, match=r"X\[None\] for a single image"):
        clf.predict(scans.pixels[0])
    assert clf.predict(scans.pixels[0][None]).shape == (1,)
    many = scans.pixels[0].repeat(2, axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # rows of 64 values, see test_flat_rows
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            CXRClassifier(**clf.get_params()).fit(many, [0])


def test_flat_rows(fitted, scans):
    """Rows of H · W values, without image_shape."""
    clf, rows = fitted[0], scans.pixels.reshape(N, -1)
    with pytest.raises(ValueError, match="rows of 1024 values, .* set image_shape"):
        clf.predict(rows)
    with pytest.warns(UserWarning, match=r"set image_shape .* \(32, 32\)"):
        CXRClassifier(**clf.get_params()).fit(rows, np.arange(N) % 2)


OWN = (
    test_bool,
    test_16_bit_files_of_12_bits,
    test_colors,
    test_other_numbers_of_channels,
    test_opacity,
    test_one_gray_image,
    test_flat_rows,
)


def test_the_table_of_the_user_guide_has_these_rows():
    table = PAGE.read_text(encoding="utf-8").split(".. _every_form_of_X:")[1]
    table = table.split(".. list-table::")[1].split("\n\n.. _")[0]
    rows = re.findall(r"^   \* - (.*?)(?=\n     - )", table, re.MULTILINE | re.DOTALL)
    names = [" ".join(row.split()).replace("``", "") for row in rows[1:]]
    tested = [*SAME, *WARNS, *REFUSED, *(test.__doc__.rstrip(".") for test in OWN)]
    assert sorted(names) == sorted(name.replace("``", "") for name in tested)
    assert len(names) >= 40
