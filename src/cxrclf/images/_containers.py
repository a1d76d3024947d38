"""Convert containers of images to arrays, and refuse other objects by name."""

from collections.abc import Iterable, Iterator, Mapping, MappingView, Sequence, Set
from typing import Any

import numpy as np
from PIL import Image


def refuse_objects(X: Any, name: str = "X") -> None:
    """Raise an error that names the remedy if X is no container of images.

    Parameters
    ----------
    X : object
        Images or masks as passed by the user.
    name : str, default="X"
        Name of the argument in error messages.

    Raises
    ------
    TypeError
        If X is or holds bytes, an open file, an image of Pillow, a mapping, a set or
        an iterator, or if it is a masked array with masked values.
    """
    if hasattr(X, "toarray"):  # sparse: scikit-learn's check refuses it
        return
    _refuse_encoded(X, f"{name} is", name)
    if isinstance(X, Mapping):
        key = next((key for key in ("data", "images", "path") if key in X), None)
        cure = f"Pass {name}[{key!r}]."
        if key is None:
            keys = ", ".join(map(repr, list(X)[:5]))
            cure = f"Pass one of its values. Its keys are {keys}."
        raise TypeError(f"{name} is a {type(X).__name__}. {cure}")
    if not (isinstance(X, Sequence) or hasattr(X, "__array__")) and (
        isinstance(X, Iterable) or hasattr(X, "__getitem__")
    ):
        ends = isinstance(X, (Iterator, Set, MappingView))
        cure = f"list({name})" if ends else "an array, or the paths of files"
        raise TypeError(f"{name} is a {type(X).__name__}. Pass {cure}.")
    if np.ma.is_masked(X):
        raise TypeError(
            f"{name} is an array with masked pixels. Pass {name}.filled(0)."
        )
    for value in _first_values(X):
        _refuse_encoded(value, f"{name} holds", name)
        if hasattr(X, "columns") and np.ndim(value) > 0:
            raise TypeError(
                f"{name} is a data frame with arrays in its cells. Pass "
                f"np.stack({name}[column]) with the column of the arrays."
            )
        if isinstance(value, Mapping) and np.ndim(X) == 1:
            raise TypeError(
                f"{name} holds {type(value).__name__} objects. Pass the paths or "
                "arrays in them."
            )


def to_array(X: Any, name: str = "X") -> Any:
    """Convert X to an array, if its parts fit into one.

    Parameters
    ----------
    X : array-like
        Arrays of one shape in a list or an array of objects, a tensor, or another
        object that NumPy converts.
    name : str, default="X"
        Name of the argument in error messages.

    Returns
    -------
    ndarray or sparse matrix
        Array of numbers, or of objects if X holds other objects.

    Raises
    ------
    ValueError
        If X holds images of several shapes, or if NumPy cannot convert X.
    """
    if hasattr(X, "detach"):  # a tensor of torch, on any device
        X = X.detach().cpu()
    if hasattr(X, "toarray"):  # sparse: scikit-learn's check refuses it
        return X
    if isinstance(X, (list, tuple)) and any(value is None for value in X):
        row = next(row for row, value in enumerate(X) if value is None)
        raise ValueError(
            f"{name} has no image in row {row} (None). OpenCV returns None for a file "
            "that it cannot read. Remove the row, or pass the paths of the files."
        )
    try:
        values = np.asarray(X)
        if values.dtype == object and values.size:
            # Arrays in an array of objects, such as a Series of images.
            values = _stack(values)
    except ValueError as error:
        shapes = _find_shapes(X)
        if len(shapes) < 2:
            raise ValueError(f"{name} is no array of images: {error}.") from error
        shown = ", ".join(map(str, shapes[:3])) + (", ..." if len(shapes) > 3 else "")
        raise ValueError(
            f"{name} has images of several sizes: {shown}. Resize them to one size and "
            "pass an array of shape (n, H, W) or (n, H, W, C), or pass image files."
        ) from error
    except (TypeError, RuntimeError) as error:
        raise ValueError(
            f"{name}, a {type(X).__name__}, cannot be converted to a NumPy array "
            f"({error}). Pass an array, or {name}.float() for a tensor."
        ) from error
    return values


def _refuse_encoded(value: Any, subject: str, name: str) -> None:
    """Raise an error for a value that stands for one image in another form."""
    more = ""
    if isinstance(value, (bytes, bytearray, memoryview)):
        what, variable, decode = "bytes", "data", "read_image(io.BytesIO({}), size)"
        more = " For paths as bytes, use os.fsdecode."
    elif isinstance(value, Image.Image):
        what, variable = "an image of Pillow", "image"
        decode = 'np.asarray({}.convert("L").resize((width, height)))'
        more = " Do not convert images of 16 bits."
    elif hasattr(value, "read") and hasattr(value, "seek"):
        what, variable, decode = "an open file", "file", "read_image({}, size)"
    elif hasattr(type(value), "pixel_array"):
        raise TypeError(
            f"{subject} a data set of pydicom. Pass the paths of the files."
        )
    else:
        return
    if name == "y":
        raise TypeError(
            f"{subject} {what}. Pass the paths of mask files, or an array of shape "
            "(n, H, W)."
        )
    cure = f"{decode.format(name)}[None]"
    if subject.endswith("holds"):
        cure = f"np.stack([{decode.format(variable)} for {variable} in {name}])"
    raise TypeError(
        f"{subject} {what}. Pass the paths of files, or gray arrays of one size: "
        f"{cure}.{more}"
    )


def _first_values(X: Any) -> list:
    """Return the values of a list that may be no images, or the first ones of X."""
    if hasattr(X, "columns"):
        first = X[:1]
        return list(np.asarray(first["path"] if "path" in X.columns else first).flat)
    if isinstance(X, (list, tuple)):
        if not X or not isinstance(X[0], (list, tuple)):
            return [value for value in X if not isinstance(value, (str, np.ndarray))]
        return _first_values(X[0][:1])
    kind = getattr(getattr(X, "dtype", None), "kind", None)
    return list(np.asarray(X).flat[:1]) if kind in ("O", "S") else []


def _stack(values: np.ndarray) -> np.ndarray:
    """Convert an array of objects to an array of numbers if it holds numbers."""
    if np.ndim(values.flat[0]) == 0:
        # scikit-learn's check converts a table of objects.
        return values if values.ndim < 3 else np.array(values.tolist())
    return np.stack(list(values.flat)).reshape(*values.shape, *np.shape(values.flat[0]))


def _find_shapes(X: Any) -> list[tuple[int, ...]]:
    """Return the different shapes of the parts of X, in order."""
    shapes: dict[tuple[int, ...], None] = {}
    for value in X:
        try:
            shapes[np.shape(value)] = None
        except ValueError:
            return []
    return list(shapes)
