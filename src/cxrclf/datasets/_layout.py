"""What reading and writing folders of images have in common."""

_NOT_DATA = {"__macosx", "thumbs.db"}
_SHOWN = 5


def is_data(name):
    """Tell whether a file or folder of this name can be part of a data set."""
    return not name.startswith(".") and name.lower() not in _NOT_DATA


def some(names):
    """Return the first few of a list of names, for a message."""
    shown = ", ".join(repr(name) for name in names[:_SHOWN])
    more = len(names) - _SHOWN
    return shown if more <= 0 else f"{shown}, ... and {more} more"
