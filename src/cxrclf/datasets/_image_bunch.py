"""The form in which readers of files return what they found."""

import numpy as np
from sklearn.utils import Bunch

from cxrclf._utils.optional import import_optional

_COLUMNS = {"groups": "group"}


def pandas_for(as_frame, reader):
    """Return pandas where a frame is wanted, else None, before any reading."""
    if not as_frame:
        return None
    return import_optional("pandas", extra="pandas", purpose=f"{reader}(as_frame=True)")


def image_bunch(paths, fields, described, pandas):
    """Return a Bunch of image files and what is known of each.

    Parameters
    ----------
    paths : list of str
        The n images.
    fields : dict of str to (array of shape (n,), dict or None)
        Attributes of the Bunch; a dict of columns (each a list of n values) becomes
        an (n, k) array of object, None stays None.
    described : str
        The attribute `DESCR`.
    pandas : module or None
        Returns data, target and dicts of columns as frames and Series.
    """
    columns = {"path": paths}
    for name, values in fields.items():
        if isinstance(values, dict):
            columns |= values
        elif values is not None:
            columns[_COLUMNS.get(name, name)] = values
    frame = None if pandas is None else pandas.DataFrame(columns)
    bunch = Bunch(data=_table({"path": paths}, frame))
    for name, values in fields.items():
        if isinstance(values, dict):
            bunch[name] = _table(values, frame)
        elif name == "target":
            bunch.target = values if frame is None else frame["target"]
            bunch.target_names = sorted(set(values.tolist()))
        else:
            bunch[name] = values
    bunch.frame = frame
    bunch.DESCR = described
    return bunch


def _table(columns, frame):
    if frame is not None:
        return frame[list(columns)]
    return np.array(list(zip(*columns.values(), strict=True)), dtype=object)
