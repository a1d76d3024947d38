"""Containers of images, and objects that are none."""

import io
from collections import UserDict

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from PIL import Image
from sklearn.utils import Bunch
from torch.utils.data import DataLoader, TensorDataset

from cxrclf.images import read_image
from cxrclf.images._containers import refuse_objects, to_array

STACK = np.random.default_rng(0).integers(0, 256, (6, 4, 5), dtype=np.uint8)


def png():
    buffer = io.BytesIO()
    Image.fromarray(STACK[0]).save(buffer, format="PNG")
    return buffer


def boxed(images):
    """Put arrays into an array of objects."""
    values = np.empty(len(images), dtype=object)
    for row, image in enumerate(images):
        values[row] = image
    return values


# Objects that are refused

ENCODED = {
    "bytes": (lambda: png().getvalue(), r"bytes. Pass the paths.*\(io.BytesIO\("),
    "bytearray": (lambda: bytearray(png().getvalue()), "bytes. Pass the paths"),
    "memoryview": (lambda: memoryview(png().getvalue()), "bytes. Pass the paths"),
    "bytes of a path": (lambda: b"scan.png", "use os.fsdecode"),
    "BytesIO": (png, r"an open file. Pass the paths of files, or .*read_image\("),
    "Pillow": (lambda: Image.fromarray(STACK[0]), "an image of Pillow. Pass .*convert"),
}


@pytest.mark.parametrize("kind", ENCODED)
@pytest.mark.parametrize(
    "form",
    [
        lambda value: value,
        lambda value: [value],
        lambda value: (value, value),
        lambda value: [[value]],
        lambda value: boxed([value]),
        lambda value: pd.Series([value]),
        lambda value: pd.DataFrame({"age": [40], "image": [value]}),
        lambda value: pd.DataFrame({"age": [40], "path": [value]}),
    ],
)
def test_encoded_images(kind, form):
    make, message = ENCODED[kind]
    with pytest.raises(TypeError, match=message):
        refuse_objects(form(make()))


def test_an_open_file(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(png().getvalue())
    with (
        open(path, "rb") as file,
        pytest.raises(TypeError, match="X holds an open file"),
    ):
        refuse_objects([file])


def test_an_array_of_bytes():
    with pytest.raises(TypeError, match="X holds bytes.*os.fsdecode"):
        refuse_objects(np.array([b"a.png", b"b.png"]))


@pytest.mark.parametrize("kind", ["bytes", "BytesIO", "Pillow"])
@pytest.mark.parametrize("several", [False, True])
def test_the_remedies(kind, several):
    X = ENCODED[kind][0]()
    X = [X, X] if several else X
    with pytest.raises(TypeError) as caught:
        refuse_objects(X)
    cure = str(caught.value).split("gray arrays of one size: ")[1].split(". ")[0]
    names = {"np": np, "io": io, "read_image": read_image, "X": X, "size": (7, 9)}
    decoded = eval(cure.rstrip("."), {**names, "height": 7, "width": 9})
    assert decoded.shape == (1 + several, 7, 9)


def test_a_missing_image_is_named():
    with pytest.raises(ValueError, match="X has no image in row 2 .None.*OpenCV"):
        to_array([STACK[0], STACK[1], None])


def test_a_data_set_of_pydicom():
    pydicom = pytest.importorskip("pydicom")
    for X in (pydicom.Dataset(), [pydicom.Dataset()]):
        with pytest.raises(TypeError, match="a data set of pydicom. Pass the paths"):
            refuse_objects(X)


def test_arrays_in_the_cells_of_a_frame():
    frame = pd.DataFrame({"age": range(6), "image": list(STACK)})
    with pytest.raises(TypeError, match=r"arrays in its cells. Pass np.stack\(X\["):
        refuse_objects(frame)
    assert np.stack(frame["image"]).shape == STACK.shape


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (Bunch(data=STACK, target=[0]), r"X is a Bunch. Pass X\['data'\]"),
        ({"images": STACK}, r"X is a dict. Pass X\['images'\]"),
        (UserDict(path=["a.png"]), r"Pass X\['path'\]"),
        ({"a.png": 1}, "Pass one of its values. Its keys are 'a.png'"),
        ({"a.png", "b.png"}, r"X is a set. Pass list\(X\)"),
        ((image for image in STACK), r"X is a generator. Pass list\(X\)"),
        (iter(["a.png"]), r"X is a list_iterator. Pass list\(X\)"),
        (map(str, ["a.png"]), r"X is a map. Pass list\(X\)"),
        ({"a": "a.png"}.values(), r"Pass list\(X\)"),
        (TensorDataset(torch.zeros(2, 3)), "Pass an array, or the paths of files"),
        (DataLoader(TensorDataset(torch.zeros(2, 3))), "X is a DataLoader. Pass an ar"),
        ([{"path": "a.png"}], "X holds dict objects. Pass the paths or arrays"),
        (np.ma.masked_less(STACK, 9), r"masked pixels. Pass X.filled\(0\)"),
    ],
)
def test_other_objects(X, message):
    with pytest.raises(TypeError, match=message):
        refuse_objects(X)


