"""Convert containers of images to arrays, and refuse other objects by name."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from PIL import Image

_DECODE = (
    "Pass the paths of files, or decode: "
    "np.stack([read_image(io.BytesIO(data), (224, 224)) for data in X])."
)


def refuse_objects(X: Any) -> None:
    """Raise an error that names the remedy if X is no container of images.

    Parameters
    ----------
    X : object
        X as passed by the user.

    Raises
    ------
    TypeError
        If X is or holds bytes, an open file, an image of Pillow, a mapping, a set or
        an iterator, or if it is a masked array with masked values.
    """
    if hasattr(X, "toarray"):  # sparse: scikit-learn's check refuses it
        return
    _refuse_encoded(X)
    if isinstance(X, Mapping):
        key = next((key for key in ("data", "images", "path") if key in X), None)
        cure = f"Pass X[{key!r}]." if key else "Pass a list, an array or a data frame."
        raise TypeError(f"X is a {type(X).__name__}. {cure}")
    if isinstance(X, Iterable) and not hasattr(X, "__getitem__"):
        raise TypeError(f"X is a {type(X).__name__}. Pass list(X).")
    if np.ma.is_masked(X):
        raise TypeError("X is an array with masked pixels. Pass X.filled(0).")
    for value in _first_values(X):
        _refuse_encoded(value, within="X holds ")
        if isinstance(value, Mapping) and np.ndim(X) == 1:
            raise TypeError(
                f"X holds {type(value).__name__} objects. Pass the paths or arrays in "
                "them."
            )


def to_array(X: Any) -> Any:
    """Convert X to an array, if its parts fit into one.

    Parameters
    ----------
    X : array-like
        Arrays of one shape in a list or an array of objects, a tensor, or another
        object that NumPy converts.

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
    try:
        values = np.asarray(X)
        if values.dtype == object and values.size:
            # Arrays in an array of objects, such as a Series of images.
            values = _stack(values)
    except ValueError as error:
        shapes = _find_shapes(X)
        if len(shapes) < 2:
            raise ValueError(f"X is no array of images: {error}.") from error
        shown = ", ".join(map(str, shapes[:3])) + (", ..." if len(shapes) > 3 else "")
        raise ValueError(
            f"X has images of several sizes: {shown}. Resize them to one size and pass "
            "an array of shape (n, H, W) or (n, H, W, C), or pass image files."
        ) from error
    except (TypeError, RuntimeError) as error:
        raise ValueError(
            f"X, a {type(X).__name__}, cannot be converted to a NumPy array ({error}). "
            "Pass an array."
        ) from error
    return values


def _refuse_encoded(value: Any, within: str = "X is ") -> None:
    """Raise an error for a value that stands for one image in another form."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        raise TypeError(
            f"{within}bytes. {_DECODE} For paths as bytes, use os.fsdecode."
        )
    if isinstance(value, Image.Image):
        raise TypeError(
            f"{within}{'an image' if within == 'X is ' else 'images'} of Pillow. Pass "
            "the paths of files, or gray arrays of one size: "
            'np.stack([np.asarray(image.convert("L")) for image in X]).'
        )
    if hasattr(value, "read") and hasattr(value, "seek"):
        raise TypeError(
            f"{within}{'an open file' if within == 'X is ' else 'open files'}. "
            "Pass the paths of files, or decode: "
            "np.stack([read_image(file, (224, 224)) for file in X])."
        )


def _first_values(X: Any) -> list:
    """Return the first value of X, in a list or an array, or a row of a data frame."""
    if hasattr(X, "columns"):
        first = X[:1]
        return list(np.asarray(first["path"] if "path" in X.columns else first).flat)
    if isinstance(X, (list, tuple)):
        values = list(X[:1])
        while values and isinstance(values[0], (list, tuple)):
            values = list(values[0][:1])
        return values
    kind = getattr(getattr(X, "dtype", None), "kind", None)
    return list(np.asarray(X).flat[:1]) if kind in ("O", "S") else []


def _stack(values: np.ndarray) -> np.ndarray:
    """Convert an array of objects to an array of numbers if it holds numbers."""
    if np.ndim(values.flat[0]) == 0:
        # scikit-learn's check converts a table of objects.
        return values if values.ndim < 3 else np.array(values.tolist())
    return np.stack(values.ravel()).reshape(*values.shape, *np.shape(values.flat[0]))


def _find_shapes(X: Any) -> list[tuple[int, ...]]:
    """Return the different shapes of the parts of X, in order."""
    shapes: dict[tuple[int, ...], None] = {}
    for value in X:
        try:
            shapes[np.shape(value)] = None
        except ValueError:
            return []
    return list(shapes)
