"""X in every form that the estimators accept, understood once."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.base import BaseEstimator

from cxrclf.augmentation import Augmentation, AugmentedPath
from cxrclf.exceptions import ImageReadError
from cxrclf.images import ImageInput, content_key, read_image

N, SIZE = 6, (8, 10)


@pytest.fixture
def scans(tmp_path):
    """Paths of six images of different content."""
    rng = np.random.default_rng(0)
    paths = [tmp_path / f"{i}.png" for i in range(N)]
    for path in paths:
        Image.fromarray(rng.integers(0, 256, (16, 20), dtype=np.uint8)).save(path)
    return [str(path) for path in paths]


@pytest.fixture
def stack():
    """Six images in memory, uint8 with all values of the type."""
    return np.random.default_rng(1).integers(0, 256, (N, 4, 5), dtype=np.uint8)


def frame_of(paths):
    index = range(50, 50 + len(paths))
    return pd.DataFrame({"age": range(len(paths)), "path": paths}, index=index)


PATHS = {
    "list": list,
    "tuple": tuple,
    "path objects": lambda paths: list(map(Path, paths)),
    "array": np.array,
    "column": lambda paths: np.array(paths)[:, None],
    "objects": lambda paths: np.array(paths, dtype=object),
    "column of objects": lambda paths: np.array(paths, dtype=object)[:, None],
    "rows of one": lambda paths: [[path] for path in paths],
    "series": lambda paths: pd.Series(
        paths, index=range(50, 50 + len(paths)), name="x"
    ),
    "series of strings": lambda paths: pd.Series(paths, dtype="string"),
    "frame": frame_of,
}


# Files


@pytest.mark.parametrize("form", PATHS)
def test_paths_in_every_form(form):
    names = [f"{i}.png" for i in range(N)]  # no file is needed
    images = ImageInput.from_X(PATHS[form](names))
    assert len(images) == N
    assert images.paths.dtype == object
    assert list(map(str, images.paths)) == names
    assert images.values is None
    assert images.pixels is None
    assert images.sample_shape is None
    assert not images.is_copy.any()


def test_other_columns_of_a_frame_of_files_may_have_gaps():
    frame = pd.DataFrame({"age": [40, np.nan], "path": ["a.png", "b.png"]})
    assert ImageInput.from_X(frame).paths.tolist() == ["a.png", "b.png"]


def test_copies_are_told_from_files():
    X = ["a.png", AugmentedPath("a.png", Augmentation(), 0, 3), "b.png"]
    images = ImageInput.from_X(X)
    assert images.is_copy.tolist() == [False, True, False]
    assert images.paths[1] is X[1]


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ("a.png", ValueError, r"Put it in a list: \['a.png'\]"),
        (Path("a.png"), ValueError, "Put it in a list"),
        (np.array([["a.png", "b.png"]]), ValueError, r"got shape \(1, 2\)"),
        (["a.png", 3.0], TypeError, "must be str or pathlib.Path, got float"),
        (["a.png", ["b.png"]], TypeError, "must be str or pathlib.Path, got list"),
        (pd.DataFrame({"file": ["a.png"]}), ValueError, "needs a column named 'path'"),
    ],
)
def test_paths_of_the_wrong_form(X, error, message):
    with pytest.raises(error, match=message):
        ImageInput.from_X(X)


# Pixels


@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", "f4", "f8", bool])
@pytest.mark.parametrize("shape", [(N, 4, 5), (N, 4, 5, 1), (N, 4, 5, 3)])
def test_images_keep_their_type_and_shape(shape, dtype):
    X = np.random.default_rng(0).integers(0, 2, shape).astype(dtype)
    images = ImageInput.from_X(X)
    assert images.paths is None
    assert images.pixels.dtype == dtype
    assert images.sample_shape == shape[1:]
    assert not images.is_copy.any()
    np.testing.assert_array_equal(images.pixels, X)
    np.testing.assert_array_equal(images.values, X)


def test_images_are_not_copied(stack):
    assert np.shares_memory(ImageInput.from_X(stack).pixels, stack)


@pytest.mark.parametrize(
    "form",
    [
        lambda stack: stack.tolist(),
        list,
        tuple,
        lambda stack: [image.tolist() for image in stack],
        torch.from_numpy,
        lambda stack: torch.from_numpy(stack).float(),
        lambda stack: stack[:, ::-1][:, ::-1],
    ],
)
def test_images_in_other_containers(form, stack):
    images = ImageInput.from_X(form(stack))
    assert isinstance(images.pixels, np.ndarray)
    assert images.sample_shape == (4, 5)
    np.testing.assert_array_equal(images.pixels, stack)


def test_a_torch_tensor_keeps_its_type(stack):
    assert ImageInput.from_X(torch.from_numpy(stack)).pixels.dtype == np.uint8


FLAT = {
    "array": lambda rows: rows,
    "lists": lambda rows: rows.tolist(),
    "frame": lambda rows: pd.DataFrame(rows, columns=[f"p{i}" for i in range(20)]),
}


@pytest.mark.parametrize("form", FLAT)
def test_flat_rows_without_image_shape_are_images_of_one_pixel(form, stack):
    rows = stack.reshape(N, -1)
    images = ImageInput.from_X(FLAT[form](rows))
    assert images.values.shape == (N, 20)
    assert images.sample_shape == (1, 1, 20)
    np.testing.assert_array_equal(images.pixels[:, 0, 0], rows)


@pytest.mark.parametrize("form", FLAT)
@pytest.mark.parametrize("image_shape", [(4, 5), [4, 5], (4, 5, 1), (2, 5, 2)])
def test_flat_rows_with_image_shape(form, image_shape, stack):
    rows = stack.reshape(N, -1)
    images = ImageInput.from_X(FLAT[form](rows), image_shape=image_shape)
    assert images.values.shape == (N, 20)  # in the shape of X
    assert images.sample_shape == tuple(image_shape)
    np.testing.assert_array_equal(images.pixels, rows.reshape(N, *image_shape))


def test_image_shape_of_images_that_are_not_flat(stack):
    assert ImageInput.from_X(stack, image_shape=(4, 5)).sample_shape == (4, 5)
    with pytest.raises(
        ValueError, match=r"shape \(4, 5\), but image_shape is \(5, 4\)"
    ):
        ImageInput.from_X(stack, image_shape=(5, 4))


@pytest.mark.parametrize("image_shape", [(4, 4), (20,) * 2, (1, 2, 2, 5)])
def test_image_shape_that_does_not_fit_the_rows(image_shape, stack):
    message = f"rows of 20 values, but image_shape={re.escape(str(image_shape))} needs"
    with pytest.raises(ValueError, match=message):
        ImageInput.from_X(stack.reshape(N, -1), image_shape=image_shape)


def test_files_ignore_image_shape():
    images = ImageInput.from_X(["a.png"], image_shape=(4, 5))
    assert images.sample_shape is None


@pytest.mark.parametrize(
    ("X", "got"),
    [
        (np.zeros(5), r"an array of shape \(5,\)\. Reshape your data"),
        (np.zeros((1, 2, 3, 4, 5)), r"an array of shape \(1, 2, 3, 4, 5\)\."),
        (np.float64(3), "an object of type float64"),
        (None, "an object of type NoneType"),
        (object(), "an object of type object"),
        ([], "no image: X is empty"),
        ([1, 2, 3], r"an array of shape \(3,\)"),
        (pd.Series([1.0, 2.0]), r"an array of shape \(2,\)"),
    ],
)
@pytest.mark.parametrize("flat_rows", [True, False])
def test_what_is_neither_files_nor_images(X, got, flat_rows):
    with pytest.raises(ValueError, match=f"^X must hold image files .* Got {got}") as e:
        ImageInput.from_X(X, flat_rows=flat_rows)
    assert ("flat rows of shape (n, F)" in str(e.value)) == flat_rows


def test_a_single_image_is_no_stack_of_images(stack):
    with pytest.raises(ValueError, match=r"a single image is image\[None\]"):
        ImageInput.from_X(stack[0], flat_rows=False)
    assert ImageInput.from_X(stack[0][None], flat_rows=False).sample_shape == (4, 5)


@pytest.mark.parametrize(
    "X",
    [
        np.zeros((0, 4, 5)),
        np.zeros((0, 20)),
        pd.DataFrame({"path": []}, dtype=object),
        np.zeros((0, 1), dtype=object),
    ],
)
def test_empty_input(X):
    with pytest.raises(ValueError, match=r"Found array with 0 sample\(s\)"):
        ImageInput.from_X(X)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("shape", [(N, 20), (N, 4, 5), (N, 4, 5, 3)])
def test_values_that_are_not_finite(bad, shape):
    X = np.zeros(shape)
    X[2] = bad
    with pytest.raises(ValueError, match="Input X contains (NaN|infinity)"):
        ImageInput.from_X(X)


def test_values_that_are_no_numbers():
    with pytest.raises(TypeError, match="must be a string or a real number"):
        ImageInput.from_X(np.array([[[object(), 1]]], dtype=object))


def test_checks_are_those_of_check_array(stack):
    images = ImageInput.from_X(stack, dtype=np.float32)
    assert images.pixels.dtype == np.float32
    with pytest.raises(ValueError, match="minimum of 7 is required"):
        ImageInput.from_X(stack, ensure_min_samples=7)


# The estimator


class Named(BaseEstimator):
    pass


def test_the_estimator_learns_the_columns_of_a_table(stack):
    estimator = Named()
    frame = FLAT["frame"](stack.reshape(N, -1))
    ImageInput.from_X(frame, estimator=estimator)
    assert estimator.n_features_in_ == 20
    assert estimator.feature_names_in_.tolist() == list(frame.columns)
    ImageInput.from_X(frame, estimator=estimator, reset=False)
    with pytest.raises(ValueError, match="feature names should match"):
        ImageInput.from_X(frame[frame.columns[::-1]], estimator=estimator, reset=False)
    ImageInput.from_X(frame.to_numpy(), estimator=estimator)
    assert not hasattr(estimator, "feature_names_in_")
    with pytest.raises(ValueError, match="has 19 features, but Named is expecting 20"):
        ImageInput.from_X(frame.to_numpy()[:, 1:], estimator=estimator, reset=False)


@pytest.mark.parametrize("form", ["files", "images"])
def test_images_and_files_have_no_columns_and_an_earlier_fit_is_forgotten(form, stack):
    estimator = Named()
    ImageInput.from_X(FLAT["frame"](stack.reshape(N, -1)), estimator=estimator)
    X = frame_of(["a.png"]) if form == "files" else stack
    ImageInput.from_X(X, estimator=estimator)
    assert not hasattr(estimator, "n_features_in_")
    assert not hasattr(estimator, "feature_names_in_")


def test_messages_name_the_estimator():
    with pytest.raises(ValueError, match="^X of Named must hold image files"):
        ImageInput.from_X([], estimator=Named())


# Rows in the form of X


def assert_same_form(result, X):
    assert type(result) is type(X)
    if hasattr(X, "columns"):
        assert list(result.columns) == list(X.columns)
    if hasattr(X, "iloc"):
        assert list(result.index) == list(range(len(result)))
    if isinstance(X, np.ndarray):
        assert result.shape[1:] == X.shape[1:]


@pytest.mark.parametrize("form", PATHS)
def test_take_and_append_keep_the_form_of_paths(form):
    X = PATHS[form]([f"{i}.png" for i in range(N)])
    images = ImageInput.from_X(X)
    taken = images.take(np.array([4, 0, 4]))
    if form != "tuple":  # scikit-learn makes a list of it
        assert_same_form(taken, X)
    assert list(map(str, ImageInput.from_X(taken).paths)) == ["4.png", "0.png", "4.png"]
    new = np.array(
        ["new.png", AugmentedPath("0.png", Augmentation(), 0, 1)], dtype=object
    )
    longer = images.append(new)
    if form not in ("tuple", "series of strings"):
        assert_same_form(longer, X)
    again = ImageInput.from_X(longer)
    assert list(again.paths[:N]) == list(images.paths)
    assert again.paths[N] == "new.png"
    assert again.paths[N + 1] is new[1]  # not turned to a plain str
    assert len(images) == N


def test_the_other_columns_of_a_frame():
    X = frame_of(["a.png", "b.png"]).assign(age=[40, 50])
    images = ImageInput.from_X(X)
    new = np.array(["c.png", "d.png"], dtype=object)
    copied = images.append(new, rows=np.array([1, 0]))
    assert copied["age"].tolist() == [40, 50, 50, 40]
    assert copied["path"].tolist() == ["a.png", "b.png", "c.png", "d.png"]
    missing = images.append(new)
    assert missing["age"].isna().tolist() == [False, False, True, True]
    assert missing["path"].tolist() == copied["path"].tolist()
    assert X["age"].tolist() == [40, 50]


PIXELS = {
    "stack": lambda stack: stack,
    "channels": lambda stack: np.stack([stack] * 3, axis=-1),
    "floats": lambda stack: (stack / 255).astype(np.float32),
    "nested lists": lambda stack: stack.tolist(),
    "list of images": list,
    "flat rows": lambda stack: stack.reshape(N, -1),
    "flat lists": lambda stack: stack.reshape(N, -1).tolist(),
    "flat frame": lambda stack: FLAT["frame"](stack.reshape(N, -1)),
}


@pytest.mark.parametrize("form", PIXELS)
def test_take_and_append_keep_the_form_of_pixels(form, stack):
    X = PIXELS[form](stack)
    images = ImageInput.from_X(X)
    taken = images.take(np.array([4, 0, 4]))
    assert_same_form(taken, X)
    np.testing.assert_array_equal(
        ImageInput.from_X(taken).values, images.values[[4, 0, 4]]
    )
    longer = images.append(images.values[[2, 1]])
    assert_same_form(longer, X)
    again = ImageInput.from_X(longer)
    assert again.values.dtype == images.values.dtype
    np.testing.assert_array_equal(again.values, images.values[[*range(N), 2, 1]])
    if isinstance(X, list):
        assert type(longer[-1]) is type(X[0])
    if hasattr(X, "dtypes"):
        assert longer.dtypes.tolist() == X.dtypes.tolist()


# Open and stream


@pytest.mark.parametrize("form", PATHS)
def test_files_are_opened_at_the_size_asked_for(form, scans):
    images = ImageInput.from_X(PATHS[form](scans)).open(SIZE)
    expected = np.stack([read_image(path, SIZE) for path in scans])
    assert images.shape == (N, *SIZE)
    np.testing.assert_array_equal(images.gather([3, 0, 3]), expected[[3, 0, 3]])
    assert images.keys.tolist() == [content_key(image) for image in expected]


def test_files_are_padded_where_asked(scans):
    (image,) = (
        ImageInput.from_X(scans[:1]).open((8, 8), keep_aspect_ratio=True).gather([0])
    )
    np.testing.assert_array_equal(
        image, read_image(scans[0], 8, keep_aspect_ratio=True)
    )


def test_pixels_are_opened_as_they_are(stack):
    images = ImageInput.from_X(stack).open(SIZE)
    assert images.shape == (N, 4, 5)
    np.testing.assert_array_equal(images.gather([5, 1]), stack[[5, 1]])
    assert images.keys.tolist() == [content_key(image) for image in stack]
    rows = ImageInput.from_X(stack.reshape(N, -1), image_shape=(4, 5)).open(SIZE)
    np.testing.assert_array_equal(rows.keys, images.keys)


@pytest.mark.parametrize(
    ("n_rows", "sizes"),
    [(1, [1] * 6), (2, [2, 2, 2]), (3, [3, 3]), (4, [2, 4]), (5, [6]), (100, [6])],
)
def test_a_stream_gives_the_same_pixels_and_keys(n_rows, sizes, scans, monkeypatch):
    monkeypatch.setattr("cxrclf.images._grow_parts._FIRST", 2)
    whole = ImageInput.from_X(scans).open(SIZE)
    start = 0
    for rows, images in ImageInput.from_X(scans).stream(SIZE, n_rows):
        chosen = np.arange(N)[rows]
        assert chosen.tolist() == list(range(start, start + sizes.pop(0)))
        assert len(images) == len(chosen)
        np.testing.assert_array_equal(
            images.gather(np.arange(len(images))), whole.gather(chosen)
        )
        np.testing.assert_array_equal(images.keys, whole.keys[chosen])
        start = rows.stop
    assert start == N
    assert not sizes


def test_a_stream_of_pixels_is_one_part(stack):
    ((rows, images),) = ImageInput.from_X(stack).stream(SIZE, 2)
    assert rows == slice(0, N)
    np.testing.assert_array_equal(images.gather(range(N)), stack)


def test_a_stream_keeps_decoded_files_where_asked(scans, tmp_path):
    cache = tmp_path / "cache"
    padded = ImageInput.from_X(scans).stream(
        (8, 8), 4, keep_aspect_ratio=True, cache_dir=cache
    )
    (image,) = next(padded)[1].gather([1])
    np.testing.assert_array_equal(
        image, read_image(scans[1], 8, keep_aspect_ratio=True)
    )
    padded.close()
    assert list(cache.rglob("*.bin"))


def test_missing_files_are_found_before_anything_is_yielded(scans, tmp_path):
    missing = [str(tmp_path / "gone.png"), str(tmp_path / "away.png")]
    X = [*scans[:4], missing[0], scans[4], missing[1]]
    yielded = []
    with pytest.raises(ImageReadError) as caught:
        yielded.extend(ImageInput.from_X(X).stream(SIZE, 2))
    assert not yielded
    assert caught.value.failures == dict.fromkeys(missing, "no such file")


def test_a_stream_names_all_unreadable_files(scans):
    for number in (1, 4, 5):
        Path(scans[number]).write_text("no image")
    parts = ImageInput.from_X(scans).stream(SIZE, 2)
    with pytest.raises(ImageReadError) as caught:
        list(parts)
    assert list(caught.value.failures) == [scans[1], scans[4], scans[5]]
    with pytest.raises(ImageReadError) as opened:
        ImageInput.from_X(scans).open(SIZE)
    assert opened.value.failures == caught.value.failures


def test_nothing_is_yielded_after_a_failure(scans):
    Path(scans[2]).write_text("no image")
    rows = []
    with pytest.raises(ImageReadError):
        rows.extend(r.start for r, _ in ImageInput.from_X(scans).stream(SIZE, 1))
    assert rows in ([0], [0, 1])  # the next part is decoded ahead