@pytest.mark.parametrize(
    "X",
    [
        "a.png",
        ["a.png"],
        STACK,
        STACK.tolist(),
        list(STACK),
        boxed(STACK),
        np.ma.array(STACK),
        torch.from_numpy(STACK),
        pd.Series(["a.png"]),
        pd.DataFrame({"path": ["a.png"], "image": [b"data"]}),
        pd.DataFrame(STACK.reshape(6, -1)),
        scipy.sparse.eye(3).tocsr(),
        None,
        [],
        [[]],
        np.zeros(0, object),
        pd.DataFrame({"path": []}, dtype=object),
    ],
)
def test_other_values_are_left_to_later_checks(X):
    refuse_objects(X)


# Arrays


@pytest.mark.parametrize(
    "form",
    [
        list,
        tuple,
        boxed,
        np.asarray,
        lambda stack: pd.Series(list(stack)),
        lambda stack: [image.tolist() for image in stack],
        lambda stack: boxed([image.tolist() for image in stack]),
        lambda stack: stack.astype(object),
        lambda stack: boxed([torch.from_numpy(image) for image in stack]),
        lambda stack: [torch.from_numpy(image) for image in stack],
        torch.from_numpy,
        lambda stack: torch.nn.Parameter(torch.from_numpy(stack).double()),
    ],
)
@pytest.mark.parametrize("channels", [(), (3,)])
def test_images_of_one_size(form, channels):
    stack = np.random.default_rng(1).integers(0, 256, (6, 4, 5, *channels))
    values = to_array(form(stack))
    assert values.dtype.kind in "iuf"
    np.testing.assert_array_equal(values, stack)


def test_arrays_of_objects_keep_the_type_of_their_parts():
    assert to_array(boxed(STACK)).dtype == np.uint8
    assert to_array(pd.Series(list(STACK))).dtype == np.uint8


def test_an_array_is_not_copied():
    assert to_array(STACK) is STACK
    assert np.shares_memory(to_array(torch.from_numpy(STACK)), STACK)


@pytest.mark.parametrize("form", [list, tuple, boxed, pd.Series])
@pytest.mark.parametrize("kind", [np.asarray, np.ndarray.tolist])
def test_images_of_several_sizes(form, kind):
    images = [kind(np.zeros((30 + i, 32), np.uint8)) for i in range(5)]
    message = (
        r"several sizes: \(30, 32\), \(31, 32\), \(32, 32\), \.\.\.\. Resize them to "
        r"one size and pass an array of shape \(n, H, W\)"
    )
    with pytest.raises(ValueError, match=message):
        to_array(form(images))


def test_gray_and_color_images_together():
    images = [np.zeros((8, 8)), np.zeros((8, 8, 3))]
    with pytest.raises(ValueError, match=r"several sizes: \(8, 8\), \(8, 8, 3\)\."):
        to_array(images)


def test_a_ragged_image():
    with pytest.raises(ValueError, match="X is no array of images"):
        to_array([[[1, 2], [3, 4]], [[1, 2], [3]]])


def test_a_tensor_that_numpy_does_not_convert():
    X = torch.zeros(2, 8, 8, dtype=torch.bfloat16)
    with pytest.raises(ValueError, match="a Tensor, cannot be converted.*BFloat16"):
        to_array(X)
