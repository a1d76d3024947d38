"""Bunch that the loaders of image files return."""

import re
import textwrap

import numpy as np
from sklearn.utils import Bunch

from cxrclf._utils.optional import import_optional
from cxrclf.datasets._left_out import describe_left_out

_COLUMNS = {"groups": "group"}
_SENTENCE = re.compile(r"(?<=\.) (?=[A-Z])")  # between two sentences
_WIDTH = 88  # characters per line of DESCR


def import_pandas(as_frame, reader):
    """Import pandas if `as_frame` is true, and return it or None.

    Loaders call this first: if pandas is missing, the error is raised before files are
    listed.
    """
    if not as_frame:
        return None
    return import_optional("pandas", extra="pandas", purpose=f"{reader}(as_frame=True)")


def make_image_bunch(paths, fields, description, left_out, pandas):
    """Return a Bunch of image files with further fields.

    Parameters
    ----------
    paths : list of str
        Paths of the n images.
    fields : dict of str to (array of shape (n,), dict or None)
        Attributes of the Bunch. A dict of k columns (each a list of n values) becomes
        an (n, k) array of object.
    description : str
        Attribute `DESCR`, to which a sentence about the left-out files is added. Each
        sentence gets its own line.
    left_out : dict of str to list of str
        Attribute `left_out`: paths of the left-out files, by reason.
    pandas : module or None
        If given, `data`, `target` and dicts of columns become DataFrames and Series.

    Returns
    -------
    sklearn.utils.Bunch
        Images with their fields, as documented for the loaders.
    """
    columns = {"path": paths}
    for name, values in fields.items():
        if isinstance(values, dict):
            columns |= values
        elif values is not None:
            columns[_COLUMNS.get(name, name)] = values
    frame = None if pandas is None else pandas.DataFrame(columns)
    bunch = Bunch(data=_make_table({"path": paths}, frame))
    for name, values in fields.items():
        if isinstance(values, dict):
            bunch[name] = _make_table(values, frame)
        elif name == "target":
            bunch.target = values if frame is None else frame["target"]
            bunch.target_names = sorted(set(values.tolist()))
        else:
            bunch[name] = values
    bunch.frame = frame
    bunch.DESCR = _wrap(description + describe_left_out(left_out))
    bunch.left_out = left_out
    return bunch


def _wrap(text):
    """Return a text with each sentence on its own line, or lines if it is long."""
    lines = [
        textwrap.fill(sentence, _WIDTH, break_long_words=False, break_on_hyphens=False)
        for sentence in _SENTENCE.split(text)
    ]
    return "\n".join(lines)


def _make_table(columns, frame):
    """Return columns as a DataFrame, or as an array if there is no frame."""
    if frame is not None:
        return frame[list(columns)]
    return np.array(list(zip(*columns.values(), strict=True)), dtype=object)
